"""What a check found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from greatwheel.core.errors import GreatwheelError

State: TypeAlias = Literal["ok", "warn", "fail"]
"""`warn`: it works, or will, but not as well as it could. `fail`: something that the installation needs does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of the report."""

    check: str
    state: State
    detail: str
    remedy: str = ""
    """What to do; empty when all is well."""


Check: TypeAlias = Callable[[], Awaitable[Sequence[Finding]]]


def ok(check: str, detail: str) -> Finding:
    """All is well."""
    return Finding(check=check, state="ok", detail=detail)


def warn(check: str, detail: str, remedy: str) -> Finding:
    """It could be better."""
    return Finding(check=check, state="warn", detail=detail, remedy=remedy)


def fail(check: str, detail: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(check=check, state="fail", detail=detail, remedy=remedy)


def refused(check: str, error: GreatwheelError, remedy: str = "") -> Finding:
    """An error of ours says what is wrong, and mostly what to do, in its message."""
    return Finding(check=check, state="fail", detail=" ".join(str(error).split()), remedy=remedy)


def sized(count: float) -> str:
    """Bytes for people."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1_000:
            return f"{count:,.0f} {unit}" if unit in ("bytes", "kB", "MB") else f"{count:,.1f} {unit}"
        count /= 1_000
    return f"{count:,.1f} TB"
