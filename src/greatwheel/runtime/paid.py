"""One model call within a budget: reserved before, stopped when the time is over, settled after."""

from __future__ import annotations

import asyncio

from greatwheel.core.context import CallContext
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatModel, ChatReply, ChatRequest
from greatwheel.runtime.ledger import Ledger


async def paid_chat(
    model: ChatModel, context: CallContext, request: ChatRequest, *, ledger: Ledger, estimate: int
) -> ChatReply:
    """The model's reply; what it used is counted in the ledger, and nothing if it failed.

    Raises:
        BudgetExceeded: `estimate` tokens, a call or the time for it are not left.
    """
    held = ledger.reserve(estimate)
    used = Usage()
    try:
        async with asyncio.timeout(ledger.seconds_left) as deadline:
            reply = await model.chat(context, request)
        used = reply.usage
        return reply
    except TimeoutError as error:
        if deadline.expired():
            raise ledger.out_of_time() from error
        raise
    finally:
        ledger.settle(held, used)
