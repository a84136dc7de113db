"""Which model a chat asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from greatwheel.database.embedded import EmbeddedServer

from ..integration.postgres import fresh_database
from .conftest import Visitor
from .serving import Wheel, serving

ASKS_ITSELF = "\nFINAL('It says: ' + llm_query('Which are you?'))\n"
"""For models on Ollama the loop has opened the fence, and begun a comment."""


@pytest.fixture(scope="module")
def wheel(postgres_server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wheel]:
    """A server that offers two models."""
    folder = tmp_path_factory.mktemp("wheel")
    with fresh_database(postgres_server) as url, serving(url, folder, on_ollama=True) as wheel:
        wheel.agent("loop")
        wheel.script.say("Who is asked", ASKS_ITSELF)
        wheel.script.answer("Which are you", lambda request: f"I am {request.body['model']}.")
        yield wheel


def ask(page: Page, text: str, count: int) -> None:
    """Say something, and wait until so many turns have ended."""
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator(".turn-facts time")).to_have_count(count)


def test_the_chosen_model_is_the_one_that_is_asked(visitor: Visitor, wheel: Wheel) -> None:
    """Both the loop and the queries of its code go to the model that was chosen for the message, and to no other."""
    page = visitor.enter()
    page.get_by_label("Agent", exact=True).select_option("loop")
    model = page.get_by_label("Model", exact=True)
    expect(model.locator("option")).to_have_text(["The agent's model", "fake", "other"])
    for count, (choice, asked) in enumerate([("other", "other"), ("", "fake"), ("other", "other")], 1):
        model.select_option(choice)
        before = wheel.model.calls
        ask(page, f"Who is asked, {count}?", count)
        expect(page.locator(".answer").last).to_have_text(f"It says: I am {asked}.")
        assert [request.body["model"] for request in wheel.model.requests[before:]] == [asked] * 2
        page.locator(".work > summary").last.click()
        expect(page.locator(".work > summary").last).to_contain_text(f"· {asked}")
