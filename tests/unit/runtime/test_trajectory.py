"""Trajectories: written as JSON lines, read again."""

import json
from pathlib import Path
from typing import Any

import pytest

from greatwheel.core.errors import TrajectoryInvalid
from greatwheel.core.events import (
    EVENTS,
    Event,
    HostCallServed,
    HostCallStarted,
    ModelReplied,
    RunCompleted,
    RunStarted,
    StepCompleted,
    StepStarted,
    tag,
)
from greatwheel.core.ids import RunId, SessionId
from greatwheel.core.usage import Usage
from greatwheel.runtime.trajectory import TrajectoryWriter, event_line, keep_context, kept_context, read_trajectory

RUN, CHILD = RunId("run_1"), RunId("run_2")
START = RunStarted(
    run_id=RUN,
    session_id=SessionId("ses_1"),
    question="Wo? \ud800 \u2028",
    model="m",
    engine="monty",
    variables=[{"name": "context", "type": "str", "chars": 3, "sha256": "abc"}],
)
USAGE = Usage(prompt_tokens=3, completion_tokens=2, model_calls=1, host_calls=1, model_seconds=0.5)
ALL: list[Event] = [
    START,
    StepStarted(run_id=RUN, step=1, messages=[{"role": "user", "content": "hi"}], temperature=0.2, seed=7),
    ModelReplied(run_id=RUN, step=1, text="```x```", code="x", usage=USAGE),
    HostCallStarted(run_id=RUN, step=1, call=1, name="f", args=[(1, {2}), b"x"], kwargs={"k": {1: float("inf")}}),
    HostCallServed(run_id=RUN, step=1, call=1, name="f", result=(1, [None]), usage=USAGE, seconds=0.25),
    HostCallStarted(run_id=RUN, step=1, call=2, name="g", args=[], kwargs={}),
    HostCallServed(run_id=RUN, step=1, call=2, name="g", error="NotAvailable: no g", replayed=True),
    RunStarted(
        run_id=CHILD,
        session_id=SessionId("ses_2"),
        question="?",
        model="m",
        engine="monty",
        depth=1,
        parent=RUN,
        variables=[],
    ),
    HostCallStarted(run_id=CHILD, step=1, call=1, name="h", args=[], kwargs={}),
    RunCompleted(run_id=CHILD, outcome="steps", answer="", usage=USAGE, seconds=1.0, reason="why", flags=[]),
    StepCompleted(
        run_id=RUN, step=1, outcome="raised", stdout="a\n", observation="b", error="E: e", hint="h", seconds=1.5
    ),
    RunCompleted(run_id=RUN, outcome="answered", answer="Rom", usage=USAGE, seconds=2.0, flags=["not_in_data"]),
]


def written(path: Path, events: list[Event]) -> Path:
    writer = TrajectoryWriter(path)
    for event in events:
        writer(event)
    writer.close()
    return path


def test_every_event_makes_the_round_trip(tmp_path: Path) -> None:
    """What was written is what is read, for every kind of event and value."""
    assert {type(event) for event in ALL} == set(EVENTS)
    assert list(read_trajectory(written(tmp_path / "run.jsonl", ALL)).events) == ALL


def test_lines_have_tag_time_and_fields(tmp_path: Path) -> None:
    """Each line is one event as JSON, with its tag and a time; the first says what the file is."""
    lines = [json.loads(line) for line in written(tmp_path / "run.jsonl", ALL).read_text("ascii").splitlines()]
    assert lines[0] == {"type": "trajectory", "version": 1}
    assert [line["type"] for line in lines[1:]] == [tag(event) for event in ALL]
    assert all(line["at"] > 1_600_000_000 for line in lines[1:])
    assert event_line(ALL[2], 1.23456) == {
        "type": "model.replied", "at": 1.235, "run_id": "run_1", "step": 1, "text": "```x```", "code": "x",
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "model_calls": 1, "host_calls": 1, "model_seconds": 0.5},
    }  # fmt: skip


def test_each_event_is_in_the_file_at_once(tmp_path: Path) -> None:
    """A run that dies leaves all that it did until then."""
    path = tmp_path / "run.jsonl"
    writer = TrajectoryWriter(path)
    for count, event in enumerate(ALL, start=1):
        writer(event)
        assert len(path.read_text().splitlines()) == count + 1
    writer.close()


