"""What Ouros says when a block fails, as the port's `Raised` needs it."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from greatwheel.sandbox.ouros_guest import FIRST_LINE
from greatwheel.sandbox.port import LimitName

SourceOf: TypeAlias = Callable[[str], Sequence[str] | None]
"""The lines, as their author wrote them, of the block that defined a function (`<module>`: of the failed block)."""

_PARSE = re.compile(r'(?:parse|compile) error: (\w+)[\s{(]*(?:msg: )?"(.*?)"[,)].*?line: (\d+)', re.DOTALL)
_EXCEPTION = re.compile(r"([A-Za-z_][\w.]*)(?:: (.*))?\Z", re.DOTALL)
_FRAME = re.compile(r'  File "[^"]*", line (\d+), in (.*)')
_UNBOUND = re.compile(r"cannot access local variable '(\w+)' where it is not associated with a value")
_LIMITS: tuple[tuple[str, str, LimitName], ...] = (
    ("TimeoutError", "time limit exceeded", "seconds"),
    ("TimeoutError", "operation limit exceeded", "seconds"),
    ("MemoryError", "memory limit exceeded", "memory"),
    ("MemoryError", "allocation limit exceeded", "memory"),
    ("RecursionError", "maximum recursion depth exceeded", "recursion"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A block's failure."""

    type: str
    message: str
    traceback: str
    limit: LimitName | None = None

    def reworded(self, type: str, message: str) -> Failure:
        """The same failure under another name."""
        head = self.traceback[: self.traceback.rfind(self.type)]
        return replace(self, type=type, message=message, traceback=f"{head}{type}: {message}")


def failure_of(text: str, source_of: SourceOf = lambda function: None) -> Failure:
    """The failure that an engine error's text tells of."""
    if parse := _PARSE.match(text):
        kind, message, line = parse.groups()
        return _unparsed(kind, message, line)
    frames, exception = _parts(text)
    found = _EXCEPTION.match(exception)
    name, message = (found[1].rpartition(".")[2], found[2] or "") if found else ("RuntimeError", exception)
    limit = next((limit for kind, start, limit in _LIMITS if name == kind and message.startswith(start)), None)
    shown = "\n".join([*_shown(frames, source_of), exception])
    failure = Failure(type=name, message=message, traceback=shown, limit=limit)
    return _as_name_error(failure)


def _as_name_error(failure: Failure) -> Failure:
    """The engine calls a global that is not bound a local, once the name has been bound or tried before."""
    unbound = _UNBOUND.fullmatch(failure.message) if failure.type == "UnboundLocalError" else None
    frames = [frame[2] for line in failure.traceback.split("\n") if (frame := _FRAME.match(line))]
    if unbound and frames[-1:] == ["<module>"]:
        return failure.reworded("NameError", f"name '{unbound[1]}' is not defined")
    return failure


def _unparsed(kind: str, message: str, line: str) -> Failure:
    if kind == "NotImplemented":
        name, message = "NotImplementedError", f"this sandbox does not run {message}"
    else:
        name = "SyntaxError"
    return Failure(type=name, message=message, traceback=f'  File "block", line {line}\n{name}: {message}')


def _parts(text: str) -> tuple[list[str], str]:
    """The lines of the frames, and what follows them: `Type: message`, which may have many lines."""
    if not text.startswith("Traceback"):
        return [], text
    lines = text.split("\n")
    first = next((index for index, line in enumerate(lines) if index and not line.startswith("  ")), len(lines) - 1)
    return lines[:first], "\n".join(lines[first:])


def _shown(lines: list[str], source_of: SourceOf) -> list[str]:
    """The frames without the adapter's own, with the author's source lines.

    The engine takes every line from the block that failed, also for functions of earlier blocks."""
    shown: list[str] = []
    wanted: str | None = None
    ours, previous = False, ""
    for line in lines:
        frame = _FRAME.match(line)
        if frame:
            ours = int(frame[1]) >= FIRST_LINE
            wanted = None if ours else _source_line(source_of(frame[2]), int(frame[1]))
            if not ours:
                shown += [line, *([f"    {wanted}"] if wanted else [])]
        elif not line.startswith("    "):
            shown += [] if ours else [line]
        elif wanted is not None and not line.strip("~ ") and previous.strip() == wanted:
            shown.append(line)
        previous = line
    return shown


def _source_line(lines: Sequence[str] | None, number: int) -> str | None:
    return lines[number - 1].strip() if lines and number <= len(lines) else None


def failure_of_source(error: Exception) -> Failure:
    """The failure of a block that is no Python."""
    if isinstance(error, SyntaxError):
        shown = "".join(traceback.format_exception_only(error)).rstrip("\n")
        return Failure(type="SyntaxError", message=error.msg, traceback=shown)
    message = f"the block can't be read: {str(error) or 'it is nested too deep'}"
    limit: LimitName | None = "recursion" if isinstance(error, RecursionError | MemoryError) else None
    return Failure(type="SyntaxError", message=message, traceback=f"SyntaxError: {message}", limit=limit)
