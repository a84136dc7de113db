"""Forking and rewinding recorded runs: what came before is taken from the record, only the rest is paid."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from greatwheel import RLM, Completion
from greatwheel.core.errors import BadInput, ModelUnavailable, TrajectoryInvalid
from greatwheel.core.events import Event, HostCallServed, StepCompleted
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatReply
from greatwheel.runtime.record import ReplayMismatch
from greatwheel.runtime.trajectory import read_trajectory
from greatwheel.testing.models import Author, Reply, ScriptedModel

TEXT = "In May the depot was moved from Turin to Genoa.\n" + "Nothing happened on that day.\n" * 200
PLAIN: frozenset[Any] = frozenset()
PREFILL: frozenset[Any] = frozenset({"prefill"})
FIRST = "first = llm_query('one?')\nsecond = llm_query('two?')\nprint(first, second)"
SECOND = "third = llm_query('three?')\nFINAL(f'{first} {second} {third} {len(context)}')"


def scripted(replies: Iterable[Reply] | Author, capabilities: frozenset[Any] = PLAIN) -> ScriptedModel:
    return ScriptedModel(replies, capabilities=capabilities)


async def recorded(folder: Path, replies: Iterable[Reply], **options: Any) -> Completion:
    async with RLM(model=scripted(replies), trajectories=folder, **options) as rlm:
        return await rlm.acompletion(question="Where is the depot?", context=TEXT)


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A run of two steps and three host calls."""
    done = await recorded(tmp_path, [FIRST, "1", "2", SECOND, "3"])
    assert done.answer == f"1 2 3 {len(TEXT)}"
    assert done.trajectory is not None
    return done.trajectory


@pytest.mark.parametrize("engine", ["monty", "ouros"])
@pytest.mark.parametrize(
    ("point", "paid", "answer"),
    [
        ({"call": 1}, ["a", "b", SECOND, "c"], "a b c"),
        ({"call": 2}, ["b", SECOND, "c"], "1 b c"),
        ({"call": 3}, ["c"], "1 2 c"),
        ({"step": 1}, [FIRST, "a", "b", SECOND, "c"], "a b c"),
        ({"step": 2}, [SECOND, "c"], "1 2 c"),
    ],
)
async def test_a_fork_pays_only_for_its_suffix(
    path: Path, engine: str, point: dict[str, int], paid: list[str], answer: str
) -> None:
    """A fork at a call or a step asks the model only for what comes after, in a run of its own."""
    before = path.read_bytes()
    model = scripted(paid)
    events: list[Event] = []
    async with RLM(model=model, engine=engine, trajectories=path.parent, observer=events.append) as rlm:
        done = await rlm.afork(path, **point)
    assert done.answer == f"{answer} {len(TEXT)}"
    assert len(model.requests) == len(paid)
    assert done.usage.model_calls == len(paid)
    replayed = [event.call for event in events if isinstance(event, HostCallServed) and event.replayed]
    assert replayed == list(range(1, 1 + (point["call"] - 1 if "call" in point else (point["step"] - 1) * 2)))
    assert done.trajectory not in (None, path)
    assert path.read_bytes() == before


async def test_forks_of_one_run_share_its_context(path: Path) -> None:
    """However often a run is forked, its context is stored once."""
    async with RLM(model=scripted(["x", "y"]), trajectories=path.parent) as rlm:
        first = await rlm.afork(path, call=3)
        second = await rlm.afork(path, call=3)
    assert first.run_id != second.run_id
    assert len(list((path.parent / "contexts").iterdir())) == 1


async def test_a_fork_of_a_fork(path: Path) -> None:
    """A fork's trajectory is whole: it can be forked in its turn."""
    async with RLM(model=scripted(["x", "y"]), trajectories=path.parent) as rlm:
        first = await rlm.afork(path, call=3)
        assert first.trajectory is not None
        second = await rlm.afork(first.trajectory, call=3)
    assert second.answer == f"1 2 y {len(TEXT)}"


