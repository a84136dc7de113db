"""Models under an organisation's limits, asked for whole replies and for streams."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

import pytest

from greatwheel.core.clock import SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.errors import LimitReached, ModelBusy, ModelRefused, ModelTimeout, ModelUnavailable
from greatwheel.core.ids import RunId
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatChunk, ChatModel, ChatReply, ChatRequest, Message
from greatwheel.llm.sizing import LONGEST_REPLY, chat_size
from greatwheel.llm.streams import opened, whole_reply
from greatwheel.scheduler import limits
from greatwheel.scheduler.rationed import REMEMBERED_SECONDS, RationedModel
from greatwheel.testing.models import ScriptedModel

from .office import Office

ASK = ChatRequest(messages=[Message(role="user", content="x" * 300)], max_tokens=100)
MOST = chat_size(ASK).most
ROOMY = 10_000


async def _rationed(office: Office, inner: ChatModel, hard: int | None) -> tuple[RationedModel, CallContext]:
    if hard is not None:
        await _limit(office, hard)
    task = await office.started()
    context = CallContext(
        session_id=task.session_id, run_id=RunId(task.task_id), organisation=task.org_id, user_id=task.user_id
    )
    return RationedModel(inner, office.database, SystemClock()), context


async def _limit(office: Office, hard: int) -> None:
    async with office.conn() as conn:
        await limits.set_limit(conn, "tokens", "day", hard=hard)


async def _counted(office: Office) -> tuple[int, int]:
    [row] = await office.rows(
        "select used, reserved from rate_limit_counters where metric = 'tokens' and period = 'day' and user_id = ''"
    )
    return row["used"], row["reserved"]


class Stuck(ScriptedModel):
    """A model that begins to answer, and goes on when it is told to."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.asked, self.go_on = asyncio.Event(), asyncio.Event()

    async def _answer(self, request: ChatRequest) -> str:
        self.asked.set()
        await self.go_on.wait()
        return "one two three"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_a_reply_is_settled_by_what_it_used(office: Office, streamed: bool) -> None:
    """Both ways the same tokens are counted, and nothing stays set aside."""
    model, context = await _rationed(office, ScriptedModel(["one two three"]), ROOMY)
    reply = await (whole_reply(model.stream(context, ASK)) if streamed else model.chat(context, ASK))
    assert await _counted(office) == (reply.usage.tokens, 0)


async def test_an_embedding_counts(office: Office) -> None:
    """Tokens are set aside for it as for a reply, and what it is likely to use is counted."""
    model, context = await _rationed(office, ScriptedModel([]), ROOMY)
    assert len(await model.embed(context, ["x" * 300, "y" * 30])) == 2
    assert await _counted(office) == (110, 0)
    with pytest.raises(LimitReached):
        await model.embed(context, ["x" * ROOMY])


@pytest.mark.parametrize("text", ["7" * 400, "\N{CJK UNIFIED IDEOGRAPH-9F98}" * 400, "\N{GRINNING FACE}" * 400])
async def test_no_text_passes_a_hard_limit(office: Office, text: str) -> None:
    """Calls made together, of texts that come down to a token for each byte, use no more than the limit allows."""

    def dear(request: ChatRequest) -> ChatReply:
        tokens = sum(len(message.content.encode()) for message in request.messages)
        return ChatReply(text="x", model="m", usage=Usage(prompt_tokens=tokens, completion_tokens=10, model_calls=1))

    ask = ChatRequest(messages=[Message(role="user", content=text)], max_tokens=10)
    hard = 3 * chat_size(ask).most
    model, context = await _rationed(office, ScriptedModel(dear), hard)
    told = await asyncio.gather(*[model.chat(context, ask) for _ in range(8)], return_exceptions=True)
    assert {type(each) for each in told} == {ChatReply, LimitReached}
    used, reserved = await _counted(office)
    assert reserved == 0
    assert hard - chat_size(ask).most < used <= hard


