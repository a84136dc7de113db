"""Runs blocks twice: lowered in a real Monty worker, and as they are in CPython."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pydantic_monty
import pytest

from greatwheel.sandbox.lowering import guest
from greatwheel.sandbox.lowering.pipeline import Refused, lower
from greatwheel.sandbox.lowering.state import State

SEPARATOR = "\n# next block\n"


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a program showed."""

    stdout: str
    error: str
    calls: tuple[tuple[tuple[Any, ...], tuple[tuple[str, Any], ...]], ...]


class Host:
    """`llm_query` of both sides."""

    def __init__(self) -> None:
        self.calls: list[tuple[tuple[Any, ...], tuple[tuple[str, Any], ...]]] = []

    def llm_query(self, *args: Any, **kwargs: Any) -> str:
        """An answer that tells what was asked."""
        self.calls.append((args, tuple(sorted(kwargs.items()))))
        return f"<{args[0]}>"


def in_cpython(code: str) -> Seen:
    """The blocks in one CPython namespace."""
    host, out, error = Host(), io.StringIO(), ""
    scope: dict[str, Any] = {"__name__": "__main__", "llm_query": host.llm_query}
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            for block in code.split(SEPARATOR):
                exec(compile(block, "block", "exec"), scope)  # noqa: S102  # the tests own blocks
    except BaseException as raised:
        error = type(raised).__name__
    return Seen(stdout=out.getvalue(), error=error, calls=tuple(host.calls))


def in_monty(pool: pydantic_monty.Monty, code: str) -> Seen:
    """The blocks, lowered, in one Monty session."""
    host, out, error = Host(), [], ""
    state = State(engine="monty", host_names=("llm_query",))
    with pool.checkout() as session:

        def run(source: str) -> None:
            session.feed_run(
                source,
                external_lookup={"llm_query": host.llm_query},
                print_callback=lambda stream, text: out.append(text) if stream == "stdout" else None,
            )

        run(guest.source("core"))
        try:
            for block in code.split(SEPARATOR):
                lowered = lower(block, state)
                if isinstance(lowered, Refused):
                    return Seen(stdout="".join(out), error=lowered.type, calls=tuple(host.calls))
                for setup in lowered.setups:
                    run(setup.source)
                    state.loaded.add(setup.name)
                run(lowered.source)
        except pydantic_monty.MontyRuntimeError as raised:
            error = type(raised.exception()).__name__
            last = session.feed_run("_gw_last")
            if last is not None and last[1] == str(raised.exception()):
                error = last[0]
    return Seen(stdout="".join(out), error=error, calls=tuple(host.calls))


@pytest.fixture(scope="session")
def pool() -> Iterator[pydantic_monty.Monty]:
    """One Monty worker for all tests of a process."""
    with pydantic_monty.Monty(max_processes=1) as found:
        yield found


@pytest.fixture
def both(pool: pydantic_monty.Monty) -> Callable[[str], tuple[Seen, Seen]]:
    """What a program shows in lowered Monty, and in CPython."""
    return lambda code: (in_monty(pool, code), in_cpython(code))