async def test_a_rewind_goes_on_in_the_run_itself_and_keeps_the_old_course(path: Path) -> None:
    """After a rewind the run's file has its new course under the same id; each old course is kept beside it."""
    run_id = read_trajectory(path).start.run_id
    courses = [path.read_bytes()]
    for word in ("x", "y"):
        async with RLM(model=scripted([word]), trajectories=path.parent) as rlm:
            done = await rlm.arewind(path, call=3)
        assert (done.trajectory, done.run_id, done.answer) == (path, run_id, f"1 2 {word} {len(TEXT)}")
        again = read_trajectory(path)
        assert {event.run_id for event in again.events} == {run_id}
        assert again.end is not None
        assert again.end.answer == done.answer
        courses.append(path.read_bytes())
    kept = [each.read_bytes() for each in path.parent.glob(f"{path.stem}.old*.jsonl")]
    assert sorted(kept) == sorted(courses[:2])
    assert len(list(path.parent.glob("*.jsonl"))) == 3


async def test_a_rewind_that_fails_leaves_the_run_as_it_was(path: Path) -> None:
    """When the new course ends with an error, the old one is still in its place."""
    before = path.read_bytes()
    async with RLM(model=scripted([ModelUnavailable("gone")]), trajectories=path.parent) as rlm:
        with pytest.raises(ModelUnavailable):
            await rlm.arewind(path, call=3)
    assert path.read_bytes() == before


async def test_a_prefix_that_takes_another_course_is_an_error(tmp_path: Path) -> None:
    """When the replayed code makes another call than the record holds, the error names both, and the run failed."""
    block = "first = llm_query('one?')\nprint(llm_query(f'{first} of {SIZE}'))"
    done = await recorded(tmp_path, [block.replace("{SIZE}", "3"), "1", "2", "FINAL(llm_query('three?'))", "Genoa"])
    assert done.trajectory is not None
    text = done.trajectory.read_text()
    done.trajectory.write_text(text.replace("1 of 3", "1 of 4"))
    events: list[Event] = []
    model = scripted(["never"])
    async with RLM(model=model, trajectories=tmp_path, observer=events.append) as rlm:
        with pytest.raises(ReplayMismatch) as raised:
            await rlm.afork(done.trajectory, call=3)
    assert "1 of 3" in str(raised.value)
    assert "1 of 4" in str(raised.value)
    assert model.requests == []
    assert getattr(events[-1], "outcome", None) == "failed"


async def test_a_run_that_died_in_a_call_goes_on_there(tmp_path: Path) -> None:
    """A run whose model server died can be forked at the call that got no answer."""
    with pytest.raises(ModelUnavailable):
        await recorded(tmp_path, [FIRST, "1", ModelUnavailable("gone")])
    [died] = tmp_path.glob("*.jsonl")
    model = scripted(["b", SECOND, "c"])
    async with RLM(model=model, trajectories=tmp_path) as rlm:
        done = await rlm.arewind(died, call=2)
    assert done.answer == f"1 b c {len(TEXT)}"
    assert len(model.requests) == 3


async def test_a_run_that_died_before_a_reply_goes_on_there(tmp_path: Path) -> None:
    """A run whose model server died when it was asked for code can be forked at that step."""
    with pytest.raises(ModelUnavailable):
        await recorded(tmp_path, [FIRST, "1", "2", ModelUnavailable("gone")])
    [died] = tmp_path.glob("*.jsonl")
    model = scripted([SECOND, "c"])
    async with RLM(model=model, trajectories=tmp_path) as rlm:
        assert (await rlm.afork(died, step=2)).answer == f"1 2 c {len(TEXT)}"


