"""`greatwheel exec`: run a file of Python in a sandbox.

A file is one block, or several that are separated by lines which begin with `# %%`; all run in one session, the first
that fails is the last. With `--json` one object is printed at the end:

    {"blocks": [{"outcome": "finished" | "raised" | "limit" | "final" | "lost", "stdout": "…",
                 "error": null | {"type", "message", "traceback", "limit"}}],
     "final": …, "exit_code": 0}
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import typer

from greatwheel.core.errors import BadInput, ContextInvalid, SandboxLost
from greatwheel.sandbox.port import (
    Answer,
    Engine,
    Event,
    Failed,
    HostCall,
    HostCalls,
    LimitName,
    Limits,
    Raised,
    Record,
    Returned,
    SandboxSession,
)
from greatwheel.sandbox.prelude import HOST_FUNCTIONS
from greatwheel.server.composition import open_engine

Outcome: TypeAlias = Literal["finished", "raised", "limit", "final", "lost"]
EXIT_CODES: Mapping[Outcome, int] = {"finished": 0, "final": 0, "raised": 1, "limit": 3, "lost": 4}

_SEPARATOR = re.compile(r"(?m)^# %%.*$\n?")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True, kw_only=True, slots=True)
class BlockResult:
    """How a block ended."""

    outcome: Outcome
    stdout: str = ""
    type: str = ""
    message: str = ""
    traceback: str = ""
    limit: LimitName | None = None
    final: Any = None

    def to_json(self) -> dict[str, Any]:
        """The block's part of the printed object."""
        error = {"type": self.type, "message": self.message, "traceback": self.traceback, "limit": self.limit}
        return {"outcome": self.outcome, "stdout": self.stdout, "error": error if self.type else None}


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What is to be run, and with what."""

    blocks: tuple[str, ...]
    engine: str
    limits: Limits
    answers: Mapping[str, Any] = field(default_factory=dict)
    context: str | None = None


def exec_command(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="A Python file, or - for standard input.")],
    engine: Annotated[str, typer.Option(help="The sandbox: monty or ouros.")] = "monty",
    seconds: Annotated[float, typer.Option(min=0.01, help="Execution time of one block.")] = 10.0,
    memory: Annotated[int, typer.Option(min=1_000_000, help="Memory of the session, in bytes.")] = 512 * 1024 * 1024,
    context: Annotated[Path | None, typer.Option(help="A text file to bind to the variable `context`.")] = None,
    answers: Annotated[
        Path | None, typer.Option(help="A JSON object, host function's name → what a call of it returns.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object at the end.")] = False,
) -> None:
    """Run Python in a sandbox; lines of `# %%` separate blocks.

    Exit code: 0 finished, 1 the program raised, 2 bad input, 3 a limit stopped it, 4 the sandbox was lost.
    """
    order = Order(
        blocks=split_blocks(_read_code(file)),
        engine=engine,
        limits=Limits(seconds=seconds, memory_bytes=memory),
        answers={} if answers is None else _read_answers(answers),
        context=None if context is None else _read_context(context),
    )
    show = _Silent() if as_json else _Terminal()
    results = asyncio.run(_execute(order, show.print))
    code = EXIT_CODES[results[-1].outcome]
    if as_json:
        final = next((result.final for result in results if result.outcome == "final"), None)
        told = {"blocks": [result.to_json() for result in results], "final": final, "exit_code": code}
        print(json.dumps(told, default=_as_json))
    else:
        show.end(results[-1])
    raise typer.Exit(code)


def split_blocks(code: str) -> tuple[str, ...]:
    """The blocks of a file, each with the line numbers that it has there; empty ones are left out."""
    blocks: list[str] = []
    start = 0
    for mark in [*_SEPARATOR.finditer(code), None]:
        end = mark.start() if mark else len(code)
        if code[start:end].strip():
            blocks.append("\n" * code.count("\n", 0, start) + code[start:end])
        start = mark.end() if mark else end
    return tuple(blocks) or ("",)


async def _execute(order: Order, show: Callable[[str], None]) -> list[BlockResult]:
    engine = open_engine(order.engine)
    try:
        return await _run_session(engine, order, show)
    finally:
        await engine.close()


async def _run_session(engine: Engine, order: Order, show: Callable[[str], None]) -> list[BlockResult]:
    extra = frozenset(name for name in order.answers if name.isidentifier()) - HOST_FUNCTIONS
    session = await engine.open(host_functions=extra, limits=order.limits)
    results: list[BlockResult] = []
    try:
        if order.context is not None:
            await session.set("context", order.context)
        for code in order.blocks:
            results.append(await _run_block(session, code, order.answers, show))
            if results[-1].outcome != "finished":
                break
        return results
    finally:
        await session.close()


async def _run_block(
    session: SandboxSession, code: str, answers: Mapping[str, Any], show: Callable[[str], None]
) -> BlockResult:
    stdout: list[str] = []

    def printed(event: Event) -> Event:
        stdout.append(event.stdout)
        show(event.stdout)
        return event

    try:
        event = printed(await session.run(code))
        while isinstance(event, HostCalls):
            final = next((call for call in event.calls if call.name == "FINAL"), None)
            if final is not None:
                value = final.args[0] if final.args else final.kwargs.get("answer")
                return BlockResult(outcome="final", stdout="".join(stdout), final=value)
            event = printed(await session.resume({call.id: _answer(call, answers) for call in event.calls}))
    except SandboxLost as error:
        return BlockResult(outcome="lost", stdout="".join(stdout), type="SandboxLost", message=str(error))
    return _ended(event, "".join(stdout))


def _ended(event: Event, stdout: str) -> BlockResult:
    if not isinstance(event, Raised):
        return BlockResult(outcome="finished", stdout=stdout)
    return BlockResult(
        outcome="limit" if event.limit else "raised",
        stdout=stdout,
        type=event.type,
        message=event.message,
        traceback=event.traceback,
        limit=event.limit,
    )


def _answer(call: HostCall, answers: Mapping[str, Any]) -> Answer:
    if call.name in answers:
        return Returned(value=answers[call.name])
    return Failed(type="NotAvailable", message=f"{call.name} has no stand-in; give one with --answers")


def _read_code(file: str) -> str:
    if file == "-":
        return _decode(sys.stdin.buffer.read(), "standard input")
    return _decode(_read(Path(file)), file)


def _read_answers(path: Path) -> dict[str, Any]:
    try:
        table = json.loads(_decode(_read(path), str(path)))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path} is not JSON: {error}") from error
    if not isinstance(table, dict):
        raise BadInput(f"{path} must hold one JSON object, host function's name → value.")
    return table


def _read_context(path: Path) -> str:
    try:
        return _decode(_read(path), str(path))
    except UnicodeDecodeError as error:
        raise ContextInvalid(f"{path} is not text in UTF-8.") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path} can't be read: {error.strerror}.") from error


def _decode(data: bytes, origin: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"{origin} is not text in UTF-8.") from error


def _as_json(value: Any) -> Any:
    """Values that JSON lacks: collections as lists, records as objects, anything else as its text."""
    if isinstance(value, Record):
        return dict(value.fields)
    return list(value) if isinstance(value, tuple | set | frozenset) else str(value)


class _Silent:
    """Prints nothing on the way."""

    def print(self, text: str) -> None:
        """Drops the text."""

    def end(self, result: BlockResult) -> None:
        """Says nothing."""


class _Terminal:
    """Prints as the guest prints; on a terminal control characters, which could drive it, are shown as escapes."""

    def __init__(self) -> None:
        self._guarded = sys.stdout.isatty()

    def print(self, text: str) -> None:
        """Text of the guest."""
        shown = _CONTROLS.sub(lambda m: repr(m[0])[1:-1], text) if self._guarded else text
        sys.stdout.buffer.write(shown.encode(sys.stdout.encoding, "backslashreplace"))
        sys.stdout.flush()

    def end(self, result: BlockResult) -> None:
        """The final answer, or what went wrong on stderr."""
        if result.outcome == "final":
            self.print(f"{result.final}\n")
        elif result.outcome == "lost":
            print(f"greatwheel: the sandbox was lost: {result.message}", file=sys.stderr)
        elif result.outcome != "finished":
            print(_CONTROLS.sub(lambda m: repr(m[0])[1:-1], result.traceback.rstrip("\n")), file=sys.stderr)
