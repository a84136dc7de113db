"""The errands that an installation's workers run for its channels."""

from __future__ import annotations

from greatwheel.channels.slack.dealing import SlackErrands
from greatwheel.channels.slack.posting import SlackSender
from greatwheel.channels.webhooks.courier import Courier
from greatwheel.channels.webhooks.deliverer import Deliverer, DelivererSettings
from greatwheel.channels.webhooks.port import Sender, SubscriberKind
from greatwheel.channels.webhooks.sending import WebhookSender
from greatwheel.core.clock import SystemClock
from greatwheel.database.database import Database
from greatwheel.scheduler.retrying import Retrying
from greatwheel.scheduler.tasks import TaskStore
from greatwheel.server.settings import Settings
from greatwheel.tenancy.sealing import Sealer
from greatwheel.tenancy.secrets import SecretStore

_BEYOND = 20.0
"""Seconds that an attempt may last beyond its own limit before another worker makes it again."""


def courier_of(
    settings: Settings, database: Database, sealer: Sealer, *, tasks: TaskStore, secrets: SecretStore
) -> Courier:
    """The loop that runs them."""
    chosen, clock = settings.webhooks, SystemClock()
    senders: dict[SubscriberKind, Sender] = {
        "webhook": WebhookSender(sealer, clock, seconds=chosen.seconds, networks=chosen.allowed),
        "slack": SlackSender(database, secrets, url=settings.slack.url, seconds=chosen.seconds),
    }
    retrying = Retrying(
        max_attempts=chosen.attempts, base_seconds=chosen.backoff_seconds, cap_seconds=chosen.backoff_most_seconds
    )
    limits = DelivererSettings(
        concurrency=chosen.concurrency, lease_seconds=chosen.seconds + _BEYOND, retrying=retrying
    )  # fmt: skip
    return Courier(database, [SlackErrands(database, tasks, clock), Deliverer(database, senders, clock, limits)])
