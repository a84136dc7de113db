"""Tasks carried out on a real Postgres, by workers that may die at any write; models are scripted."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from greatwheel.channels.questions import open_questions
from greatwheel.core.clock import SystemClock
from greatwheel.core.errors import BadInput, LeaseLost
from greatwheel.core.tasks import Task
from greatwheel.llm.port import ChatRequest
from greatwheel.runtime import group_commit, sessions
from greatwheel.runtime.group_commit import GroupCommit
from greatwheel.runtime.journal import CallRow
from greatwheel.runtime.lifecycle import LiveSessions
from greatwheel.runtime.postgres import PostgresStore, connector
from greatwheel.testing.models import ScriptedModel

from .office import Dying, Office, nothing

CODE = """
import random, time, uuid
try:
    seen
except NameError:
    seen = []
def mail(text):
    try:
        return tool.mail(text=text)
    except InDoubt:
        return "in doubt"
def handle(task):
    seen.append(task["input"])
    marks = [random.random(), str(uuid.uuid4()), time.time()]
    parts = [llm_query(f"one {i} {marks[i % 3]}") for i in range(4)]
    first = mail(parts[0])
    parts += batch_llm_query(["two", "three"])
    parts.append(mail("again"))
    channel.send("half way")
    parts.append(llm_query("last"))
    return {"parts": parts[4:], "mail": first, "seen": seen, "marks": marks}
"""


async def test_an_agents_code_is_carried_out(office: Office) -> None:
    """Its result, its calls and its message are kept; the session's variables are there for the next task."""
    office.source = CODE
    task = await office.work(await office.submit("first"))
    assert (task.status, task.error) == ("done", None)
    assert task.result["parts"] == ["TWO", "THREE", "mail 2", "LAST"]
    again = await office.work(await office.submit("second", session_id=task.session_id))
    assert again.result["seen"] == ["first", "second"]
    async with office.database.org(office.org_id) as conn:
        events = await (await conn.execute("select type from task_events where type = 'message.sent'")).fetchall()
    assert len(events) == 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_worker_may_die_at_any_write(office: Office, after: bool) -> None:
    """Killed at each write of the group commit in turn: the same answer, no journaled call asked again, no effect
    twice; one that was cut off is reported in doubt."""
    office.source = CODE
    undisturbed = await office.work(await office.submit())
    expected = undisturbed.result
    for write in range(1, 40):
        office.outside.sent.clear()
        asked = len(office.model.requests)
        task = await office.submit()
        dying = Dying(PostgresStore(connector(office.database.url)), left=write, after=after)
        died = await _attempt_until_death(office, task, dying)
        if died:
            durable = await _journaled(office, task)
            before = [request.idempotency_key for request in office.model.requests[asked:]]
            await office.take_over(task)
            task = await office.work(task)
            anew = [request.idempotency_key for request in office.model.requests[asked + len(before) :]]
            assert not durable & set(anew)
        else:
            task = await office.get(task)
        assert task.status == "done", task.error
        _same(task.result, expected)
        assert len(set(office.outside.sent)) == len(office.outside.sent)
        if not died:
            break
    assert write > 4


async def _attempt_until_death(office: Office, task: Task, dying: Dying) -> bool:
    try:
        await office.work(task, wrap=lambda store: dying)
    except Exception:
        return True
    return (await office.get(task)).status != "done"


async def _journaled(office: Office, task: Task) -> set[str]:
    """The idempotency keys of the model calls that the journal has."""
    async with office.database.org(office.org_id) as conn:
        rows = await (
            await conn.execute(
                "select seq, name from host_calls where task_id = %s and state = 'done'", (task.task_id,)
            )
        ).fetchall()
    single = {f"{task.task_id}-{row['seq']}" for row in rows if row["name"] == "llm_query"}
    batches = {f"{task.task_id}-{row['seq']}-{i}" for row in rows if row["name"] == "batch_llm_query" for i in (0, 1)}
    return single | batches


