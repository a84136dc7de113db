"""The console in a real Chromium, served by a real server with a scripted model.

    def test_something(visitor, wheel):
        page = visitor.enter("#/tasks")     # logged in as the admin; `visitor.enter("#/chat", key=…)` as somebody else
        ...
        visitor.check_accessible(page)

Every test fails if a page asked another origin for anything, ran what its policy forbids, opened a dialog of the
browser, or had an uncaught error.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from greatwheel.database.embedded import EmbeddedServer

from ..integration.postgres import fresh_database, shared_server
from .serving import Wheel, serving

Theme = Literal["light", "dark"]
PHONE, DESK, WALL = (360, 740), (1280, 800), (1920, 1080)
LONGEST_MS = 15_000
_EXPECTED = ("401 (", "404 (", "409 (", "422 (", "413 (", "415 (", "429 (", "400 (", "403 (")
"""Chromium tells of answers like these as errors; the page shows them to its reader."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs a browser."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


def chromium_path() -> str | None:
    """Where this machine's Chromium is."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    return None


def launched(playwright: Playwright) -> Browser:
    """A browser without a window."""
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    return playwright.chromium.launch(executable_path=chromium_path(), args=args)


@dataclass
class Visitor:
    """Somebody with a browser."""

    browser: Browser
    wheel: Wheel
    contexts: list[BrowserContext] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def context(self, theme: Theme = "light", size: tuple[int, int] = DESK, **more: Any) -> BrowserContext:
        """A browser that was never used before."""
        made = self.browser.new_context(
            color_scheme=theme, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", **more
        )
        made.set_default_timeout(LONGEST_MS)
        made.on("page", self._watch)
        self.contexts.append(made)
        return made

    def enter(
        self, place: str = "#/chat", *, key: str | None = None, theme: Theme = "light", size: tuple[int, int] = DESK
    ) -> Page:
        """A page of somebody who is logged in."""
        context = self.context(theme, size)
        answer = context.request.post(f"{self.wheel.url}/api/login", data={"key": key or self.wheel.key})
        assert answer.status == 204, answer.text()
        page = context.new_page()
        page.goto(f"{self.wheel.url}/{place}")
        page.wait_for_selector("#main .page :is(h1, form)")
        return page

    def check_accessible(self, page: Page) -> None:
        """No serious or critical fault that axe knows."""
        found = Axe().run(page).response["violations"]
        serious = [
            f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
            for each in found
            if each["impact"] in ("serious", "critical")
        ]
        assert not serious, "\n".join(serious)

    def check_fits(self, page: Page) -> None:
        """Nothing is wider than the window."""
        wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide <= window, (wide, window)

    def _watch(self, page: Page) -> None:
        page.on("request", self._asked)
        page.on("console", lambda message: self._said(message.type, message.text))
        page.on("pageerror", lambda error: self.troubles.append(f"uncaught: {error}"))
        page.on("dialog", lambda dialog: (self.troubles.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.wheel.url, "data:", "blob:")):
            self.troubles.append(f"asked {request.url}")

    def _said(self, kind: str, text: str) -> None:
        if kind == "error" and not any(each in text for each in _EXPECTED):
            self.troubles.append(f"console: {text}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The browser that all tests share."""
    if chromium_path() is None:
        pytest.skip("no Chromium on this machine")
    expect.set_options(timeout=LONGEST_MS)  # a busy machine is slow, not wrong
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedServer]:
    """A Postgres that all tests share."""
    with shared_server() as server:
        yield server


@pytest.fixture(scope="module")
def wheel(postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wheel]:
    """A server with its own database, for the tests of a module."""
    with (
        fresh_database(postgres_server) as url,
        serving(url, tmp_path_factory.mktemp("wheel"), pause=0.01) as wheel,
    ):
        yield wheel


@pytest.fixture
def visitor(chromium: Browser, wheel: Wheel) -> Iterator[Visitor]:
    """Somebody with a browser, whose pages behave."""
    visitor = Visitor(chromium, wheel)
    yield visitor
    for context in visitor.contexts:
        context.close()
    assert not visitor.troubles, "\n".join(visitor.troubles)