async def test_a_reply_without_a_limit_gets_one(office: Office) -> None:
    """Else there would be no telling what it can use; without limits of tokens it is left alone."""
    inner = ScriptedModel(lambda request: "x")
    model, context = await _rationed(office, inner, None)
    endless = replace(ASK, max_tokens=None)
    await model.chat(context, endless)
    await asyncio.sleep(REMEMBERED_SECONDS)
    await _limit(office, ROOMY)
    await model.chat(context, endless)
    assert [request.max_tokens for request in inner.requests] == [None, LONGEST_REPLY]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_a_call_is_refused_at_a_hard_limit(office: Office, streamed: bool) -> None:
    """Before the server is asked."""
    inner = ScriptedModel(["one"])
    model, context = await _rationed(office, inner, MOST - 1)
    with pytest.raises(LimitReached):
        await (whole_reply(model.stream(context, ASK)) if streamed else model.chat(context, ASK))
    assert inner.requests == []


async def test_a_limit_that_is_set_counts_soon(office: Office) -> None:
    """An organisation that had none a moment ago is refused what passes it."""
    model, context = await _rationed(office, ScriptedModel(lambda request: "x"), None)
    await model.chat(context, ASK)
    await _limit(office, 1)
    await asyncio.sleep(REMEMBERED_SECONDS)
    with pytest.raises(LimitReached):
        await model.chat(context, ASK)


async def test_a_call_waits_for_what_others_have_set_aside(office: Office) -> None:
    """It is asked when they have used less, and not refused."""
    inner = Stuck()
    model, context = await _rationed(office, inner, MOST + MOST // 2)
    first = asyncio.create_task(model.chat(context, ASK))
    await inner.asked.wait()
    second = asyncio.create_task(model.chat(context, ASK))
    await asyncio.sleep(0.1)
    assert len(inner.requests) == 1
    inner.go_on.set()
    used = (await first).usage.tokens + (await second).usage.tokens
    assert await _counted(office) == (used, 0)


async def test_calls_through_two_models_are_settled_apart(office: Office) -> None:
    """A task may ask several models at a time: each call gives back its own reservation alone."""
    inner = Stuck()
    one, context = await _rationed(office, inner, ROOMY)
    other = RationedModel(ScriptedModel(["x"]), office.database, SystemClock())
    first = asyncio.create_task(one.chat(context, ASK))
    await inner.asked.wait()
    used = (await other.chat(context, ASK)).usage.tokens
    assert await _counted(office) == (used, MOST)
    inner.go_on.set()
    used += (await first).usage.tokens
    assert await _counted(office) == (used, 0)


async def test_a_call_of_unknown_outcome_counts_whole(office: Office) -> None:
    """The server may have done the work, when its reply broke off or did not come in time, or nobody waited for it."""

    class Breaks(ScriptedModel):
        async def stream(self, context, request):  # type: ignore[no-untyped-def]
            yield ChatChunk(text="one")
            raise ModelUnavailable("broke off")

    model, context = await _rationed(office, Breaks([ModelTimeout("late")]), ROOMY)
    async with aclosing(opened(model.stream(context, ASK))) as chunks:
        assert (await anext(chunks)).text == "one"
        assert await _counted(office) == (0, MOST)
    assert await _counted(office) == (MOST, 0)
    with pytest.raises(ModelUnavailable):
        await whole_reply(model.stream(context, ASK))
    with pytest.raises(ModelTimeout):
        await model.chat(context, ASK)
    assert await _counted(office) == (3 * MOST, 0)


async def test_a_cancelled_call_counts_whole(office: Office) -> None:
    """Whoever stops waiting does not know what the server did."""
    inner = Stuck()
    model, context = await _rationed(office, inner, ROOMY)
    call = asyncio.create_task(model.chat(context, ASK))
    await inner.asked.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await _counted(office) == (MOST, 0)


@pytest.mark.parametrize("error", [ModelUnavailable("away"), ModelRefused("no"), ModelBusy("later")])
async def test_a_call_that_the_server_did_not_take_counts_nothing(office: Office, error: Exception) -> None:
    """What was set aside is given back."""
    model, context = await _rationed(office, ScriptedModel([error]), ROOMY)
    with pytest.raises(type(error)):
        await model.chat(context, ASK)
    assert await _counted(office) == (0, 0)
