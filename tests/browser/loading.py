"""How soon the console's pages are there: `python -m tests.browser.loading --docs docs/benchmarks.md`."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from playwright.sync_api import sync_playwright

from greatwheel.bench.longcontext.machine import describe_machine
from greatwheel.bench.pages import write_section

from ..integration.postgres import fresh_database, shared_server
from .conftest import Visitor, launched
from .serving import Wheel, serving
from .showcase import fill

READY = {
    "chat": "textarea",
    "tasks": "main h1",
    "sessions": "main h1",
    "agents": "main h1",
    "overview": "main h1",
    "organisation": "main h1",
}
"""Page → what is there when it can be used."""
INTRODUCTION = """## The console's pages

From the address to a page that can be used, in Chromium on the same machine, with nothing kept from before; the goal is
a second.

    python -m tests.browser.loading --docs docs/benchmarks.md
"""


def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each page is opened.")] = 10,
    docs: Annotated[Path | None, typer.Option(help="A page whose marked section is replaced.")] = None,
) -> None:
    """Print the table."""
    with (
        sync_playwright() as playwright,
        shared_server() as postgres,
        fresh_database(postgres) as url,
        tempfile.TemporaryDirectory() as data,
        serving(url, Path(data), model_name="qwen3-coder") as wheel,
    ):
        fill(wheel)
        visitor = Visitor(launched(playwright), wheel)
        times: dict[str, list[float]] = {page: [] for page in READY}
        for _ in range(rounds):
            for page, seconds in times.items():
                seconds.append(_opened(visitor, wheel, page))
        visitor.browser.close()
    rows = [f"| {page} | {median(each):,.0f} ms | {max(each):,.0f} ms |" for page, each in times.items()]
    table = "\n".join(["| page | p50 | max |", "| --- | --- | --- |", *rows])
    text = f"{INTRODUCTION}\n{table}\n\n{rounds} times each; {describe_machine()}; {date.today().isoformat()}."
    print(text)
    if docs is not None:
        write_section(docs, "console", text)


def _opened(visitor: Visitor, wheel: Wheel, page: str) -> float:
    """Milliseconds until the page is there."""
    context = visitor.context()
    context.request.post(f"{wheel.url}/api/login", data={"key": wheel.key})
    tab = context.new_page()
    tab.goto(f"{wheel.url}/#/{page}", wait_until="commit")
    tab.locator(READY[page]).first.wait_for()
    took = float(tab.evaluate("performance.now()"))
    context.close()
    return took


if __name__ == "__main__":
    typer.run(main)
