"""Logging in and out."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from .conftest import PHONE, WALL, Theme, Visitor
from .serving import Wheel


def test_a_key_logs_in_and_the_button_logs_out(visitor: Visitor, wheel: Wheel) -> None:
    """Whoever gives a key sees the chat, also after a reload, and the login page again after logging out."""
    page = visitor.context().new_page()
    page.goto(wheel.url)
    page.get_by_label("API key").fill(wheel.key)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.reload()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("API key")).to_be_visible()
    page.reload()
    expect(page.get_by_label("API key")).to_be_visible()


def test_a_key_in_the_address_logs_in_and_leaves_it(visitor: Visitor, wheel: Wheel) -> None:
    """`#key=…` logs in, and is neither in the address nor in the history any more."""
    page = visitor.context().new_page()
    page.goto(f"{wheel.url}/#key={wheel.key}")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert "gwk_" not in page.url
    assert "gwk_" not in page.content()


def test_a_wrong_key_is_refused_in_words(visitor: Visitor, wheel: Wheel) -> None:
    """A wrong key keeps one where one is, with the reason told to screen readers, too."""
    page = visitor.context().new_page()
    page.goto(wheel.url)
    page.get_by_label("API key").fill("gwk_wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("key")
    expect(page.get_by_label("API key")).to_be_focused()
    assert page.get_by_role("navigation").count() == 0


def test_a_key_in_the_address_does_not_replace_a_login_unasked(visitor: Visitor, wheel: Wheel) -> None:
    """A link can't make somebody into somebody else: whoever is logged in is asked first."""
    other = wheel.member("mallory")
    page = visitor.enter()
    page.goto(f"{wheel.url}/#key={other}")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert page.evaluate("fetch('/api/me').then(r => r.json())")["role"] == "admin"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_login_page_is_for_everybody(visitor: Visitor, wheel: Wheel, theme: Theme) -> None:
    """No serious fault of accessibility, and no sideways scrolling on a phone or a large screen."""
    for size in (PHONE, WALL):
        page = visitor.context(theme, size).new_page()
        page.goto(wheel.url)
        expect(page.get_by_label("API key")).to_be_visible()
        visitor.check_fits(page)
    visitor.check_accessible(page)
