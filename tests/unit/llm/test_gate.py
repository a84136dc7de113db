"""The gate: slots, time limits, retries and the usage total."""

import asyncio
from dataclasses import replace

import pytest

from greatwheel.core.context import CallContext
from greatwheel.core.errors import (
    BadInput,
    ModelBusy,
    ModelError,
    ModelNotFound,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
)
from greatwheel.core.ids import RunId, SessionId
from greatwheel.llm.gate import GatePolicy, gated
from greatwheel.llm.port import ChatReply, ChatRequest, Message
from greatwheel.llm.retried import RetryPolicy
from greatwheel.testing.models import ScriptedModel

CONTEXT = CallContext(session_id=SessionId("ses_1"), run_id=RunId("run_1"))
ASK = ChatRequest(messages=[Message(role="user", content="hello")])
CALM = GatePolicy(retries=RetryPolicy(attempts=4, first_wait=1.0, longest_wait=30.0, jitter=0.0))


class Pauses:
    """A sleep that only notes how long it should have been."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


@pytest.fixture
def pauses() -> Pauses:
    return Pauses()


async def test_waits_grow_between_attempts(pauses: Pauses) -> None:
    """A server that recovers is answered for, after pauses that double."""
    failures = [ModelBusy("m"), ModelUnavailable("m"), ModelUnavailable("m")]
    model = gated(ScriptedModel([*failures, "fine"]), CALM, sleep=pauses)
    assert (await model.chat(CONTEXT, ASK)).text == "fine"
    assert pauses.seconds == [1.0, 2.0, 4.0]


async def test_the_servers_pause_comes_first(pauses: Pauses) -> None:
    """Retry-After replaces the pause, up to the longest that we accept."""
    failures = [ModelBusy("m", retry_after=7.0), ModelBusy("m", retry_after=900.0)]
    model = gated(ScriptedModel([*failures, "fine"]), CALM, sleep=pauses)
    await model.chat(CONTEXT, ASK)
    assert pauses.seconds == [7.0, 30.0]


async def test_jitter_spreads_callers(pauses: Pauses) -> None:
    """Two callers that fail together don't come back at the same moment."""
    policy = GatePolicy(retries=RetryPolicy(attempts=2, first_wait=1.0, jitter=5.0))
    for _ in range(2):
        await gated(ScriptedModel([ModelBusy("m"), "fine"]), policy, sleep=pauses).chat(CONTEXT, ASK)
    first, second = pauses.seconds
    assert first != second
    assert all(1.0 <= pause <= 6.0 for pause in pauses.seconds)


@pytest.mark.parametrize("error", [ModelNotFound, ModelRefused, ModelTimeout, BadInput])
async def test_what_would_fail_again_is_not_tried_again(error: type[Exception], pauses: Pauses) -> None:
    """Only 429, 5xx and lost connections are tried again."""
    inner = ScriptedModel([error("no"), "never"])
    with pytest.raises(error, match=r"^no$"):
        await gated(inner, CALM, sleep=pauses).chat(CONTEXT, ASK)
    assert len(inner.requests) == 1
    assert pauses.seconds == []


async def test_used_up_retries_keep_the_error_and_count_the_attempts(pauses: Pauses) -> None:
    """The last error comes out as its own kind, with the server's name and the number of attempts."""
    inner = ScriptedModel([ModelUnavailable("ollama http://x can't be reached.")] * 4)
    with pytest.raises(ModelUnavailable, match=r"ollama http://x can't be reached; given up after 4 attempts"):
        await gated(inner, CALM, sleep=pauses).chat(CONTEXT, ASK)
    assert len(inner.requests) == 4


async def test_embeddings_are_tried_again_too(pauses: Pauses) -> None:
    """A busy server delays embeddings as it delays chats."""

    class BusyOnce(ScriptedModel):
        busy = True

        async def embed(self, context, texts):  # type: ignore[no-untyped-def]
            if self.busy:
                self.busy = False
                raise ModelBusy("m")
            return await super().embed(context, texts)

    assert len(await gated(BusyOnce([]), CALM, sleep=pauses).embed(CONTEXT, ["a"])) == 1
    assert pauses.seconds == [1.0]


async def test_a_stream_that_has_not_begun_is_tried_again(pauses: Pauses) -> None:
    """A failure before the first piece is hidden from the reader."""
    model = gated(ScriptedModel([ModelUnavailable("m"), "one two"]), CALM, sleep=pauses)
    chunks = [chunk async for chunk in model.stream(CONTEXT, ASK)]
    assert "".join(chunk.text for chunk in chunks) == "one two"
    assert pauses.seconds == [1.0]


async def test_a_stream_that_broke_off_is_not_repeated(pauses: Pauses) -> None:
    """After the first piece a failure comes out: the reader must not get the beginning twice."""

    class Breaks(ScriptedModel):
        async def stream(self, context, request):  # type: ignore[no-untyped-def]
            async for chunk in super().stream(context, request):
                yield chunk
                raise ModelUnavailable("broke off")

    inner = Breaks(["one two", "one two"])
    pieces = []

    async def read() -> None:
        async for chunk in gated(inner, CALM, sleep=pauses).stream(CONTEXT, ASK):
            pieces.append(chunk.text)

    with pytest.raises(ModelUnavailable, match=r"^broke off$"):
        await read()
    assert pieces == ["one"]
    assert len(inner.requests) == 1


