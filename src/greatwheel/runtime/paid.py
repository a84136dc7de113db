"""One model call within a budget: reserved before, stopped when the time is over, settled after."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from greatwheel.core.context import CallContext
from greatwheel.core.errors import ModelBusy, ModelRefused, ModelUnavailable
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatModel, ChatReply, ChatRequest
from greatwheel.llm.streams import opened
from greatwheel.runtime.ledger import Ledger

Heard = Callable[[str], None]
"""Told each piece of a reply as it comes; must not block."""


async def paid_chat(
    model: ChatModel,
    context: CallContext,
    request: ChatRequest,
    *,
    ledger: Ledger,
    estimate: int,
    heard: Heard | None = None,
) -> ChatReply:
    """The model's reply; what it used is counted in the ledger, and nothing if it failed.

    With `heard` it is streamed. A stream that breaks off or is refused is asked for again as a whole, of which nothing
    is heard.

    Raises:
        BudgetExceeded: `estimate` tokens, a call or the time for it are not left.
    """
    held = ledger.reserve(estimate)
    used = Usage()
    try:
        async with asyncio.timeout(ledger.seconds_left) as deadline:
            reply = await _reply(model, context, request, heard)
        used = reply.usage
        return reply
    except TimeoutError as error:
        if deadline.expired():
            raise ledger.out_of_time() from error
        raise
    finally:
        ledger.settle(held, used)


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
