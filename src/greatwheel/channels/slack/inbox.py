"""Takes Slack's events in: checked, kept, acknowledged. What is to be done about them comes later (`dealing`)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from psycopg.types.json import Jsonb
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier

from greatwheel.channels.slack.events import message_of
from greatwheel.channels.slack.statements import SQL
from greatwheel.core.clock import Clock
from greatwheel.core.errors import BadInput, SignatureRefused
from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.database.storable import storable, storable_text
from greatwheel.tenancy.secrets import SecretStore

_NOBODYS = "nobody's signing secret"
"""What is checked where there is no app: the refusal takes as long."""
_LONGEST_ID = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Envelope:
    """A request of Slack whose signature was right."""

    org_id: OrgId
    slack_id: str
    body: Mapping[str, Any]

    @property
    def challenge(self) -> str | None:
        """What Slack wants to hear back when the URL is set up."""
        given = self.body.get("challenge")
        return given if self.body.get("type") == "url_verification" and isinstance(given, str) else None


class Inbox:
    """See the module."""

    def __init__(self, database: Database, secrets: SecretStore, clock: Clock) -> None:
        self._database = database
        self._secrets = secrets
        self._clock = clock

    async def check(self, slack_id: str, headers: Mapping[str, str], body: bytes) -> Envelope:
        """The request, if it is Slack's. `headers`: names in lower case.

        Raises:
            SignatureRefused: its signature is not right or too old, or there is no such app: nobody can tell which.
            BadInput: it is signed, but no JSON object.
        """
        async with self._database.system() as conn:
            row = await (await conn.execute(SQL["find_app"], {"slack": storable_text(slack_id)})).fetchone()
        secret = _NOBODYS if row is None else await self._secret(row["org_id"], row["signing_secret"])
        right = _is_signed(secret or _NOBODYS, self._clock, headers, body)
        if row is None or secret is None or not right:
            raise SignatureRefused
        return Envelope(org_id=row["org_id"], slack_id=row["slack_id"], body=_parsed(body))

    async def take(self, envelope: Envelope) -> None:
        """Keep what is to be dealt with: a second time it changes nothing."""
        event = envelope.body.get("event_id")
        if not isinstance(event, str) or not 0 < len(event) <= _LONGEST_ID:
            return
        message = message_of(envelope.body)
        if message is None:
            return
        values = {
            "org": envelope.org_id, "slack": envelope.slack_id, "event": storable_text(event),
            "body": Jsonb(storable(asdict(message))),
        }  # fmt: skip
        async with self._database.org(envelope.org_id) as conn:
            await conn.execute(SQL["keep_event"], values)
            await conn.execute(SQL["wake"])

    async def _secret(self, org_id: OrgId, name: str) -> str | None:
        async with self._database.org(org_id) as conn:
            return (await self._secrets.reveal_all(conn, org_id)).get(name)


class _OurClock(SlackClock):
    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now()


def _is_signed(secret: str, clock: Clock, headers: Mapping[str, str], body: bytes) -> bool:
    verifier = SignatureVerifier(secret, _OurClock(clock))
    at, signature = headers.get("x-slack-request-timestamp"), headers.get("x-slack-signature")
    try:
        return verifier.is_valid(body, at, signature)
    except (ValueError, TypeError):  # a time that is no number, a body or a signature that is no text
        return False


def _parsed(body: bytes) -> Mapping[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise BadInput("The event is no JSON object.")
    return parsed