class Crowd:
    """A reply's author that notes how many run at one time."""

    def __init__(self) -> None:
        self.running = self.most = 0

    async def __call__(self, request: ChatRequest) -> str:
        self.running += 1
        self.most = max(self.most, self.running)
        for _ in range(5):
            await asyncio.sleep(0)
        self.running -= 1
        return "fine"


async def test_no_more_run_than_there_are_slots() -> None:
    """The limit is reached and never passed, for chats and streams together."""
    crowd = Crowd()
    model = gated(ScriptedModel(crowd), GatePolicy(concurrency=3))

    async def read_stream() -> None:
        async for _ in model.stream(CONTEXT, ASK):
            pass

    await asyncio.gather(*(model.chat(CONTEXT, ASK) for _ in range(10)), *(read_stream() for _ in range(10)))
    assert crowd.most == 3


async def test_a_pause_holds_no_slot() -> None:
    """While one caller waits to try again, others use the slot."""
    paused, go_on = asyncio.Event(), asyncio.Event()

    async def sleep(seconds: float) -> None:
        paused.set()
        await go_on.wait()

    model = gated(ScriptedModel([ModelBusy("m"), "second", "first"]), GatePolicy(concurrency=1), sleep=sleep)
    waiting = asyncio.create_task(model.chat(CONTEXT, ASK))
    await paused.wait()
    assert (await model.chat(CONTEXT, ASK)).text == "second"
    go_on.set()
    assert (await waiting).text == "first"


async def test_an_abandoned_stream_gives_its_slot_back() -> None:
    """A reader that leaves early and closes the stream does not block the next caller."""
    model = gated(ScriptedModel(lambda request: "a b c"), GatePolicy(concurrency=1))
    stream = model.stream(CONTEXT, ASK)
    await anext(stream)
    await stream.aclose()  # type: ignore[attr-defined]
    async with asyncio.timeout(1):
        assert (await model.chat(CONTEXT, ASK)).text == "a b c"


async def forever(request: ChatRequest) -> str:
    await asyncio.Event().wait()
    return "never"


async def test_a_call_that_takes_too_long_is_given_up() -> None:
    """A silent server ends in a timeout that names it and the limit, and gives its slot back."""
    inner = ScriptedModel([forever, "fine"])
    model = gated(inner, GatePolicy(seconds=0.02, concurrency=1))
    with pytest.raises(ModelTimeout, match=r"scripted \(scripted\) did not answer within 0.02 seconds"):
        await model.chat(CONTEXT, ASK)
    assert (await model.chat(CONTEXT, ASK)).text == "fine"


async def test_a_stream_that_takes_too_long_is_given_up() -> None:
    """A stream's time counts from its start."""
    with pytest.raises(ModelTimeout):
        async for _ in gated(ScriptedModel([forever]), GatePolicy(seconds=0.02)).stream(CONTEXT, ASK):
            pass


async def test_a_slow_reader_is_not_cut_off_while_it_works() -> None:
    """The deadline strikes in the server's time, never inside the reader's own code."""
    model = gated(ScriptedModel(["one two"]), GatePolicy(seconds=0.02))
    pieces = []
    async for chunk in model.stream(CONTEXT, ASK):
        await asyncio.sleep(0.05)
        pieces.append(chunk.text)
    assert "".join(pieces) == "one two"


async def test_waiting_for_a_slot_is_not_counted() -> None:
    """A call that had to queue longer than the time limit is still answered."""

    async def slowly(request: ChatRequest) -> str:
        await asyncio.sleep(0.05)
        return "fine"

    model = gated(ScriptedModel(slowly), GatePolicy(seconds=0.15, concurrency=1))
    replies = await asyncio.gather(*(model.chat(CONTEXT, ASK) for _ in range(6)))
    assert [reply.text for reply in replies] == ["fine"] * 6


async def test_usage_adds_up(pauses: Pauses) -> None:
    """The total has every reply of chats and streams, once, and nothing of failed attempts."""
    replies: list[str | ModelError] = [ModelBusy("m"), "12345678", "1234"]
    model = gated(ScriptedModel(replies), CALM, sleep=pauses)
    await model.chat(CONTEXT, ASK)
    async for _ in model.stream(CONTEXT, ASK):
        pass
    assert model.usage.model_calls == 2
    assert model.usage.completion_tokens == 3
    assert model.usage.prompt_tokens == 4


async def test_the_gate_keeps_the_servers_face() -> None:
    """Name, model, capabilities and window are those of the server, and closing closes it."""
    inner = ScriptedModel(["x"], model="m", capabilities=frozenset({"prefill"}), window=77)
    model = gated(inner)
    assert (model.name, model.model, model.window) == (inner.name, "m", 77)
    assert model.capabilities == {"prefill"}
    await model.close()
    assert inner.closed


async def test_a_cancelled_call_frees_its_slot() -> None:
    """Ctrl-C in one call leaves the gate usable."""
    model = gated(ScriptedModel([forever, "fine"]), GatePolicy(concurrency=1))
    call = asyncio.create_task(model.chat(CONTEXT, replace(ASK)))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    reply: ChatReply = await model.chat(CONTEXT, ASK)
    assert reply.text == "fine"
