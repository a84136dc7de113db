"""Requests that fail for a passing reason are tried again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelBusy, ModelError, ModelUnavailable
from greatwheel.llm.port import ChatChunk, ChatModel, ChatReply, ChatRequest
from greatwheel.llm.streams import opened
from greatwheel.llm.wrapper import WrapperModel

PASSING = (ModelBusy, ModelUnavailable)
"""429, 5xx and lost connections. Any other error would come again."""

A = TypeVar("A")
R = TypeVar("R")
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How often and after which pauses."""

    attempts: int = 4
    first_wait: float = 0.5
    """Seconds before the second attempt; each further wait is twice as long, plus up to `jitter`."""
    longest_wait: float = 30.0
    """Caps the growing wait, and a wait that the server asks for."""
    jitter: float = 0.5


class RetriedModel(WrapperModel):
    """Tries again, after growing pauses or the one that the server asks for; the last error is raised.

    A stream is tried again only while none of it has been given out.
    """

    def __init__(self, inner: ChatModel, policy: RetryPolicy, sleep: Sleep = asyncio.sleep) -> None:
        super().__init__(inner)
        self._policy = policy
        self._sleep = sleep

    async def chat(self, context: CallContext, request: ChatRequest) -> ChatReply:
        """The reply of the first attempt that succeeds."""
        return await self._tried(self._inner.chat, context, request)

    async def stream(self, context: CallContext, request: ChatRequest) -> AsyncIterator[ChatChunk]:
        """The stream of the first attempt that begins."""
        chunks, first = await self._tried(self._begun, context, request)
        if first is None:
            return
        async with aclosing(chunks):
            yield first
            async for chunk in chunks:
                yield chunk

    async def _begun(
        self, context: CallContext, request: ChatRequest
    ) -> tuple[AsyncGenerator[ChatChunk, None], ChatChunk | None]:
        """A stream and its first chunk; None when it is empty."""
        chunks = opened(self._inner.stream(context, request))
        return chunks, await anext(chunks, None)

    async def embed(self, context: CallContext, texts: Sequence[str]) -> list[list[float]]:
        """The vectors of the first attempt that succeeds."""
        return await self._tried(self._inner.embed, context, texts)

    async def _tried(self, call: Callable[[CallContext, A], Awaitable[R]], context: CallContext, asked: A) -> R:
        """The machinery of retrying costs more than all else in the gate, so the first attempt goes without it."""
        failures: list[ModelError] = []
        try:
            return await call(context, asked)
        except PASSING as error:
            failures.append(error)

        async def attempt() -> R:
            if failures:
                raise failures.pop()
            return await call(context, asked)

        return await self._retrying()(attempt)

    def _retrying(self) -> AsyncRetrying:
        return AsyncRetrying(
            sleep=self._sleep,
            stop=stop_after_attempt(self._policy.attempts),
            wait=self._wait,
            retry=retry_if_exception_type(PASSING),
            retry_error_callback=_give_up,
        )

    def _wait(self, state: RetryCallState) -> float:
        asked = _error_of(state).retry_after
        if asked is not None:
            return min(asked, self._policy.longest_wait)
        policy = self._policy
        return wait_exponential_jitter(initial=policy.first_wait, max=policy.longest_wait, jitter=policy.jitter)(state)


def _error_of(state: RetryCallState) -> ModelError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, ModelError)
    return error


def _give_up(state: RetryCallState) -> None:
    """Raise the last error, with the number of attempts: the adapter's message names the server already."""
    error = _error_of(state)
    tries = f"{state.attempt_number} attempts" if state.attempt_number > 1 else "one attempt"
    raise type(error)(f"{str(error).rstrip('.')}; given up after {tries}.", retry_after=error.retry_after) from error
