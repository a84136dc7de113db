"""Posts into Slack's threads, for the deliveries of webhooks' machinery."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.client import HTTPException

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from greatwheel.channels.slack.statements import SQL
from greatwheel.channels.slack.texts import post_of
from greatwheel.channels.webhooks.port import Attempt, Outgoing
from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.tenancy.secrets import SecretStore

_HOPELESS = frozenset(
    {"channel_not_found", "is_archived", "message_not_found", "msg_too_long", "no_text", "thread_not_found"}
)
"""What Slack says that a later attempt would hear again. A token that it refuses can be replaced, and is not here."""
_BUSY = 429
_USUAL_PAUSE = 30.0
_THREADS = 8
_WORD = re.compile(r"[a-z_]{1,60}")


class SlackSender:
    """See `webhooks.port.Sender`. `url`: where Slack's API is."""

    def __init__(self, database: Database, secrets: SecretStore, *, url: str, seconds: float) -> None:
        self._database = database
        self._secrets = secrets
        self._url = url
        self._seconds = seconds
        # Of its own: what waits for Slack must not take the threads that the runtime works in.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="slack")

    async def send(self, delivery: Outgoing) -> Attempt:
        """See the port."""
        text = post_of(delivery.type, delivery.payload.get("data") or {})
        channel, _, thread = (delivery.lane or "").partition(" ")
        if text is None or not thread:
            return Attempt()  # there is nothing to say
        token = await self._token(delivery.org_id, delivery.subscription_id)
        if token is None:
            return Attempt(error="the organisation has no secret with the app's token")
        post = partial(self._post, token, channel, thread, text, delivery.delivery_id)
        return await asyncio.get_running_loop().run_in_executor(self._threads, post)

    async def _token(self, org_id: OrgId, slack_id: str) -> str | None:
        async with self._database.org(org_id) as conn:
            row = await (await conn.execute(SQL["token_secret"], {"org": org_id, "slack": slack_id})).fetchone()
            secrets = await self._secrets.reveal_all(conn, org_id)
        return None if row is None else secrets.get(row["token_secret"])

    def _post(self, token: str, channel: str, thread: str, text: str, delivery_id: str) -> Attempt:
        """Nothing is unfurled: Slack would ask addresses that an agent named."""
        client = WebClient(token=token, base_url=self._url, timeout=max(1, round(self._seconds)), retry_handlers=[])
        try:
            client.chat_postMessage(
                channel=channel,
                thread_ts=thread,
                text=text,
                unfurl_links=False,
                unfurl_media=False,
                metadata={"event_type": "greatwheel_delivery", "event_payload": {"id": delivery_id}},
            )
        except SlackApiError as error:
            return _refused(error)
        except (SlackClientError, HTTPException, OSError, ValueError) as error:
            return Attempt(error=f"Slack can't be reached: {type(error).__name__}")
        return Attempt(status=200)


def _refused(error: SlackApiError) -> Attempt:
    response = error.response
    status = getattr(response, "status_code", None)
    said = response.get("error") if hasattr(response, "get") else None
    word = said if isinstance(said, str) and _WORD.fullmatch(said) else "an error"
    if status == _BUSY or word in ("ratelimited", "rate_limited"):
        pause = _pause(getattr(response, "headers", None) or {})
        return Attempt(status=status, error="Slack asked for a pause", pause=pause, counts=False)
    return Attempt(status=status, error=f"Slack answered {word}", hopeless=word in _HOPELESS)


def _pause(headers: Mapping[str, str]) -> float:
    asked = next((value for key, value in headers.items() if key.lower() == "retry-after"), "")
    return float(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 8 else _USUAL_PAUSE
