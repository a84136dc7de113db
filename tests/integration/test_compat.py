"""The corpus of blocks that models write, on both engines, against CPython."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from greatwheel.bench.compat import Result, report, run_corpus, run_reference
from greatwheel.bench.compat_corpus import Outcome, Session, is_hard, judge, load_corpus
from greatwheel.bench.compat_docs import render_page, table_of
from greatwheel.server.composition import open_engine

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "benchmarks" / "compat"
FLOORS = {"monty": (0.99, 0), "ouros": (0.82, 31)}
"""Per engine: the least share of blocks that pass, and the most silent differences."""


@pytest.fixture(scope="module")
def corpus() -> list[Session]:
    return load_corpus(CORPUS)


@pytest.fixture(scope="module")
def reference() -> list[list[Outcome]]:
    return run_reference(CORPUS)


def test_corpus_is_large_and_readable(corpus: Sequence[Session]) -> None:
    """The corpus holds at least 350 blocks, each session under its own name."""
    assert sum(len(session.blocks) for session in corpus) >= 350
    assert len({session.name for session in corpus}) == len(corpus)


@pytest.mark.heavy
@pytest.mark.parametrize("name", sorted(FLOORS))
async def test_engine_keeps_its_pass_rate(name: str, corpus: list[Session], reference: list[list[Outcome]]) -> None:
    """The engine runs at least its floor of the blocks as CPython does, and hardly any to another result."""
    rate, silent = FLOORS[name]
    engine = open_engine(name)
    try:
        score = await run_corpus(engine, name, corpus, reference)
    finally:
        await engine.close()
    assert score.rate() >= rate, report([score])
    assert score.count("silent") <= silent, report([score])


def test_judge_tells_gaps_from_silent_differences() -> None:
    """An error of the engine's own is a gap; another result without one is a silent difference."""
    wanted = Outcome(stdout="1\n", error=None, calls=("llm_query('a')",))
    assert judge("print(1)", wanted, wanted) == "pass"
    assert judge("print(1)", wanted, Outcome(stdout="", error="TypeError", calls=())) == "gap"
    assert judge("print(1)", wanted, Outcome(stdout="2\n", error=None, calls=wanted.calls)) == "silent"
    assert judge("print(1)", wanted, Outcome(stdout="1\n", error=None, calls=())) == "silent"
    raised = Outcome(stdout="", error="KeyError", calls=())
    assert judge("d['x']", raised, Outcome(stdout="", error=None, calls=())) == "silent"


def test_hard_blocks_are_long_and_define_or_import() -> None:
    """A block is hard from its 21st line on, when it defines, imports, sorts or searches."""
    assert is_hard("import re\n" + "x = 1\n" * 20)
    assert not is_hard("import re\n" + "x = 1\n" * 19)
    assert not is_hard("x = 1\n" * 30)


def test_report_names_what_did_not_pass() -> None:
    """The report lists each gap and silent difference under its session's name."""
    from greatwheel.bench.compat import Score

    good = Outcome(stdout="1\n", error=None, calls=())
    bad = Outcome(stdout="2\n", error=None, calls=())
    result = Result(session="s: one", index=0, block="print(1)", verdict="silent", reference=good, found=bad)
    text = report([Score(engine="monty", results=(result,))])
    assert "silent  s: one [0]: '2' instead of '1'" in text


def test_page_on_the_sandbox_is_up_to_date() -> None:
    """docs/sandbox.md is what the tables in the code render to."""
    page = (ROOT / "docs" / "sandbox.md").read_text("utf-8")
    assert render_page(table_of(page)) == page
