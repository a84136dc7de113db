"""Models under an organisation's limits, asked for whole replies and for streams."""

from __future__ import annotations

from contextlib import aclosing

import pytest

from greatwheel.core.clock import SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.errors import LimitReached, ModelUnavailable
from greatwheel.core.ids import RunId
from greatwheel.llm.port import ChatChunk, ChatModel, ChatRequest, Message
from greatwheel.llm.streams import opened, whole_reply
from greatwheel.scheduler import limits
from greatwheel.scheduler.rationed import RationedModel
from greatwheel.testing.models import ScriptedModel

from .office import Office

ASK = ChatRequest(messages=[Message(role="user", content="x" * 300)], max_tokens=100)


async def _rationed(office: Office, inner: ChatModel, hard: int) -> tuple[RationedModel, CallContext]:
    async with office.conn() as conn:
        await limits.set_limit(conn, "tokens", "day", hard=hard)
    task = await office.started()
    context = CallContext(
        session_id=task.session_id, run_id=RunId(task.task_id), organisation=task.org_id, user_id=task.user_id
    )
    return RationedModel(inner, office.database, SystemClock()), context


async def _counted(office: Office) -> tuple[int, int]:
    [row] = await office.rows(
        "select used, reserved from rate_limit_counters where metric = 'tokens' and period = 'day' and user_id = ''"
    )
    return row["used"], row["reserved"]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_a_reply_is_settled_by_what_it_used(office: Office, streamed: bool) -> None:
    """Both ways the same tokens are counted, and nothing stays set aside."""
    model, context = await _rationed(office, ScriptedModel(["one two three"]), 1_000)
    reply = await (whole_reply(model.stream(context, ASK)) if streamed else model.chat(context, ASK))
    assert await _counted(office) == (reply.usage.tokens, 0)


async def test_a_stream_is_refused_at_a_hard_limit(office: Office) -> None:
    """Before the server is asked."""
    inner = ScriptedModel(["one"])
    model, context = await _rationed(office, inner, 150)
    with pytest.raises(LimitReached):
        await whole_reply(model.stream(context, ASK))
    assert inner.requests == []


async def test_a_stream_that_is_left_or_breaks_gives_back_what_was_set_aside(office: Office) -> None:
    """Whoever stops listening, or is left without an end, pays as for a whole reply that failed."""

    class Breaks(ScriptedModel):
        async def stream(self, context, request):  # type: ignore[no-untyped-def]
            yield ChatChunk(text="one")
            raise ModelUnavailable("broke off")

    model, context = await _rationed(office, Breaks([]), 1_000)
    async with aclosing(opened(model.stream(context, ASK))) as chunks:
        assert (await anext(chunks)).text == "one"
        assert (await _counted(office))[1] == 200
    assert await _counted(office) == (0, 0)
    with pytest.raises(ModelUnavailable):
        await whole_reply(model.stream(context, ASK))
    assert await _counted(office) == (0, 0)
