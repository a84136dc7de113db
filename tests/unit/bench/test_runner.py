"""Running a system over tasks, and the report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from greatwheel.bench.longcontext import report
from greatwheel.bench.longcontext.records import Record, append_record, latest, read_records
from greatwheel.bench.longcontext.runner import Run, run
from greatwheel.bench.longcontext.splits import DEV, HELD_OUT, JUDGED, Planned, plan
from greatwheel.bench.longcontext.systems.port import Outcome
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.pages import replaced
from greatwheel.core.errors import BadInput
from greatwheel.core.usage import Usage


class Knowing:
    """A system that knows every answer, and counts how often it was asked."""

    def __init__(self, name: str = "greatwheel", error: str = "") -> None:
        self.name = name
        self.asked: list[str] = []
        self._error = error

    async def answer(self, task: BenchTask) -> Outcome:
        self.asked.append(task.family)
        usage = Usage(prompt_tokens=90, completion_tokens=10, model_calls=2)
        return Outcome(answer=str(task.expected), usage=usage, steps=1, error=self._error)


def small(*families: str) -> list[Planned]:
    return [Planned(split="dev", family=family, seed=0, size_chars=20_000) for family in families]


def order(path: Path, minutes: float | None = None) -> Run:
    return Run(out=path, model="m", settings="as it comes", minutes=minutes)


def told(_: Record) -> None:
    """Say nothing."""


async def test_each_task_leaves_a_record(tmp_path: Path) -> None:
    """A record says what was asked, what came back, whether it is right and what it cost."""
    path = tmp_path / "deep" / "out.jsonl"
    assert await run(Knowing(), small("needle", "chain"), order(path), told) == (2, 0)
    needle, chain = read_records(path)
    assert (needle.family, chain.family) == ("needle", "chain")
    assert (needle.solved, needle.tokens, needle.model_calls) == (True, 100, 2)


async def test_tasks_with_a_record_are_not_run_again(tmp_path: Path) -> None:
    """A run that was broken off goes on where it was."""
    path = tmp_path / "out.jsonl"
    await run(Knowing(), small("needle"), order(path), told)
    again = Knowing()
    await run(again, small("needle", "chain"), order(path), told)
    assert again.asked == ["chain"]
    other = Knowing("rlms")
    await run(other, small("needle"), order(path), told)
    assert other.asked == ["needle"]


async def test_no_task_begins_after_the_minutes_are_over(tmp_path: Path) -> None:
    """The time budget leaves the rest for later."""
    assert await run(Knowing(), small("needle", "chain"), order(tmp_path / "x", minutes=-1.0), told) == (0, 2)


async def test_an_error_counts_as_a_failure_even_with_the_right_words(tmp_path: Path) -> None:
    """A system that ended with an error has not solved the task."""
    path = tmp_path / "out.jsonl"
    await run(Knowing(error="stopped"), small("unanswerable"), order(path), told)
    assert [record.solved for record in read_records(path)] == [False]


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """Records are only added to records."""
    path = tmp_path / "notes.txt"
    path.write_text("hello\n")
    with pytest.raises(BadInput, match="does not hold the records"):
        read_records(path)


def test_the_splits_share_no_family() -> None:
    """What is looked at once is never developed on."""
    assert not set(DEV) & set(HELD_OUT)
    assert len(DEV) >= 20
    assert len(set(HELD_OUT) - JUDGED) >= 5


def test_a_plan_goes_through_all_sizes_and_families() -> None:
    """Each family's tasks differ in size, from 100 thousand to 4 million characters."""
    items = [item for item in plan("dev", 5) if item.family == "needle"]
    assert {item.size_chars for item in items} == {100_000, 300_000, 1_000_000, 2_000_000, 4_000_000}
    with pytest.raises(BadInput, match="no family 'nonsense'"):
        list(plan("dev", 1, ["nonsense"]))


def some_record(tmp_path: Path, **changes: object) -> Record:
    base = Record(
        system="greatwheel", split="dev", family="needle", seed=0, size_chars=9, question="q", expected="e", answer="a",
        solved=True, error="", prompt_tokens=900, completion_tokens=100, model_calls=2, steps=1, seconds=4.0,
        model="m", settings="s", machine="box", at="2026-01-02T00:00:00+00:00",
    )  # fmt: skip
    record = replace(base, **changes)  # type: ignore[arg-type]
    append_record(tmp_path / "r.jsonl", record)
    return record


def test_the_report_sets_systems_side_by_side(tmp_path: Path) -> None:
    """Per family: solved, median tokens, calls and seconds; ratios over the tasks that both tried."""
    for seed in range(3):
        some_record(tmp_path, seed=seed)
        some_record(tmp_path, seed=seed, system="rlms", solved=False, prompt_tokens=9_900, model_calls=8, error="late")
    some_record(tmp_path, family="judge_topic", solved=False)
    text = report.section(read_records(tmp_path / "r.jsonl"))
    assert "| needle | 0/3, 10,000 tok, 8 calls, 4.0 s | 3/3, 1,000 tok, 2 calls, 4.0 s |" in text
    assert "| judge_topic (judged) | not run | 0/1, 1,000 tok, 2 calls, 4.0 s |" in text
    assert "3 tasks that both tried: 3 solved against 0; tokens per task (median) 0.10 times" in text
    assert "rlms ended with an error on 3 tasks" in text
    assert "Model m; box; 2026-01-02." in text


def test_the_last_record_of_a_task_counts(tmp_path: Path) -> None:
    """Running a task again replaces its record in the report."""
    some_record(tmp_path, solved=False)
    some_record(tmp_path, solved=True)
    assert [record.solved for record in latest(read_records(tmp_path / "r.jsonl"))] == [True]


def test_the_pages_section_is_replaced_in_place() -> None:
    """What stands around the marked section stays as it is, and writing twice changes nothing."""
    page = replaced("# Benchmarks\n\nIntro.\n", "longcontext", "old")
    page = page.replace("Intro.", "Intro changed.") + "\nAfter.\n"
    once = replaced(page, "longcontext", "new")
    assert once == replaced(once, "longcontext", "new")
    assert "old" not in once
    assert once.index("Intro changed.") < once.index("new") < once.index("After.")