async def test_another_kind_of_model_can_go_on(tmp_path: Path) -> None:
    """A run of a model whose replies were begun for it can be forked with another kind, cut blocks too."""
    cut = ChatReply(
        text=" so.\nkept = llm_query('one?')\nprint(kept)\nrest = [1, ",
        usage=Usage(model_calls=1),
        model="m",
        finish="length",
    )
    async with RLM(model=scripted([cut, "1", "\nFINAL(kept)\n"], PREFILL), trajectories=tmp_path) as rlm:
        done = await rlm.acompletion(question="Which one?", context=TEXT)
    assert done.trajectory is not None
    assert done.answer == "1"
    for capabilities in (PLAIN, PREFILL):
        async with RLM(model=scripted(["FINAL(kept + '!')"], PLAIN), trajectories=tmp_path) as rlm:
            assert (await rlm.afork(done.trajectory, step=2)).answer == "1!", capabilities


async def test_children_are_replayed_as_one_call(tmp_path: Path) -> None:
    """A child loop is a host call of its parent: a fork after it pays for none of the child's calls."""
    blocks = [
        "found = rlm_query('Where?', 'in Genoa')\nprint(found)",
        "FINAL('Genoa, Italy'[:5])",
        "FINAL(llm_query('sure?') + found)",
        "yes",
    ]
    done = await recorded(tmp_path, blocks)
    assert done.trajectory is not None
    assert done.answer == "yesGenoa"
    model = scripted(["no"])
    async with RLM(model=model, trajectories=tmp_path) as rlm:
        assert (await rlm.afork(done.trajectory, call=2)).answer == "noGenoa"
    assert len(model.requests) == 1


async def test_failed_calls_are_replayed_as_failed(tmp_path: Path) -> None:
    """A call that failed in the record fails again in the same way in the fork."""
    block = "try:\n    memory.recall('x')\nexcept Exception as error:\n    why = len(str(error))\nprint(why)"
    done = await recorded(tmp_path, [block, "FINAL(llm_query('and?') + str(why))", "1:"])
    assert done.trajectory is not None
    async with RLM(model=scripted(["2:"]), trajectories=tmp_path) as rlm:
        again = await rlm.afork(done.trajectory, call=2)
    assert again.answer.removeprefix("2:") == done.answer.removeprefix("1:")


@pytest.mark.parametrize("point", [{}, {"call": 1, "step": 1}, {"call": 9}, {"call": 0}, {"step": 9}, {"step": 0}])
async def test_points_that_are_not_there(path: Path, point: dict[str, int]) -> None:
    """No point, two points, or one that the run does not have: an error that says what it has, and nothing is asked."""
    model = scripted([])
    async with RLM(model=model, trajectories=path.parent) as rlm:
        with pytest.raises(BadInput):
            await rlm.afork(path, **point)
    assert model.requests == []


async def test_a_run_away_from_its_context_is_an_error(path: Path, tmp_path: Path) -> None:
    """A trajectory that was moved without its context can't be forked, and one whose context was changed neither."""
    moved = tmp_path / "elsewhere" / path.name
    moved.parent.mkdir()
    shutil.copy(path, moved)
    [context] = (path.parent / "contexts").iterdir()
    async with RLM(model=scripted([])) as rlm:
        with pytest.raises(TrajectoryInvalid, match="context"):
            await rlm.afork(moved, call=1)
        context.write_bytes(b"not gzip")
        with pytest.raises(TrajectoryInvalid, match="context"):
            await rlm.afork(path, call=1)


async def test_a_fork_keeps_the_steps_it_replays(path: Path) -> None:
    """The fork's events hold the replayed steps as they were, so that its trajectory reads as a whole."""
    events: list[Event] = []
    async with RLM(model=scripted(["c"]), observer=events.append) as rlm:
        await rlm.afork(path, call=3)
    old = [event for event in read_trajectory(path).events if isinstance(event, StepCompleted)]
    new = [event for event in events if isinstance(event, StepCompleted)]
    assert [(event.step, event.outcome, event.stdout) for event in new] == [
        (event.step, event.outcome, event.stdout) for event in old
    ]