def _same(result: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """The same, but for marks of a session's own, and calls that a crash left in doubt."""
    assert result["parts"][:2] == expected["parts"][:2]
    assert (result["mail"], result["parts"][2]) in {
        ("mail 1", "mail 2"), ("in doubt", "mail 1"), ("in doubt", "mail 2"), ("mail 1", "in doubt"),
    }  # fmt: skip
    assert result["parts"][3] == "LAST"
    assert len(result["marks"]) == 3


ASKING = """
def handle(task):
    notes = [llm_query("before")]
    notes.append(channel.ask("Go on?", choices=["yes", "no"]))
    notes.append(llm_query("between"))
    notes.append(channel.ask("Really?"))
    print(len(context) if task["context"] else 0)
    return notes + [len(context) if task["context"] else 0]
"""


@pytest.mark.parametrize("chars", [0, 2_000_000], ids=["small", "large"])
async def test_a_question_holdsnothing_until_it_is_answered(office: Office, chars: int) -> None:
    """The task waits as a row; each answer wakes it where it was, with a small context and with a large one."""
    office.source = ASKING
    context = "x" * chars if chars else None
    task = await office.work(await office.submit(context=context))
    assert task.status == "waiting"
    async with office.database.org(office.org_id) as conn:
        [question] = await open_questions(conn, office.org_id)
    assert (question.question, question.choices) == ("Go on?", ["yes", "no"])
    await office.answer(task, "yes")
    task = await office.work(task)
    assert task.status == "waiting"
    await office.answer(task, "of course")
    task = await office.work(task)
    assert task.result == ["BEFORE", "yes", "BETWEEN", "of course", chars]
    assert [request.messages[-1].content for request in office.model.requests] == ["before", "between"]


async def test_the_loop_goes_on_from_its_last_boundary(office: Office) -> None:
    """A loop that loses its worker between two steps neither asks for the first again nor forgets what it printed."""
    blocks = ["total = len(context)\nprint('so long:', total)", "print(llm_query('sure?'))\nFINAL(total)"]

    def author(request: ChatRequest) -> str:
        if request.messages[0].role != "system":
            return "SURE"
        steps = sum(message.role == "assistant" for message in request.messages[:-1])
        return f"```python\n{blocks[steps]}\n```"

    office.model = ScriptedModel(author, capabilities=frozenset())
    office.linger = 60.0  # so that only barriers write: the boundary's, then the end's
    task = await office.submit("How long is it?", context="a line\n" * 1000)
    dying = Dying(PostgresStore(connector(office.database.url)), left=2)
    assert await _attempt_until_death(office, task, dying)
    await office.take_over(task)
    asked = len(office.model.requests)
    assert (await office.get(task)).boundary is not None
    task = await office.work(task)
    assert (task.status, task.answer) == ("done", "7000")
    keys = [request.idempotency_key for request in office.model.requests]
    assert f"{task.task_id}-step-1" not in keys[asked:]


@pytest.mark.parametrize("cancelled", [False, True], ids=["its worker stops", "somebody cancels it"])
async def test_the_end_of_a_run_is_told_when_it_is_over(office: Office, commits: GroupCommit, cancelled: bool) -> None:
    """A loop whose worker stops goes on elsewhere and tells its end there; one that is cancelled tells it at once."""
    asked = asyncio.Event()

    async def author(request: ChatRequest) -> str:
        if asked.is_set():
            return "```python\ntotal = 3 + 4\nFINAL(total)\n```"
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError("it waits until it is stopped")

    office.model = ScriptedModel(author, capabilities=frozenset())
    task = await office.submit()
    runner = office.runner(commits, LiveSessions(SystemClock(), nothing))
    attempt = asyncio.create_task(office.attempt(runner, task))
    await asked.wait()
    if cancelled:
        runner.cancel(task.task_id)
    else:
        attempt.cancel()
    with pytest.raises(LeaseLost if cancelled else asyncio.CancelledError):
        await attempt
    if not cancelled:
        await office.take_over(task)
        await office.work(task)
    ends = [data for kind, data in await office.events(task) if kind == "run.completed"]
    assert [end["outcome"] for end in ends] == ["cancelled" if cancelled else "answered"]


async def test_a_checkpoint_is_a_boundary(office: Office) -> None:
    """What stands before a checkpoint is not run again: only calls after it are read from the journal."""
    office.source = """
def handle(task):
    first = llm_query("first")
    state.checkpoint()
    second = llm_query("second")
    channel.send(second)
    return [first, second]
"""
    office.linger = 60.0  # so that only barriers write: the checkpoint's, then the message's
    task = await office.submit()
    dying = Dying(PostgresStore(connector(office.database.url)), left=2)
    assert await _attempt_until_death(office, task, dying)
    await office.take_over(task)
    assert (await office.get(task)).snapshot is not None
    task = await office.work(task)
    assert task.result == ["FIRST", "SECOND"]
    assert [request.messages[-1].content for request in office.model.requests] == ["first", "second", "second"]


async def test_what_follows_a_boundary_sees_one_clock_in_all_attempts(office: Office) -> None:
    """A clock that is first read after a checkpoint shows the same when another worker goes on from there."""
    office.source = """
import time
def handle(task):
    llm_query("first")
    state.checkpoint()
    llm_query(f"at {time.time()}")
    tool.mail("then")
    return llm_query("last")
"""
    office.linger = 60.0  # so that only barriers write: the checkpoint's, the mail's, and the end's
    office.outside.repeatable = True
    task = await office.submit()
    dying = Dying(PostgresStore(connector(office.database.url)), left=3)
    assert await _attempt_until_death(office, task, dying)
    assert len(await _journaled(office, task)) == 2
    await office.take_over(task)
    task = await office.work(task)
    assert task.answer == "LAST", task.error


async def test_the_dump_of_the_last_boundary_goes_when_the_task_ends(office: Office) -> None:
    """Only what the session needs for its next task is kept, also when the last attempt made a boundary itself."""
    office.source = "def handle(task):\n    state.checkpoint()\n    return 'done'"
    task = await office.work(await office.submit())
    async with office.database.org(office.org_id) as conn:
        kept = await (await conn.execute("select digest from blobs")).fetchall()
        session = await sessions.get(conn, office.org_id, task.session_id)
    assert [row["digest"] for row in kept] == [session.snapshot]


async def test_a_task_brings_its_own_model_and_instructions(office: Office) -> None:
    """The loop says the instructions after its own prompt, in each attempt; the agent's own are for other tasks."""
    office.instructions = "Speak Latin."
    blocks = ["print(3 + 4)", "total = 3 + 4\nFINAL(total)"]
    office.model = ScriptedModel([f"```python\n{each}\n```" for each in blocks] * 2, capabilities=frozenset())
    task = await office.submit(model="other", instructions="Speak Greek.")
    dying = Dying(PostgresStore(connector(office.database.url)), left=3)
    assert await _attempt_until_death(office, task, dying)
    await office.take_over(task)
    assert (await office.work(task)).status == "done"
    said = [request.messages[0].content for request in office.model.requests]
    assert len(said) > 1
    assert all(text.endswith("\n\nSpeak Greek.") and "Latin" not in text for text in said)
    assert office.named == ["other", "other"]


GUEST_NAMING_MODELS = """
def handle(task):
    said = [llm.complete('a', model='other'), llm_query('b', model='scripted'), rlm_query('c', model='other')]
    for call in (lambda: llm_query('d', model='secret'), lambda: rlm_query('e', model='secret')):
        try:
            call()
        except Exception as error:
            said.append(str(error))
    return said
"""
REFUSAL = "ModelNotFound: There is no model 'secret' that may be named here."


async def test_a_model_that_a_guest_names_is_opened_by_the_installation(office: Office) -> None:
    """The name is not passed on to the server that the task asks; what may not be named is refused at the call."""
    office.source = GUEST_NAMING_MODELS
    assert (await office.work(await office.submit())).result == ["A", "B", "C", REFUSAL, REFUSAL]
    assert office.named == ["other", "other", "secret", "secret"]
    assert [request.model for request in office.model.requests] == [None] * 3


async def test_a_loops_model_names_models_by_the_same_rule(office: Office) -> None:
    """What a model writes in its block is no more trusted than an agent's code."""
    block = "try:\n    llm_query('a', model='secret')\nexcept Exception as error:\n    FINAL(f'I was told: {error}')"
    office.model = ScriptedModel([f"```python\n{block}\n```"], capabilities=frozenset())
    assert (await office.work(await office.submit())).answer == f"I was told: {REFUSAL}"
    assert len(office.model.requests) == 1


async def test_an_agents_instructions_are_for_tasks_without_any(office: Office) -> None:
    """An agent with code gets them with its task."""
    office.instructions = "Speak Latin."
    office.source = "def handle(task):\n    return task['instructions']"
    assert (await office.work(await office.submit())).answer == "Speak Latin."
    assert (await office.work(await office.submit(instructions="Greek \0"))).answer == "Greek \ufffd"
    assert (await office.work(await office.submit(instructions=""))).answer == ""
    with pytest.raises(BadInput, match="instructions"):
        await office.submit(instructions="x" * 20_001)


async def test_an_agents_error_is_its_result(office: Office) -> None:
    """An exception of the agent's code fails the task with its type; the worker goes on."""
    office.source = "def handle(task):\n    raise KeyError('colour')"
    task = await office.work(await office.submit())
    assert (task.status, task.error) == ("failed", "KeyError: 'colour'")


async def test_a_session_stays_in_memory_for_the_next_task(office: Office) -> None:
    """The next task takes the live session; after its eviction it is loaded, and nobody sees a difference."""
    office.source = "try:\n    count += 1\nexcept NameError:\n    count = 1\ndef handle(task):\n    return count"
    commits = GroupCommit(PostgresStore(connector(office.database.url)))
    live = LiveSessions(SystemClock(), nothing)
    runner = office.runner(commits, live)
    try:
        task = await office.submit()
        session = task.session_id
        await office.attempt(runner, task)
        assert len(live) == 1
        task = await office.submit(session_id=session)
        await office.attempt(runner, task)
        assert (await office.get(task)).result == 2
        await live.close()
        task = await office.submit(session_id=session)
        await office.attempt(runner, task)
        assert (await office.get(task)).result == 3
    finally:
        await live.close()
        await commits.close()


async def test_a_message_is_told_once_and_after_what_led_to_it(office: Office) -> None:
    """However many are sent and wherever the worker dies: none is missing, none is there twice."""
    office.source = """
def handle(task):
    for i in range(190):
        channel.send(llm_query(f"part {i}"), channel={"no": {"text"}})
    return "told"
"""
    task = await office.submit()
    office.linger = 0.001
    for after in (True, False, True):
        dying = Dying(PostgresStore(connector(office.database.url)), left=2, after=after)
        assert await _attempt_until_death(office, task, dying)
        await office.take_over(task)
    task = await office.work(task)
    assert task.answer == "told", task.error
    sent = "select data from task_events where type = 'message.sent' order by seq"
    async with office.database.org(office.org_id) as conn:
        told = await (await conn.execute(sent)).fetchall()
    assert [row["data"]["text"] for row in told] == [f"PART {i}" for i in range(190)]
    assert {row["data"]["channel"] for row in told} == {"{'no': {'text'}}"}


async def test_a_flood_of_messages_waits_for_the_database(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written behind is never more than a little: a guest can't fill the worker's memory with it."""
    monkeypatch.setattr(group_commit, "MOST_BEHIND", 300_000)
    office.linger = 60.0
    office.source = "def handle(task):\n    for i in range(20):\n        channel.send('x' * 99_000)\n    return 'done'"
    batches: list[int] = []

    class Counted(Dying):
        def commit(self, batch: Any) -> Any:
            batches.append(sum(isinstance(row, CallRow) for _, row in batch))
            return super().commit(batch)

    task = await office.submit()
    task = await office.work(task, wrap=lambda store: Counted(store, left=10**9))
    assert task.answer == "done", task.error
    assert max(batches) <= 4
    assert sum(batches) == 20
