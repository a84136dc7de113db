"""Sections of the documentation that a command writes."""

from __future__ import annotations

from pathlib import Path


def replaced(page: str, name: str, text: str) -> str:
    """The page with the part between the section's marks replaced, or added at its end."""
    begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
    block = f"{begin}\n{text}\n{end}"
    before, found, rest = page.partition(begin)
    if not found:
        return f"{page.rstrip()}\n\n{block}\n"
    return before + block + rest.partition(end)[2]


def write_section(path: Path, name: str, text: str) -> None:
    """Replace the section in the page; a page that is not there is begun."""
    page = path.read_text("utf-8") if path.exists() else "# Benchmarks\n"
    path.write_text(replaced(page, name, text), "utf-8")