def test_a_last_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    """Wherever the last line breaks off, the events before it are read."""
    path = written(tmp_path / "run.jsonl", ALL[:3])
    whole = path.read_text()
    start = whole.rstrip("\n").rfind("\n") + 1
    for end in range(start + 1, len(whole) - 2, 7):
        path.write_text(whole[:end])
        assert list(read_trajectory(path).events) == ALL[:2]


def test_a_run_that_did_not_end(tmp_path: Path) -> None:
    """A run whose process died has no end; a child's end is not its own."""
    assert read_trajectory(written(tmp_path / "run.jsonl", ALL[:10])).end is None


def test_a_child_is_no_part_of_the_prefix(tmp_path: Path) -> None:
    """Calls and replies are those of the run itself."""
    recorded = read_trajectory(written(tmp_path / "run.jsonl", ALL))
    assert [(call.name, call.result, call.error) for call in recorded.calls()] == [
        ("f", (1, [None]), None),
        ("g", None, "NotAvailable: no g"),
    ]
    prefix = recorded.before_call(2)
    assert (sorted(prefix.calls), sorted(prefix.replies)) == ([1], [1])
    assert prefix.replies[1].code == "x"
    assert recorded.before_step(1).replies == {}


@pytest.mark.parametrize(
    "text",
    [
        "", "\n", "hello", "{}", "[]", "null", "5", '"x"', '{"type": "trajectory", "version": 1}',
        '{"type": "trajectory", "version": 2}', '{"type": "trajectory"}', '{"type": 5}', '{"type": ["x"]}',
        '{"type": "run.started"}', '{"type": "no.such", "at": 1}', "[" * 200_000, '{"type":' + "[" * 200_000,
        '{"type": "run.completed", "run_id": "r", "outcome": "answered", "answer": "", "usage": 5, "seconds": 1}',
        '{"type": "host_call.served", "run_id": "r", "step": 1, "call": 1, "name": "f", '
        '"result": {"$type": "record", "value": []}}',
        '{"type": "host_call.served", "run_id": "r", "step": 1, "call": 1, "name": "f", '
        '"result": {"$type": "set", "value": [[]]}}',
        '{"type": "host_call.served", "run_id": "r", "step": 1, "call": 1, "name": "f", '
        '"result": {"$type": "bytes", "value": "!"}}',
    ],
)  # fmt: skip
def test_other_files_are_refused(tmp_path: Path, text: str) -> None:
    """A file that is no trajectory is an error that names it."""
    path = tmp_path / "other.jsonl"
    path.write_text(text + "\n")
    with pytest.raises(TrajectoryInvalid, match=r"other\.jsonl"):
        read_trajectory(path)


def test_a_broken_line_in_the_middle_is_refused(tmp_path: Path) -> None:
    """Only the last line may be cut off; another broken line is named by its number."""
    path = written(tmp_path / "run.jsonl", ALL[:3])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], lines[2][:10], *lines[3:]]))
    with pytest.raises(TrajectoryInvalid, match="line 3"):
        read_trajectory(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    """A missing file, a folder and a binary file are errors that name them."""
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    for name in ("missing", "binary", "."):
        with pytest.raises(TrajectoryInvalid, match="can't be read"):
            read_trajectory(tmp_path / name)


@pytest.mark.parametrize("value", ["text \ud800", {"a": [1, None, float("inf")]}, ["x"] * 3, {"ü": "ß"}])
def test_contexts_are_kept_once_by_their_content(tmp_path: Path, value: Any) -> None:
    """A context is stored once under its digest and comes back as it was."""
    assert keep_context(tmp_path, value) == keep_context(tmp_path, value)
    assert len(list((tmp_path / "contexts").iterdir())) == 1
    assert kept_context(tmp_path, keep_context(tmp_path, value)) == value


def test_a_context_that_was_changed_is_refused(tmp_path: Path) -> None:
    """A kept context that has other content than its name says is an error."""
    digest, other = keep_context(tmp_path, "one"), keep_context(tmp_path, "two")
    folder = tmp_path / "contexts"
    (folder / f"{other}.json.gz").replace(folder / f"{digest}.json.gz")
    with pytest.raises(TrajectoryInvalid, match="changed"):
        kept_context(tmp_path, digest)
    with pytest.raises(TrajectoryInvalid, match="can't be read"):
        kept_context(tmp_path, other)
