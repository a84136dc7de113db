"""Makes the pictures of docs/console: `python -m tests.browser.screenshots docs/console`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from ..integration.postgres import fresh_database, shared_server
from ..integration.webhooks.receiver import receiving
from .conftest import DESK, PHONE, WALL, Theme, Visitor, launched
from .serving import serving
from .showcase import fill

SETTLE_MS = 1_500
MOST_BYTES = 200_000


def main(folder: Path) -> None:
    """Take all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        sync_playwright() as playwright,
        shared_server() as postgres,
        fresh_database(postgres) as url,
        tempfile.TemporaryDirectory() as data,
        serving(url, Path(data), model_name="qwen3-coder") as wheel,
        receiving() as receiver,
    ):
        places = fill(wheel, receiver)
        browser = launched(playwright)
        _take(Visitor(browser, wheel), folder, places)
        browser.close()
    for picture in sorted(folder.glob("*.png")):
        size = picture.stat().st_size
        print(f"{picture} {size:,} bytes{' TOO LARGE' if size > MOST_BYTES else ''}")


def _take(visitor: Visitor, folder: Path, places: dict[str, str]) -> None:
    shots: list[tuple[str, str, Theme, tuple[int, int]]] = [
        ("chat", f"#/chat/{places['analysis']}", "light", DESK),
        ("chat-dark", f"#/chat/{places['analysis']}", "dark", DESK),
        ("chat-wide", f"#/chat/{places['analysis']}", "light", WALL),
        ("chat-phone", f"#/chat/{places['analysis']}", "dark", PHONE),
        ("chat-question", f"#/chat/{places['asked']}", "light", DESK),
        ("tasks", "#/tasks", "light", DESK),
        ("task", f"#/tasks/{places['broken_task']}", "light", DESK),
        ("session", f"#/sessions/{places['analysis']}", "light", DESK),
        ("agents", "#/agents", "light", DESK),
        ("agent", "#/agents/billing", "dark", DESK),
        ("agent-form", "#/agents/billing/edit", "light", DESK),
        ("agent-diff", "#/agents/billing/diff?from=1&to=2", "light", DESK),
        ("organisation", "#/organisation", "light", DESK),
        ("limits", "#/organisation/limits", "dark", DESK),
        ("keys", "#/organisation/keys", "light", DESK),
        ("secrets", "#/organisation/secrets", "dark", DESK),
        ("webhooks", "#/organisation/webhooks", "light", DESK),
        ("deliveries", f"#/organisation/webhooks/{places['told']}", "light", DESK),
        ("settings", "#/organisation/settings", "light", DESK),
        ("overview", "#/overview", "light", DESK),
    ]
    for name, place, theme, size in shots:
        page = visitor.enter(place, theme=theme, size=size)
        if name == "chat":
            _unfold(page)
        page.wait_for_timeout(SETTLE_MS)
        page.screenshot(path=folder / f"{name}.png")
        page.context.close()


def _unfold(page: Page) -> None:
    """Show how the answer came about."""
    page.locator(".work > summary").click()
    page.locator(".step > summary").nth(2).click()
    page.locator(".calls li").first.wait_for()
    page.locator(".transcript").evaluate("node => { node.scrollTop = 60 }")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
