"""What changed between two texts, as a unified diff. The texts may be hostile: the work is limited."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import Match, SequenceMatcher
from itertools import accumulate

MOST_WORK = 2_000_000
"""Comparisons of lines, about a second; what is left then counts as changed altogether."""
CONTEXT_LINES = 3


def unified_diff(before: str, after: str, title_before: str, title_after: str) -> str:
    """The diff; empty when the texts are the same."""
    old, new = before.splitlines(), after.splitlines()
    lines = [line for group in _Limited(old, new).get_grouped_opcodes(CONTEXT_LINES) for line in _hunk(group, old, new)]
    return "\n".join([f"--- {title_before}", f"+++ {title_after}", *lines]) + "\n" if lines else ""


class _Limited(SequenceMatcher[str]):
    """Finds no more matches when its work is done: looking for one costs as much as the lines have others like them."""

    def __init__(self, old: Sequence[str], new: Sequence[str]) -> None:
        super().__init__(None, old, new)
        self._lines = len(old)
        alike = self.b2j  # type: ignore[attr-defined]  # documented, but unknown to the stubs
        self._before = [0, *accumulate(1 + len(alike.get(line, ())) for line in old)]
        self._left = MOST_WORK

    def find_longest_match(self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None) -> Match:
        self._left -= self._before[self._lines if ahi is None else ahi] - self._before[alo]
        if self._left < 0:
            return Match(alo, blo, 0)
        return super().find_longest_match(alo, ahi, blo, bhi)


def _hunk(group: Sequence[tuple[str, int, int, int, int]], old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    first, last = group[0], group[-1]
    yield f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@"
    for kind, old_from, old_to, new_from, new_to in group:
        if kind == "equal":
            yield from (f" {line}" for line in old[old_from:old_to])
            continue
        yield from (f"-{line}" for line in old[old_from:old_to])
        yield from (f"+{line}" for line in new[new_from:new_to])


def _range(start: int, stop: int) -> str:
    """Where a hunk stands, as patch reads it."""
    length = stop - start
    begin = start + 1 if length else start
    return str(begin) if length == 1 else f"{begin},{length}"
