"""Imports, and what only works with a module of ours, run lowered and in CPython."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from pathlib import Path

import pytest

from greatwheel.sandbox.port import Raised
from greatwheel.server.composition import open_engine

_PIECES = re.split(
    r"^# %% (.+)\n", (Path(__file__).parent / "import_blocks.txt").read_text("utf-8"), flags=re.MULTILINE
)
SAME = dict(zip(_PIECES[1::2], _PIECES[2::2], strict=True))
"""Blocks by name."""


async def _run(code: str) -> tuple[str, Raised | None]:
    engine = open_engine("monty")
    session = await engine.open()
    try:
        event = await session.run(code)
        return event.stdout, event if isinstance(event, Raised) else None
    finally:
        await session.close()
        await engine.close()


@pytest.mark.parametrize("name", SAME)
async def test_block_prints_what_cpython_prints(name: str) -> None:
    """The lowered block prints what CPython prints, and raises nothing."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        # In a thread: some of the blocks run an event loop of their own.
        await asyncio.to_thread(exec, SAME[name], {"__name__": "__main__"})
    assert await _run(SAME[name]) == (out.getvalue(), None)


@pytest.mark.parametrize(
    ("module", "advice"), [("pandas", "csv.DictReader"), ("requests", "no network"), ("subprocess", "no processes")]
)
async def test_refused_module_says_what_to_write_instead(module: str, advice: str) -> None:
    """Importing a module that no session has raises ModuleNotFoundError with advice."""
    _, raised = await _run(f"import {module}")
    assert raised is not None
    assert raised.type == "ModuleNotFoundError"
    assert raised.message.startswith(f"No module named '{module}'")
    assert advice in raised.message


async def test_unknown_module_is_worded_as_in_cpython() -> None:
    """A module that nobody knows raises CPython's own message."""
    _, raised = await _run("import no_such_module")
    assert raised is not None
    assert (raised.type, raised.message) == ("ModuleNotFoundError", "No module named 'no_such_module'")
