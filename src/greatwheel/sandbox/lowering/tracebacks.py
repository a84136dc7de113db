"""Tracebacks in the guest's own lines: frames of rewritten blocks are mapped back, frames of our sources left out."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable

KEPT_CHARS = 64 * 1024
"""How much text of earlier blocks a session keeps for its tracebacks."""
_OUR_FUNCTION = re.compile(r"\b_gw_(?:get|set|step|async)_(?=\w)")
"""Functions of the guest under names of ours: getters, setters, steps of generators, asynchronous twins."""
_FRAME = re.compile(r'^  File "(?P<file>[^"]*)", line (?P<line>\d+)(?P<rest>.*)$')


class Texts:
    """What the session's blocks looked like before and after they were rewritten."""

    def __init__(self, *, own: Iterable[str] = ()) -> None:
        self._blocks: deque[tuple[list[str], list[str], tuple[int, ...]]] = deque()
        self._chars = 0
        self._own: list[list[str]] = [source.split("\n") for source in own]

    def add_own(self, source: str) -> None:
        """Remember a source of ours, whose frames are left out."""
        self._own.append(source.split("\n"))

    def add(self, source: str, emitted: str, lines: tuple[int, ...]) -> None:
        """Remember a rewritten block; the oldest go when there is too much text."""
        self._blocks.append((source.split("\n"), emitted.split("\n"), lines))
        self._chars += len(source) + len(emitted)
        while self._chars > KEPT_CHARS and len(self._blocks) > 1:
            gone = self._blocks.popleft()
            self._chars -= sum(map(len, gone[0])) + sum(map(len, gone[1]))

    def to_json(self) -> str:
        """The blocks as text for the header of a dump."""
        return json.dumps([["\n".join(a), "\n".join(b), c] for a, b, c in self._blocks], separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str, *, own: Iterable[str] = ()) -> Texts:
        """Inverse of `to_json`."""
        made = cls(own=own)
        for source, emitted, lines in json.loads(text):
            made.add(source, emitted, tuple(lines))
        return made

    def told(self, traceback: str) -> str:
        """The traceback as the guest's author wrote the code."""
        if '  File "' not in traceback:
            return traceback
        out: list[str] = []
        frame: list[str] = []
        for line in traceback.split("\n"):
            if _FRAME.match(line):
                out += self._frame(frame)
                frame = [line]
            elif frame and line.startswith("    "):
                frame.append(line)
            else:
                out += [*self._frame(frame), line]
                frame = []
        return "\n".join(out + self._frame(frame))

    def _frame(self, frame: list[str]) -> list[str]:
        found = _FRAME.match(frame[0]) if frame else None
        if found is None or len(frame) < 2:
            return frame
        number, shown = int(found["line"]), frame[1].strip()
        for source, emitted, lines in reversed(self._blocks):
            if _has(emitted, number, shown):
                line = lines[number - 1] if number <= len(lines) else number
                if _has(source, line, shown):
                    return [_head(found, line), *frame[1:]]
                text = source[line - 1].strip() if line <= len(source) else ""
                return [_head(found, line), f"    {text}"]
        return [] if any(_has(own, number, shown) for own in self._own) else frame


def _has(lines: list[str], number: int, shown: str) -> bool:
    return number <= len(lines) and lines[number - 1].strip() == shown


def _head(found: re.Match[str], line: int) -> str:
    return f'  File "{found["file"]}", line {line}{_OUR_FUNCTION.sub("", found["rest"])}'
