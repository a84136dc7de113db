"""Blocks in `blocks/`, one file per feature, each after a line `# %% what it shows`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BLOCKS = Path(__file__).parent / "blocks"


def _blocks() -> Iterator[Any]:
    for file in sorted(BLOCKS.glob("*.txt")):
        for block in file.read_text("utf-8").split("# %% ")[1:]:
            title, _, code = block.partition("\n")
            yield pytest.param(code.rstrip("\n"), id=f"{file.stem}: {title}")


@pytest.mark.parametrize("code", list(_blocks()))
def test_a_lowered_block_behaves_as_in_cpython(code: str, both: Callable[[str], tuple[Any, Any]]) -> None:
    """A lowered block prints, raises and calls the host as the block does in CPython."""
    lowered, plain = both(code)
    assert lowered == plain
