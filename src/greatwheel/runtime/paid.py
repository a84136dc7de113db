"""One model call within a budget: reserved before, stopped when the time is over, settled after."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelBusy, ModelRefused, ModelUnavailable
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatModel, ChatReply, ChatRequest
from greatwheel.llm.sizing import Size, chat_size, size_of
from greatwheel.llm.streams import opened
from greatwheel.runtime.ledger import Ledger

Heard = Callable[[str], None]
"""Told each piece of a reply as it comes; must not block."""


@dataclass(kw_only=True, slots=True)
class _Bill:
    """What a call used."""

    used: Usage = field(default_factory=Usage)


async def paid_chat(
    model: ChatModel, context: CallContext, request: ChatRequest, *, ledger: Ledger, heard: Heard | None = None
) -> ChatReply:
    """The model's reply; what it used is counted in the ledger, and nothing if it failed.

    With `heard` it is streamed. A stream that breaks off or is refused is asked for again as a whole, of which nothing
    is heard.

    Raises:
        BudgetExceeded: tokens, a call or the time for it are not left.
    """
    async with _paid(ledger, chat_size(request)) as bill:
        reply = await _reply(model, context, request, heard)
        bill.used = reply.usage
        return reply


async def paid_embed(
    model: ChatModel, context: CallContext, texts: Sequence[str], *, ledger: Ledger
) -> list[list[float]]:
    """The model's vectors. Servers are not asked what they used: its likely size is counted. Raises as `paid_chat`."""
    size = size_of(texts)
    async with _paid(ledger, size) as bill:
        vectors = await model.embed(context, texts)
        bill.used = Usage(prompt_tokens=size.likely, model_calls=1)
        return vectors


@asynccontextmanager
async def _paid(ledger: Ledger, size: Size) -> AsyncIterator[_Bill]:
    bill = _Bill()
    try:
        async with asyncio.timeout(ledger.seconds_left) as deadline:
            held = await ledger.hold(size.likely, size.most)
            try:
                yield bill
            finally:
                ledger.settle(held, bill.used)
    except TimeoutError as error:
        if deadline.expired():
            raise ledger.out_of_time() from error
        raise


async def _reply(model: ChatModel, context: CallContext, request: ChatRequest, heard: Heard | None) -> ChatReply:
    reply = None if heard is None else await _streamed(model, context, request, heard)
    return reply or await model.chat(context, request)


async def _streamed(model: ChatModel, context: CallContext, request: ChatRequest, heard: Heard) -> ChatReply | None:
    """The reply, told as it comes; None when the stream broke off or was refused."""
    reply: ChatReply | None = None
    begun = False
    try:
        async with aclosing(opened(model.stream(context, request))) as chunks:
            async for chunk in chunks:
                reply = chunk.reply or reply
                if chunk.text:
                    begun = True
                    heard(chunk.text)
    except (ModelBusy, ModelUnavailable):
        if not begun:  # then the gate has tried it as often as it tries anything
            raise
    except ModelRefused:
        pass  # there are servers that refuse to stream, or the options that come with it
    return reply
