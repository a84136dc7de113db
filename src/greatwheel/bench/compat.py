"""How much of what language models write each engine runs as CPython does: `python -m greatwheel.bench.compat`.

Every block of `benchmarks/compat/` runs in this machine's CPython, in a process of its own, and in the engines.
Compared are standard output, the type of an uncaught exception and the host calls with their arguments. A *gap* is a
block that an engine refuses or fails; a *silent difference* is one that it runs to another result.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from greatwheel.bench.compat_corpus import (
    HOST_FUNCTIONS,
    Outcome,
    Session,
    Verdict,
    call_texts,
    is_hard,
    judge,
    load_corpus,
    stub_answer,
)
from greatwheel.bench.compat_docs import render_page
from greatwheel.core.errors import SandboxLost
from greatwheel.sandbox.port import Answer, Engine, Failed, HostCalls, Limits, Raised, Returned, SandboxSession
from greatwheel.server.composition import ENGINES, open_engine

CORPUS = Path("benchmarks/compat")
LIMITS = Limits(seconds=5.0, memory_bytes=256 * 1024 * 1024)


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One block on one engine."""

    session: str
    index: int
    block: str
    verdict: Verdict
    reference: Outcome
    found: Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """What one engine made of the corpus."""

    engine: str
    results: tuple[Result, ...]

    def count(self, verdict: Verdict, *, hard: bool = False) -> int:
        """Blocks with that verdict; with `hard`, among the hard ones."""
        return sum(each.verdict == verdict and (not hard or is_hard(each.block)) for each in self.results)

    def rate(self, *, hard: bool = False) -> float:
        """The share of blocks that pass."""
        total = sum(not hard or is_hard(each.block) for each in self.results)
        return self.count("pass", hard=hard) / total if total else 1.0


def run_reference(folder: Path) -> list[list[Outcome]]:
    """Every session's outcomes in this CPython, in a child process with fixed hashes."""
    with tempfile.TemporaryDirectory() as scratch:  # what a block writes goes with it
        done = subprocess.run(
            [sys.executable, "-m", "greatwheel.bench.cpython_reference", str(folder.resolve())],
            cwd=scratch,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
    return [
        [Outcome(stdout=stdout, error=error, calls=tuple(calls)) for stdout, error, calls in session]
        for session in json.loads(done.stdout)
    ]


async def run_corpus(
    engine: Engine, label: str, corpus: Sequence[Session], reference: Sequence[Sequence[Outcome]]
) -> Score:
    """Every block on one engine, session by session."""
    results: list[Result] = []
    for session, expected in zip(corpus, reference, strict=True):
        found = await _run_session(engine, session)
        for index, (block, want, got) in enumerate(zip(session.blocks, expected, found, strict=True)):
            verdict = judge(block, want, got)
            results.append(
                Result(session=session.name, index=index, block=block, verdict=verdict, reference=want, found=got)
            )
    return Score(engine=label, results=tuple(results))


async def _run_session(engine: Engine, session: Session) -> list[Outcome]:
    found: list[Outcome] = []
    live = await engine.open(host_functions=frozenset(HOST_FUNCTIONS), limits=LIMITS)
    try:
        await live.set("context", session.context)
        for block in session.blocks:
            found.append(await _run_block(live, block))
    except SandboxLost:
        lost = Outcome(stdout="", error="SandboxLost", calls=())
        found.extend([lost] * (len(session.blocks) - len(found)))
    finally:
        await live.close()
    return found


async def _run_block(live: SandboxSession, block: str) -> Outcome:
    calls: list[str] = []
    event = await live.run(block)
    printed = [event.stdout]
    while isinstance(event, HostCalls):
        answers: dict[int, Answer] = {}
        for call in event.calls:
            calls.extend(call_texts(call.name, call.args, call.kwargs))
            try:
                answers[call.id] = Returned(value=stub_answer(call.name, call.args, call.kwargs))
            except RuntimeError as refused:
                answers[call.id] = Failed(type="RuntimeError", message=str(refused))
        event = await live.resume(answers)
        printed.append(event.stdout)
    error = event.type if isinstance(event, Raised) else None
    return Outcome(stdout="".join(printed), error=error, calls=tuple(calls))


async def score_engines(names: Sequence[str], folder: Path, *, raw: bool = False) -> list[Score]:
    """The engines of these names, lowered; with `raw`, also Monty as it is."""
    corpus = load_corpus(folder)
    reference = run_reference(folder)
    scores: list[Score] = []
    for name in names:
        engine = open_engine(name)
        try:
            scores.append(await run_corpus(engine, name, corpus, reference))
        finally:
            await engine.close()
    if raw:
        bare = ENGINES["monty"]()
        try:
            scores.append(await run_corpus(bare, "monty without lowering", corpus, reference))
        finally:
            await bare.close()
    return scores


def report(scores: Sequence[Score], *, details: bool = True) -> str:
    """The table, and below it what did not pass."""
    lines = [f"{'engine':<24}{'blocks':>8}{'pass':>9}{'hard':>9}{'gaps':>6}{'silent':>8}"]
    for score in scores:
        lines.append(
            f"{score.engine:<24}{len(score.results):>8}{score.rate():>9.1%}{score.rate(hard=True):>9.1%}"
            f"{score.count('gap'):>6}{score.count('silent'):>8}"
        )
    for score in scores:
        if details and "without" not in score.engine:
            lines.extend(_details(score))
    return "\n".join(lines)


def _details(score: Score) -> list[str]:
    lines = [f"\n{score.engine}: what did not pass"]
    for each in score.results:
        if each.verdict == "gap":
            lines.append(
                f"  gap     {each.session} [{each.index}]: {each.found.error} instead of {each.reference.error}"
            )
        elif each.verdict == "silent":
            lines.append(f"  silent  {each.session} [{each.index}]: {_first_difference(each)}")
    return lines if len(lines) > 1 else [f"\n{score.engine}: everything passed"]


def _first_difference(result: Result) -> str:
    wanted, got = result.reference.stdout.splitlines(), result.found.stdout.splitlines()
    for want, have in zip(wanted, got, strict=False):
        if want != have:
            return f"{have[:60]!r} instead of {want[:60]!r}"
    if wanted != got:
        return f"{len(got)} lines instead of {len(wanted)}"
    if result.reference.error != result.found.error:
        return f"{result.found.error} instead of {result.reference.error}"
    return "other host calls"


def main(argv: Sequence[str] | None = None) -> int:
    """The command; 0 when monty reaches 99 % without a silent difference."""
    parser = argparse.ArgumentParser(prog="python -m greatwheel.bench.compat", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folder of blocks")
    parser.add_argument("--engine", action="append", choices=sorted(ENGINES), help="only this engine")
    parser.add_argument("--raw", action="store_true", help="also run monty without lowering")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="write the page on the sandbox to this file")
    options = parser.parse_args(argv)
    if not options.corpus.is_dir():
        print(f"There is no corpus folder {options.corpus}; run this in the project's folder.", file=sys.stderr)
        return 2
    scores = asyncio.run(score_engines(options.engine or sorted(ENGINES), options.corpus, raw=options.raw))
    print(report(scores))
    if options.docs:
        options.docs.write_text(render_page(report(scores, details=False)), "utf-8")
    monty = next((score for score in scores if score.engine == "monty"), None)
    return 0 if monty is None or (monty.rate() >= 0.99 and not monty.count("silent")) else 1


if __name__ == "__main__":
    sys.exit(main())
