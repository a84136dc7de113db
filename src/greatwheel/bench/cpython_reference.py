"""Runs a corpus folder in this CPython and writes what every block did, as JSON, to standard output.

A program of its own, because it executes the blocks as they are: `python -m greatwheel.bench.cpython_reference FOLDER`.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from greatwheel.bench.compat_corpus import HOST_FUNCTIONS, Outcome, Session, call_texts, load_corpus, stub_answer


class _Host:
    """The stand-ins for host functions, and what was asked of them."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._lock = threading.Lock()

    def function(self, name: str) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            with self._lock:
                self.calls.extend(call_texts(name, args, kwargs))
            return stub_answer(name, args, kwargs)

        return call


def run_session(session: Session) -> list[Outcome]:
    """Every block of a session in one namespace. Standard error is shown to an agent in its place among the output."""
    host = _Host()
    namespace: dict[str, Any] = {"__name__": "__main__", "context": session.context}
    namespace.update({name: host.function(name) for name in HOST_FUNCTIONS})
    namespace["FINAL_VAR"] = lambda name: namespace["FINAL"](namespace[name])
    return [_run_block(block, namespace, host) for block in session.blocks]


def _run_block(block: str, namespace: dict[str, Any], host: _Host) -> Outcome:
    host.calls.clear()
    error: str | None = None
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(out):
        try:
            exec(compile(block, "<block>", "exec"), namespace)  # noqa: S102  # the corpus is ours
        except BaseException as raised:  # whatever a block raises is its outcome
            error = type(raised).__name__
    return Outcome(stdout=out.getvalue(), error=error, calls=tuple(host.calls))


def main() -> None:
    """Prints a list of `[stdout, error, calls]` per session and block."""
    time.sleep = lambda seconds: None
    results = [
        [[each.stdout, each.error, each.calls] for each in run_session(session)]
        for session in load_corpus(Path(sys.argv[1]))
    ]
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
