"""What a call may do: the agent's grants and the user's must both allow it, and no denial may match.

A permission is a name: a tool's (`web_search`), or `agent:NAME` for calling an agent. A pattern is a name in which
`*` stands for any characters: `*`, `web_*`, `agent:research`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from greatwheel.core.errors import BadInput

_PATTERN = re.compile(r"[A-Za-z0-9_.:*-]{1,100}")
_CALLED = "tool."
"""How agents' code begins a tool's name. Permissions never do, so a denial written so would deny nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grants:
    """What one side (a user, an agent) allows and denies."""

    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()

    def denies(self, permission: str) -> bool:
        """A pattern of `deny` matches: that wins over everything."""
        return _any_matches(self.deny, permission)

    def allows(self, permission: str) -> bool:
        """A pattern of `allow` matches; a denial still goes before it, see `refusal`."""
        return _any_matches(self.allow, permission)

    def may_allow(self, start: str) -> bool:
        """Some permission that begins so may be allowed and not denied; a wrong yes can be, a wrong no can't."""
        if any(pattern.endswith("*") and fnmatchcase(start, pattern) for pattern in self.deny):
            return False
        return any(_may_begin(pattern, start) for pattern in self.allow)


@dataclass(frozen=True, kw_only=True, slots=True)
class Effective:
    """What an agent and a user together may do."""

    agent: Grants
    user: Grants

    def permits(self, permission: str) -> bool:
        """Both sides allow it."""
        return permitted(permission, agent=self.agent, user=self.user)

    def may_permit(self, start: str) -> bool:
        """Whether it is worth looking for permissions that begin so. See `Grants.may_allow`."""
        return self.agent.may_allow(start) and self.user.may_allow(start)


def refusal(permission: str, *, agent: Grants, user: Grants) -> str | None:
    """Why the permission is missing, naming whose grant lacks it; None when both sides allow it."""
    for whose, grants in (("the agent", agent), ("the user", user)):
        if grants.denies(permission):
            return f"{permission} is denied to {whose}"
        if not grants.allows(permission):
            return f"{permission} is not granted to {whose}"
    return None


def permitted(permission: str, *, agent: Grants, user: Grants) -> bool:
    """Both sides allow it."""
    return refusal(permission, agent=agent, user=user) is None


def parse_patterns(patterns: Iterable[str]) -> tuple[str, ...]:
    """The patterns, checked.

    Raises:
        BadInput: one has characters that no permission has, or is written as agents call a tool.
    """
    parsed = tuple(patterns)
    for pattern in parsed:
        if not _PATTERN.fullmatch(pattern):
            raise BadInput(f"{pattern!r} is no permission; use a tool's name, agent:NAME, and * for any characters.")
        if pattern.startswith(_CALLED):
            bare = pattern.removeprefix(_CALLED) or "*"
            raise BadInput(f"{pattern!r} is no permission; a tool's is its bare name: write {bare!r}.")
    return parsed


def _may_begin(pattern: str, start: str) -> bool:
    literal, star, _ = pattern.partition("*")
    return literal.startswith(start) or (bool(star) and start.startswith(literal))


def _any_matches(patterns: Iterable[str], permission: str) -> bool:
    # Patterns have no other wildcard (see parse_patterns), so a shell's matching is what is meant.
    return any(fnmatchcase(permission, pattern) for pattern in patterns)
