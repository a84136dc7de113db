"""Monty's failures as the port's: the one place where its exceptions are mapped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from pydantic_monty import ExcType, MontyCrashedError, MontyError, MontySyntaxError

from greatwheel.core.errors import SandboxLost
from greatwheel.sandbox.port import Failed, LimitName, Limits

MAX_MESSAGE = 20_000
"""The longest message that an exception keeps, in characters."""
KNOWN_ERRORS: Mapping[str, str] = {name.rpartition(".")[2]: name for name in get_args(ExcType)}
"""The guest's exception types: name without module → Monty's name."""

_FRAME = re.compile(r'(?m)^  File "<python-input-\d+>"')
_INTERNAL = "RuntimeError: Internal error in monty: exceptions can only be called with zero or one string argument"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A guest's failure, without its output."""

    type: str
    message: str
    traceback: str
    limit: LimitName | None = None


def read_failure(error: MontyError, limits: Limits) -> Failure:
    """The failure that an error of Monty stands for.

    Raises:
        SandboxLost: the worker is gone.
    """
    if isinstance(error, MontyCrashedError):
        raise lost(error, limits) from error
    text = str(error)
    if text.startswith("MemoryError: the worker exceeded its memory limit"):
        raise SandboxLost(f"The guest's process used more than its memory ({limits.memory_bytes} bytes).") from error
    limit = _limit_of(text)
    if limit is not None:
        return _limit_failure(error, limit, limits)
    name = _type_name(error, text)
    if len(text) > MAX_MESSAGE:
        message = f"{text[:MAX_MESSAGE].partition(': ')[2]}… ({len(text)} characters)"
        return Failure(type=name, message=message, traceback=f"{name}: {message}")
    cause = error.exception()
    message = "" if isinstance(cause, SyntaxError) and cause.msg is None else str(cause)
    if text == _INTERNAL:
        name, message = "TypeError", "exceptions take no argument or one str here; write raise ValueError(str(x))"
    return Failure(type=name, message=message, traceback=_traceback(error, f"{name}: {message}"))


def lost(error: MontyCrashedError, limits: Limits) -> SandboxLost:
    """The loss of a worker, with the limit named where one killed it."""
    if error.timed_out:
        return SandboxLost(f"The guest did not stop at its limit of {limits.seconds:g} seconds and was killed.")
    return SandboxLost(f"The guest's process died ({error}); load the session's last dump.")


def monty_error(answer: Failed) -> tuple[str, str]:
    """Monty's name and the message of an error answer; one that Monty does not know becomes a RuntimeError."""
    known = KNOWN_ERRORS.get(answer.type)
    return (known, answer.message) if known else ("RuntimeError", f"{answer.type}: {answer.message}")


def _type_name(error: MontyError, text: str) -> str:
    if isinstance(error, MontySyntaxError):
        return "SyntaxError"
    return re.split(r"[:\n]", text, maxsplit=1)[0].rpartition(".")[2] or "Exception"


def _limit_of(text: str) -> LimitName | None:
    if text.startswith("TimeoutError: feed time limit exceeded: "):
        return "seconds"
    if text.startswith("MemoryError: "):
        return "memory"
    if text.startswith("RecursionError: maximum recursion depth exceeded"):
        return "recursion"
    return None


def _limit_failure(error: MontyError, limit: LimitName, limits: Limits) -> Failure:
    message = {
        "seconds": f"the block ran longer than {limits.seconds:g} s",
        "memory": f"the guest used more than {limits.memory_bytes} bytes",
        "recursion": "maximum recursion depth exceeded",
    }[limit]
    name = {"seconds": "TimeoutError", "memory": "MemoryError", "recursion": "RecursionError"}[limit]
    return Failure(type=name, message=message, traceback=_traceback(error, f"{name}: {message}"), limit=limit)


def _traceback(error: MontyError, last: str) -> str:
    """Monty's traceback with its name for the block taken out, ending as CPython would."""
    display = getattr(error, "display", None)
    frames = str(display()) if display else ""
    summary = str(display("type-msg")) if display else ""
    body = frames.removesuffix(summary)
    return _FRAME.sub('  File "block"', body) + last.removesuffix(": ")
