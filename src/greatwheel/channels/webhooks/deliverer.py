"""Makes the deliveries that are due: each under a lease, at least once, again with growing pauses when it failed.

pending ──claim──► sending ──2xx──► done
   ▲                 │ │
   └── failed, or ───┘ └── last attempt, or 410 ──► dead ──by hand──► pending
       lease over
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from greatwheel.channels.webhooks.port import Attempt, Outgoing, Sender, SubscriberKind
from greatwheel.channels.webhooks.statements import SQL
from greatwheel.channels.webhooks.verdicts import Verdict, verdict_of
from greatwheel.core.clock import Clock
from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.scheduler.outcomes import reason_of
from greatwheel.scheduler.retrying import Retrying

LOG = logging.getLogger("greatwheel.errands")
_FORGET_SECONDS = 3_600.0


_RETRYING = Retrying(max_attempts=15, base_seconds=5.0, cap_seconds=21_600.0)
"""About a day of attempts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DelivererSettings:
    """How deliveries are made."""

    concurrency: int = 16
    """Deliveries that one process makes at a time …"""
    each: int = 4
    """… and all processes together to one subscription."""
    lease_seconds: float = 30.0
    """After so long an attempt whose end nobody wrote is taken for lost. Longer than any attempt takes."""
    retrying: Retrying = _RETRYING


class Deliverer:
    """See the module, and `courier.Errands`."""

    def __init__(
        self,
        database: Database,
        senders: Mapping[SubscriberKind, Sender],
        clock: Clock,
        settings: DelivererSettings | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._database = database
        self._senders = senders
        self._clock = clock
        self._settings = settings or DelivererSettings()
        self._chance = chance or random.Random()
        self._under_way = 0
        self._forget_at = 0.0

    async def look(self, group: asyncio.TaskGroup, wake: asyncio.Event) -> None:
        """Begin what is due, as far as there is room; organisations share it."""
        await self._forget()
        if self._under_way >= self._settings.concurrency:
            return
        async with self._database.system() as conn:
            rows = await (await conn.execute(SQL["orgs_with_deliveries"])).fetchall()
        organisations = [OrgId(row["org_id"]) for row in rows]
        self._chance.shuffle(organisations)
        for number, org_id in enumerate(organisations):
            room = self._settings.concurrency - self._under_way
            if room <= 0:
                return
            for delivery in await self._claim(org_id, math.ceil(room / (len(organisations) - number))):
                self._under_way += 1
                group.create_task(self._deliver(delivery, wake))

    async def _claim(self, org_id: OrgId, most: int) -> list[Outgoing]:
        chosen = self._settings
        values = {"org": org_id, "each": chosen.each, "most": most, "lease": chosen.lease_seconds}
        async with self._database.org(org_id) as conn:
            rows = await (await conn.execute(SQL["claim"], values)).fetchall()
        return [Outgoing(**row) for row in rows]

    async def _deliver(self, delivery: Outgoing, wake: asyncio.Event) -> None:
        at, began = datetime.now(UTC), self._clock.monotonic()
        try:
            attempt = await self._attempt(delivery)
            seconds = self._clock.monotonic() - began
            await self._settle(delivery, attempt, at, seconds)
        except Exception as error:  # its lease ends, and it is made again
            LOG.warning("what became of delivery %s is not written", delivery.delivery_id, exc_info=error)
        finally:
            self._under_way -= 1
            wake.set()

    async def _attempt(self, delivery: Outgoing) -> Attempt:
        sender = self._senders.get(delivery.kind)
        if sender is None:
            return Attempt(error=f"this installation delivers nothing to {delivery.kind}")
        try:
            return await sender.send(delivery)
        except Exception as error:
            LOG.warning("an attempt at delivery %s failed", delivery.delivery_id, exc_info=error)
            return Attempt(error=reason_of(error))

    async def _settle(self, delivery: Outgoing, attempt: Attempt, at: datetime, seconds: float) -> None:
        verdict = verdict_of(attempt, delivery.tries, self._settings.retrying, self._chance)
        ids = {"org": delivery.org_id, "delivery": delivery.delivery_id, "subscription": delivery.subscription_id}
        told = {"attempt": delivery.attempts, "status": attempt.status, "error": attempt.error}
        async with self._database.org(delivery.org_id) as conn:
            # The subscription before its delivery, as when it is removed.
            if attempt.pause is not None:
                await conn.execute(SQL["pause"], {**ids, "seconds": verdict.delay})
            if attempt.unsubscribe:
                await conn.execute(SQL["disable"], {**ids, "reason": attempt.error})
            await conn.execute(SQL["settle"], {**ids, **told, **_written(verdict)})
            await conn.execute(SQL["log_attempt"], {**ids, **told, "at": at, "seconds": seconds})

    async def _forget(self) -> None:
        if self._clock.monotonic() < self._forget_at:
            return
        self._forget_at = self._clock.monotonic() + _FORGET_SECONDS
        async with self._database.system() as conn:
            await conn.execute(SQL["forget"])


def _written(verdict: Verdict) -> dict[str, object]:
    return {"state": verdict.state, "delay": verdict.delay, "uncounted": 0 if verdict.counts else 1}
