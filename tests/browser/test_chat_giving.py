"""What goes with a message of the chat, and what is taken out of it: instructions, files, copies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from .conftest import Visitor
from .serving import Wheel

NO_CLIPBOARD = "Object.defineProperty(navigator, 'clipboard', { value: undefined })"
"""As pages have it that came without TLS from another machine."""
LINE = "a line of a log that is sixty-four characters long, with its end\n"
MOST_BYTES = 100_000_000
PATIENCE_MS = 120_000


@pytest.fixture(scope="module", autouse=True)
def script(wheel: Wheel) -> None:
    """What the model says to the tasks below."""
    wheel.agent("loop")
    wheel.script.say("Say it", "```python\nanswer = 'the **answer**'\nFINAL(answer)\n```")
    wheel.script.say("How long", "```python\nFINAL(f'{len(context)} characters, {context[-5:].strip()} at last')\n```")


def ask(page: Page, text: str, count: int = 1) -> None:
    """Say something, and wait until so many turns have ended."""
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")
    expect(page.locator(".turn-facts time")).to_have_count(count)


def chat_of(visitor: Visitor) -> Page:
    """A new chat with the agent that loops."""
    page = visitor.enter()
    page.get_by_label("Agent", exact=True).select_option("loop")
    return page


def asked(wheel: Wheel, mark: str) -> list[dict[str, Any]]:
    """What the model was asked that has the mark."""
    return [request.body for request in wheel.model.requests if mark in str(request.body.get("messages"))]


def test_what_a_chat_shows_is_copied(visitor: Visitor) -> None:
    """The answer, the question and the code as they were written, not as they are shown."""
    page = chat_of(visitor)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, "Say it, please.")
    for name, text in (
        ("Copy the answer", "the **answer**"),
        ("Copy the question", "Say it, please."),
        ("Copy: Code", "answer = 'the **answer**'\nFINAL(answer)"),
    ):
        page.get_by_role("button", name=name).first.click()
        expect(page.get_by_text("Copied.").last).to_be_visible()
        page.wait_for_function("text => navigator.clipboard.readText().then((held) => held.trim() === text)", arg=text)


def test_a_page_without_a_clipboard_copies_too(visitor: Visitor) -> None:
    """What is copied can be pasted where the browser gives the page no clipboard."""
    page = chat_of(visitor)
    page.add_init_script(NO_CLIPBOARD)
    page.reload()
    ask(page, "Say it again.")
    page.get_by_role("button", name="Copy the answer").click()
    expect(page.get_by_text("Copied.")).to_be_visible()
    page.get_by_label("Your message").focus()
    page.keyboard.press("Control+v")
    expect(page.get_by_label("Your message")).to_have_value("the **answer**")


def test_the_chosen_model_goes_with_each_message(visitor: Visitor, wheel: Wheel) -> None:
    """What is chosen among those that are offered is named in the order, and stays chosen for the next chat."""
    page = chat_of(visitor)
    model = page.get_by_label("Model", exact=True)
    expect(model.locator("option")).to_have_text(["The agent's model", "fake"])
    for count, (choice, named) in enumerate([("", None), ("fake", "fake")], 1):
        model.select_option(choice)
        with page.expect_request(
            lambda request: request.method == "POST" and request.url.endswith("/api/tasks")
        ) as sent:
            ask(page, f"Say it, number {count}.", count)
        assert sent.value.post_data_json.get("model") == named
    page.keyboard.press("Control+k")
    expect(model).to_have_value("fake")


def test_instructions_reach_the_model_until_the_chat_ends(visitor: Visitor, wheel: Wheel) -> None:
    """They are part of the system prompt of each message of the chat, also after a reload, and of no other chat."""
    page = chat_of(visitor)
    page.get_by_role("button", name="Instructions").click()
    page.get_by_label("System prompt").fill("Answer like a pirate.")
    page.get_by_role("button", name="Use", exact=True).click()
    ask(page, "Say it at first.")
    page.reload()
    expect(page.get_by_role("button", name="Instructions set")).to_be_visible()
    ask(page, "Say it at last.", 2)
    page.keyboard.press("Control+k")
    ask(page, "Say it elsewhere.")
    for mark, there in (("at first", True), ("at last", True), ("elsewhere", False)):
        system = asked(wheel, mark)[-1]["messages"][0]
        assert system["role"] == "system"
        assert ("Answer like a pirate." in system["content"]) is there


def test_a_file_is_dropped_onto_the_chat(visitor: Visitor) -> None:
    """The page says that it takes it; the agent gets it; of several the first one."""
    page = chat_of(visitor)
    files = "['a\\nb last', 'never']"
    given = page.evaluate_handle(
        f"() => {{ const given = new DataTransfer(); for (const [n, text] of {files}.entries())"
        " given.items.add(new File([text], `dropped${n}.txt`)); return given; }"
    )
    chat = page.get_by_role("region", name="Chat", exact=True)
    chat.dispatch_event("dragenter", {"dataTransfer": given})
    assert "dropping" in str(chat.get_attribute("class"))
    chat.dispatch_event("drop", {"dataTransfer": given})
    expect(page.locator(".attachment")).to_contain_text("dropped0.txt")
    expect(page.locator(".attachment")).to_contain_text("8 characters")
    expect(page.get_by_text("One file can be given at a time")).to_be_visible()
    assert "dropping" not in str(chat.get_attribute("class"))
    ask(page, "How long is it?")
    expect(page.locator(".answer")).to_have_text("8 characters, last at last")


def test_nearly_a_hundred_megabytes_are_given(visitor: Visitor, tmp_path: Path) -> None:
    """A file just below the limit is sent, and the agent has all of it; one above is refused before it is sent."""
    lines = MOST_BYTES // len(LINE)
    (tmp_path / "large.log").write_text(LINE * lines)
    (tmp_path / "too-large.log").write_text(LINE * (lines + 1))
    page = chat_of(visitor)
    page.locator("input[type=file]").set_input_files(tmp_path / "too-large.log")
    expect(page.locator(".attachment").get_by_role("alert")).to_contain_text("at most 100 MB")
    page.locator("input[type=file]").set_input_files(tmp_path / "large.log")
    expect(page.locator(".attachment")).to_contain_text(f"{lines * len(LINE):,} characters", timeout=PATIENCE_MS)
    page.get_by_label("Your message").fill("How long is it?")
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_have_text(f"{lines * len(LINE)} characters, end at last", timeout=PATIENCE_MS)
