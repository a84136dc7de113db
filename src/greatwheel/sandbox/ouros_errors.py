"""What Ouros says when a block fails, as the port's `Raised` needs it."""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass

from greatwheel.sandbox.ouros_code import author_traceback
from greatwheel.sandbox.port import LimitName

_PARSE = re.compile(r'(?:parse|compile) error: (\w+)[\s{(]*(?:msg: )?"(.*?)"[,)].*?line: (\d+)', re.DOTALL)
_EXCEPTION = re.compile(r"([A-Za-z_][\w.]*)(?:: (.*))?\Z", re.DOTALL)
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


def failure_of(text: str) -> Failure:
    """The failure that an engine error's text tells of."""
    if parse := _PARSE.match(text):
        kind, message, line = parse.groups()
        return _unparsed(kind, message, line)
    shown = author_traceback(text)
    exception = _exception_part(shown)
    found = _EXCEPTION.match(exception)
    name, message = (found[1].rpartition(".")[2], found[2] or "") if found else ("RuntimeError", exception)
    limit = next((limit for kind, start, limit in _LIMITS if name == kind and message.startswith(start)), None)
    return Failure(type=name, message=message, traceback=shown, limit=limit)


def _unparsed(kind: str, message: str, line: str) -> Failure:
    if kind == "NotImplemented":
        name, message = "NotImplementedError", f"this sandbox does not run {message}"
    else:
        name = "SyntaxError"
    return Failure(type=name, message=message, traceback=f'  File "block", line {line}\n{name}: {message}')


def _exception_part(text: str) -> str:
    """What follows the frames: `Type: message`, which may have many lines."""
    if not text.startswith("Traceback"):
        return text
    lines = text.split("\n")
    first = next((index for index, line in enumerate(lines) if index and not line.startswith("  ")), len(lines) - 1)
    return "\n".join(lines[first:])


def failure_of_source(error: Exception) -> Failure:
    """The failure of a block that is no Python."""
    if isinstance(error, SyntaxError):
        shown = "".join(traceback.format_exception_only(error)).rstrip("\n")
        return Failure(type="SyntaxError", message=error.msg, traceback=shown)
    message = f"the block can't be read: {str(error) or 'it is nested too deep'}"
    limit: LimitName | None = "recursion" if isinstance(error, RecursionError | MemoryError) else None
    return Failure(type="SyntaxError", message=message, traceback=f"SyntaxError: {message}", limit=limit)
