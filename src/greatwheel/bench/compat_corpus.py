"""The corpus of blocks in `benchmarks/compat/`, and what a block did.

A corpus file is Python text in which `# %% name` begins a session's first block and `# %% +` its next one. The session
finds `context`: the text of the file beside it with the suffix `.txt`, or of `default.txt`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

Verdict: TypeAlias = Literal["pass", "gap", "silent"]

HOST_FUNCTIONS = ("llm_query", "batch_llm_query", "llm_query_batched", "rlm_query", "FINAL", "FINAL_VAR")
"""What the blocks may call."""

_MARK = re.compile(r"^# %% (.+)\n", re.MULTILINE)
_HARD = re.compile(r"\b(def|import|sort|sorted|re\.)\b")
_THREADS = re.compile(r"\b(ThreadPoolExecutor|Thread|gather)\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """Blocks that run one after another in one session."""

    name: str
    blocks: tuple[str, ...]
    context: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What one block did."""

    stdout: str
    error: str | None
    """The type of the exception that nothing caught."""
    calls: tuple[str, ...]
    """Host calls; a batch counts as its single calls."""


def load_corpus(folder: Path) -> list[Session]:
    """Every session of every file, in the order of their names."""
    sessions: list[Session] = []
    for path in sorted(folder.glob("*.py")):
        beside = path.with_suffix(".txt")
        context = (beside if beside.exists() else folder / "default.txt").read_text("utf-8")
        sessions.extend(_sessions(path, context))
    return sessions


def _sessions(path: Path, context: str) -> Iterable[Session]:
    pieces = _MARK.split(path.read_text("utf-8"))[1:]
    grouped: list[tuple[str, list[str]]] = []
    for name, block in zip(pieces[::2], pieces[1::2], strict=True):
        if name.strip() == "+":
            grouped[-1][1].append(block)
        else:
            grouped.append((name.strip(), [block]))
    for name, blocks in grouped:
        yield Session(name=f"{path.stem}: {name}", blocks=tuple(blocks), context=context)


def is_hard(block: str) -> bool:
    """Over 20 lines, with a definition, an import, a regular expression or a sort."""
    return len([line for line in block.splitlines() if line.strip()]) > 20 and bool(_HARD.search(block))


def stub_answer(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """What the stand-in for a host function answers: the same for the same arguments.

    Raises:
        RuntimeError: the prompt asks for it.
    """
    if name in {"FINAL", "FINAL_VAR"}:
        return None
    given = [*args, *kwargs.values()]
    if name in {"batch_llm_query", "llm_query_batched"}:
        return [_reply(str(prompt)) for prompt in given[0]]
    return _reply(" / ".join(str(part) for part in given))


def _reply(prompt: str) -> str:
    lowered = prompt.lower()
    if "FAIL" in prompt:
        raise RuntimeError("the model refused")
    if "yes or no" in lowered:
        return "yes, it is" if len(prompt) % 2 else "no"
    if "json" in lowered:
        return 'Sure: {"name": "Ada", "score": 7}' if "Give me" in prompt else '{"name": "Ada", "score": 7}'
    if "number" in lowered or "how many" in lowered:
        return str(len(prompt) % 10)
    return f"answer {len(prompt)}: {prompt[:24]!r}"


def call_texts(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> list[str]:
    """A host call in words, for comparison."""
    if name in {"batch_llm_query", "llm_query_batched"}:
        prompts = [*args, *kwargs.values()][0]
        return [f"llm_query({prompt!r})" for prompt in prompts]
    parts = [repr(arg) for arg in args] + [f"{key}={value!r}" for key, value in sorted(kwargs.items())]
    return [f"{name}({', '.join(parts)})"]


def judge(block: str, reference: Outcome, found: Outcome) -> Verdict:
    """How an engine's outcome compares with CPython's."""
    same_calls = reference.calls == found.calls
    if _THREADS.search(block):
        same_calls = sorted(reference.calls) == sorted(found.calls)
    if reference.error == found.error and reference.stdout == found.stdout and same_calls:
        return "pass"
    if found.error is not None and found.error != reference.error:
        return "gap"
    return "silent"
