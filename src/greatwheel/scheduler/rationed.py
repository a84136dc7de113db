"""Models under the organisations' limits: tokens are set aside before each call and settled after it.

As many are set aside as the call can use at most, so that no limit is passed, whatever is asked. While only what other
calls have set aside is in the way, a call waits for them.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace

from greatwheel.core.clock import Clock
from greatwheel.core.context import CallContext
from greatwheel.core.errors import LimitReached, ModelError, ModelTimeout
from greatwheel.core.ids import OrgId, TaskId, UserId
from greatwheel.database.database import Database
from greatwheel.llm.port import ChatChunk, ChatModel, ChatReply, ChatRequest
from greatwheel.llm.sizing import LONGEST_REPLY, chat_size, size_of
from greatwheel.llm.streams import opened
from greatwheel.llm.wrapper import WrapperModel
from greatwheel.scheduler import limits

REMEMBERED_SECONDS = 0.1
"""For so long an organisation without limits is taken to have none: its calls cost no look into the database."""
PATIENCE_SECONDS = 60.0
"""How long a call waits for others that have set aside what it needs."""
_PAUSES = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Between two looks; the last one stays."""


@dataclass(kw_only=True, slots=True)
class _Bill:
    """What a call used. Until it is known that is all that was set aside: the server may have done the work."""

    used: int = 0
    begun: bool = False
    """The server has begun to answer."""


class RationedModel(WrapperModel):
    """A model whose callers are held to the limits of their organisation and user.

    What is counted of a call that failed: nothing when the server refused or could not be reached; all that was set
    aside when it is not known what the server did (no answer in time, a reply that broke off or was not awaited).
    """

    def __init__(self, inner: ChatModel, database: Database, clock: Clock) -> None:
        super().__init__(inner)
        self._database = database
        self._clock = clock
        self._unlimited_until: dict[OrgId, float] = {}

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The reply.

        Raises:
            LimitReached: a hard limit would be passed; nothing was asked.
        """
        if not await self._limited(context.organisation):
            return await self._inner.chat(context, request)
        request = _bounded(request)
        async with self._rationed(context, chat_size(request).most) as bill:
            reply = await self._inner.chat(context, request)
            bill.used = reply.usage.tokens
            return reply

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The reply as it comes. Raises as `chat`."""
        if not await self._limited(context.organisation):
            async with aclosing(opened(self._inner.stream(context, request))) as chunks:
                async for chunk in chunks:
                    yield chunk
            return
        request = _bounded(request)
        async with (
            self._rationed(context, chat_size(request).most) as bill,
            aclosing(opened(self._inner.stream(context, request))) as chunks,
        ):
            async for chunk in chunks:
                bill.begun = True
                bill.used = chunk.reply.usage.tokens if chunk.reply is not None else bill.used
                yield chunk

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """The vectors; what is likely to be used for them is counted. Raises as `chat`."""
        if not await self._limited(context.organisation):
            return await self._inner.embed(context, texts)
        size = size_of(texts)
        async with self._rationed(context, size.most) as bill:
            vectors = await self._inner.embed(context, texts)
            bill.used = size.likely
            return vectors

    async def _limited(self, org_id: OrgId) -> bool:
        known, now = self._unlimited_until.get(org_id), self._clock.monotonic()
        if known is not None:
            if known > now:
                return False
            self._unlimited_until[org_id] = now + REMEMBERED_SECONDS  # one of many calls made together looks
        async with self._database.org(org_id) as conn:
            limited = await limits.has_limits(conn)
        if limited:
            self._unlimited_until.pop(org_id, None)
        else:
            self._unlimited_until[org_id] = self._clock.monotonic() + REMEMBERED_SECONDS
        return limited

    @asynccontextmanager
    async def _rationed(self, context: CallContext, tokens: int) -> AsyncIterator[_Bill]:
        spender = _Spender(TaskId(context.run_id), context.user_id)
        number = secrets.randbits(31)  # another one than calls through other models and by other workers have
        await self._reserve(context, spender, number, tokens)
        bill = _Bill(used=tokens)
        try:
            yield bill
        except ModelError as error:
            if not bill.begun and not isinstance(error, ModelTimeout):
                bill.used = 0
            raise
        finally:
            async with self._database.org(context.organisation) as conn:
                await limits.settle(conn, spender, number, bill.used)

    async def _reserve(self, context: CallContext, spender: _Spender, number: int, tokens: int) -> None:
        until, tries = self._clock.monotonic() + PATIENCE_SECONDS, 0
        while True:
            try:
                async with self._database.org(context.organisation) as conn:
                    return await limits.reserve(conn, spender, number, tokens)
            except LimitReached as error:
                if not error.held or self._clock.monotonic() > until:
                    raise
            await asyncio.sleep(_PAUSES[min(tries, len(_PAUSES) - 1)])
            tries += 1


def _bounded(request: ChatRequest) -> ChatRequest:
    """The request with a limit to its reply: without one there would be no telling what it can use."""
    return request if request.max_tokens is not None else replace(request, max_tokens=LONGEST_REPLY)


@dataclass(frozen=True, slots=True)
class _Spender:
    task_id: TaskId
    user_id: UserId
