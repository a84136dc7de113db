"""The chat with a real model on this machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from greatwheel.database.embedded import EmbeddedServer

from ..integration.postgres import fresh_database
from .conftest import Visitor
from .serving import Wheel, serving

pytestmark = pytest.mark.model
MINUTES_MS = 300_000
WATCH = """() => new MutationObserver(() => {
  window.sawCode ||= [...document.querySelectorAll(".live-code")].some((node) => node.textContent.trim());
}).observe(document.body, {childList: true, subtree: true, characterData: true})"""
"""Notes that code was seen while it was written: a short reply's is gone before the next look from outside."""


@pytest.fixture(scope="module")
def wheel(postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wheel]:
    """A server with a small real model in its own process."""
    folder = tmp_path_factory.mktemp("wheel")
    with fresh_database(postgres_server) as url, serving(url, folder, real_model="qwen2.5-coder:1.5b") as wheel:
        yield wheel


def test_a_real_model_answers_in_the_chat(visitor: Visitor, wheel: Wheel) -> None:
    """A question about a file, watched while it is answered: code comes word by word, the answer is right."""
    wheel.agent("loop")
    page = visitor.enter()
    page.set_default_timeout(MINUTES_MS)
    text = "\n".join(f"day {day}: the harbour office counted {day * 3} ships" for day in range(1, 400))
    page.locator("input[type=file]").set_input_files(
        {"name": "harbour.txt", "mimeType": "text/plain", "buffer": text.encode()}
    )
    expect(page.locator(".attachment")).to_contain_text("characters")
    page.get_by_label("Agent", exact=True).select_option("loop")
    page.get_by_label("Your message").fill("How many lines does the text have?")
    page.evaluate(WATCH)
    page.keyboard.press("Enter")
    expect(page.locator(".turn-facts time")).to_have_count(1, timeout=MINUTES_MS)
    expect(page.locator(".answer")).to_contain_text("399")
    assert page.evaluate("window.sawCode === true")
