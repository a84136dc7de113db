"""Models under the organisations' limits: tokens are set aside before each call and settled after it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

from greatwheel.core.clock import Clock
from greatwheel.core.context import CallContext
from greatwheel.core.ids import OrgId, TaskId, UserId
from greatwheel.database.database import Database
from greatwheel.llm.port import ChatChunk, ChatModel, ChatReply, ChatRequest
from greatwheel.llm.streams import opened
from greatwheel.llm.wrapper import WrapperModel
from greatwheel.scheduler import limits

REMEMBERED_SECONDS = 5.0
"""For so long an organisation without limits is taken to have none: its calls cost no look into the database."""
CHARS_PER_TOKEN = 3
"""A cautious estimate, until the server has counted."""
LONGEST_REPLY = 1_024
"""Tokens that are set aside for a reply whose request names no limit."""


class RationedModel(WrapperModel):
    """A model whose callers are held to the limits of their organisation and user."""

    def __init__(self, inner: ChatModel, database: Database, clock: Clock) -> None:
        super().__init__(inner)
        self._database = database
        self._clock = clock
        self._unlimited_until: dict[OrgId, float] = {}
        self._numbers = itertools.count(1)

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The reply.

        Raises:
            LimitReached: a hard limit would be passed; nothing was asked.
        """
        if not await self._limited(context.organisation):
            return await self._inner.chat(context, request)
        number = await self._reserve(context, request)
        used = 0
        try:
            reply = await self._inner.chat(context, request)
            used = reply.usage.tokens
            return reply
        finally:
            await self._settle(context, number, used)

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The reply as it comes. Raises as `chat`."""
        limited = await self._limited(context.organisation)
        number = await self._reserve(context, request) if limited else 0
        used = 0
        try:
            async with aclosing(opened(self._inner.stream(context, request))) as chunks:
                async for chunk in chunks:
                    used = chunk.reply.usage.tokens if chunk.reply is not None else used
                    yield chunk
        finally:
            if limited:
                await self._settle(context, number, used)

    async def _limited(self, org_id: OrgId) -> bool:
        if self._unlimited_until.get(org_id, 0.0) > self._clock.monotonic():
            return False
        async with self._database.org(org_id) as conn:
            limited = await limits.has_limits(conn)
        if not limited:
            self._unlimited_until[org_id] = self._clock.monotonic() + REMEMBERED_SECONDS
        return limited

    async def _reserve(self, context: CallContext, request: ChatRequest) -> int:
        chars = sum(len(message.content) for message in request.messages)
        tokens = chars // CHARS_PER_TOKEN + (request.max_tokens or LONGEST_REPLY)
        number = next(self._numbers)
        async with self._database.org(context.organisation) as conn:
            await limits.reserve(conn, _spender(context), number, tokens)
        return number

    async def _settle(self, context: CallContext, number: int, used: int) -> None:
        async with self._database.org(context.organisation) as conn:
            await limits.settle(conn, _spender(context), number, used)


@dataclass(frozen=True, slots=True)
class _Spender:
    task_id: TaskId
    user_id: UserId


def _spender(context: CallContext) -> _Spender:
    return _Spender(TaskId(context.run_id), context.user_id)
