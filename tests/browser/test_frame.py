"""The frame around all pages: how fast it is there, that nothing jumps, themes, the keyboard, phones."""

from __future__ import annotations

import os

import pytest
from playwright.sync_api import expect

from .conftest import DESK, PHONE, Theme, Visitor
from .serving import Wheel

MEASURE = """
window.shifted = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""
PAGES = ("chat", "tasks", "sessions", "agents", "overview", "organisation")
LOOP = ("```python\nprint('a line')\n```", "```python\nprint('another')\n```", "```python\nFINAL('One **two**.')\n```")


def test_the_console_is_there_within_a_second(visitor: Visitor, wheel: Wheel) -> None:
    """From the address to the chat ready for words, with nothing kept from before; the best of three."""
    most = 1_000 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # others are at work, too
    times: list[float] = []
    while len(times) < 3 and min(times, default=most) >= most:
        context = visitor.context()
        context.request.post(f"{wheel.url}/api/login", data={"key": wheel.key})
        page = context.new_page()
        page.goto(f"{wheel.url}/#/chat", wait_until="commit")
        page.get_by_label("Your message").wait_for()
        times.append(page.evaluate("performance.now()"))
    assert min(times) < most, times
    sizes = page.evaluate("performance.getEntriesByType('resource').map((e) => [e.name, e.transferSize])")
    assert sum(size for _, size in sizes) < 300_000, sizes


@pytest.mark.parametrize("size", [PHONE, DESK])
def test_nothing_jumps(visitor: Visitor, wheel: Wheel, size: tuple[int, int]) -> None:
    """Neither while a page loads nor while an answer comes in."""
    if not any(agent["name"] == "loop" for agent in wheel.call("GET", "/api/agents")["items"]):
        wheel.agent("loop")
        wheel.script.say("Say it", *LOOP)
    context = visitor.context(size=size)
    context.add_init_script(MEASURE)
    context.request.post(f"{wheel.url}/api/login", data={"key": wheel.key})
    page = context.new_page()
    shifts = {}
    for name in PAGES:
        page.goto(f"{wheel.url}/#/{name}")
        page.wait_for_load_state("networkidle")
        shifts[name] = page.evaluate("window.shifted")
        page.goto("about:blank")
    assert not {name: shift for name, shift in shifts.items() if shift > 0.03}
    page.goto(f"{wheel.url}/#/chat")
    page.get_by_label("Agent", exact=True).select_option("loop")
    page.get_by_label("Your message").fill("Say it.")
    page.keyboard.press("Enter")
    expect(page.locator(".turn-facts time")).to_have_count(1)
    page.wait_for_timeout(300)
    assert page.evaluate("window.shifted") < 0.05


def test_the_theme_is_chosen_and_kept(visitor: Visitor) -> None:
    """The switch goes before the system's theme, also after a reload."""
    page = visitor.enter(theme="light")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.get_by_role("button", name="Use the dark theme").click()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark != light
    page.reload()
    expect(page.get_by_role("button", name="Use the light theme")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark


def test_the_menu_of_a_phone_opens_and_closes(visitor: Visitor) -> None:
    """By its button, by Escape, and by choosing a page."""
    page = visitor.enter("#/overview", size=PHONE)
    links = page.get_by_role("navigation", name="Main").get_by_role("link")
    expect(links.first).not_to_be_visible()
    page.get_by_role("button", name="Menu").click()
    expect(links.first).to_be_visible()
    page.get_by_role("link", name="Chat").press("Escape")
    expect(links.first).not_to_be_visible()
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Chat").click()
    expect(page.get_by_label("Your message")).to_be_visible()
    expect(links.first).not_to_be_visible()


def test_the_keyboard_reaches_the_content_first(visitor: Visitor) -> None:
    """The first stop skips the navigation; the focus is always seen."""
    page = visitor.enter("#/overview")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"


def test_members_see_no_organisation(visitor: Visitor, wheel: Wheel) -> None:
    """What is an admin's business does not stand in a member's navigation."""
    page = visitor.enter(key=wheel.member("ada"))
    expect(page.get_by_role("link", name="Tasks")).to_be_visible()
    expect(page.get_by_role("link", name="Organisation")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_revoked_key_ends_the_page(visitor: Visitor, wheel: Wheel, theme: Theme) -> None:
    """Whoever's key is revoked stands before the login page, and is told why."""
    name = f"guest-{theme}"
    key = wheel.member(name)
    page = visitor.enter(key=key, theme=theme)
    (row,) = [each for each in wheel.call("GET", "/api/keys")["items"] if each["user_name"] == name]
    wheel.call("DELETE", f"/api/keys/{row['key_id']}", 204)
    page.get_by_label("Search in sessions").fill("x")
    expect(page.get_by_label("API key")).to_be_visible()
    expect(page.get_by_text("You are logged out")).to_be_visible()
    visitor.check_accessible(page)
