"""Agents and the organisation in the console, in a real browser; and what members see of all pages."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from greatwheel.registry.definitions import AgentEntry, BudgetEntry

from .conftest import Visitor
from .serving import Wheel

FIRST = "def handle(task):\n    return 'first'\n"
SECOND = "def handle(task):\n    # Now it is better.\n    return 'second'\n"


def confirmed(page: Page, action: str) -> None:
    """Press the button in the dialog that asks."""
    page.get_by_role("dialog").get_by_role("button", name=action, exact=True).click()


def test_an_agent_is_made_changed_compared_and_rolled_back(visitor: Visitor, wheel: Wheel) -> None:
    """Each change is a version; the diff tells by signs and words what changed; a rollback shows it first."""
    page = visitor.enter("#/agents")
    page.get_by_role("link", name="New agent").click()
    page.get_by_label("Name").fill("wise")
    page.get_by_role("textbox", name="Code").fill(FIRST)
    page.get_by_label("May call").fill("web_*, agent:*")
    page.get_by_label("Tokens").fill("5000")
    page.get_by_role("button", name="Make the agent").click()
    expect(page.get_by_role("heading", name="wise")).to_be_visible()
    assert wheel.call("GET", "/api/agents/wise")["tools"] == ["web_*", "agent:*"]
    page.get_by_role("link", name="Change").click()
    page.get_by_role("textbox", name="Code").fill(SECOND)
    page.get_by_role("button", name="Save").click()
    versions = page.get_by_role("table", name="Versions")
    expect(versions.get_by_role("row")).to_have_count(3)
    assert wheel.call("GET", "/api/agents/wise")["budget"] == {"tokens": 5000}
    versions.get_by_role("link", name="Compare").click()
    diff = page.get_by_role("region", name="What changed")
    expect(diff.locator("ins").first).to_have_text("+    # Now it is better.")
    expect(diff.locator("del")).to_have_text("-    return 'first'")
    expect(page.get_by_text("2 lines added, 1 removed")).to_be_visible()
    page.get_by_label("The version before").select_option("2")
    expect(page.get_by_text("the same code")).to_be_visible()
    page.get_by_role("link", name="wise").click()
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("dialog").locator("ins")).to_have_text("+    return 'first'")
    confirmed(page, "Roll back")
    expect(page.get_by_role("heading", name="Code of version 3")).to_be_visible()
    expect(versions.get_by_role("row").nth(1)).to_contain_text("rollback")
    assert wheel.call("GET", "/api/agents/wise/versions/3")["source"] == FIRST


def test_saving_an_agent_keeps_all_of_it(visitor: Visitor, wheel: Wheel) -> None:
    """The form has everything that the API takes: what was not changed in it is as it was."""
    given = {
        "source": FIRST,
        "description": "Knows colours.",
        "model": None,
        "engine": "ouros",
        "instructions": "Be brief.\nBe kind.",
        "tools": ["web_*"],
        "denied": ["web_post"],
        "budget": {name: number for number, name in enumerate(BudgetEntry.model_fields, start=3)},
    }
    assert set(given) == set(AgentEntry.model_fields) - {"file", "git", "path", "revision"}
    wheel.agent("whole", **given)
    page = visitor.enter("#/agents/whole")
    expect(page.get_by_text("Be brief.")).to_be_visible()
    page.get_by_role("link", name="Change").click()
    page.get_by_label("What it is for").fill("Knows all colours.")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Knows all colours.")).to_be_visible()
    kept = wheel.call("GET", "/api/agents/whole")
    changed = {**given, "description": "Knows all colours."}
    del changed["source"]
    assert {name: kept[name] for name in changed} == changed
    assert wheel.call("GET", "/api/agents/whole/versions/1")["source"] == FIRST


def test_what_is_wrong_with_an_agent_is_told_where_it_is(visitor: Visitor, wheel: Wheel) -> None:
    """Code that can't run, a bad name and a bad number are told at their fields, and what was written stays."""
    page = visitor.enter("#/agents?new=1")
    page.get_by_label("Name").fill("not good")
    page.get_by_role("textbox", name="Code").fill("def handle(task:\n    pass\n")
    page.get_by_role("button", name="Make the agent").click()
    expect(page.get_by_label("Name")).to_be_focused()
    expect(page.get_by_label("Name")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Name")).to_have_accessible_description(re.compile("can't be an agent's name"))
    page.get_by_label("Name").fill("good")
    page.get_by_role("button", name="Make the agent").click()
    expect(page.get_by_label("Code")).to_be_focused()
    expect(page.get_by_label("Code")).to_have_accessible_description(re.compile("line 1"))
    expect(page.get_by_label("Code")).to_have_value("def handle(task:\n    pass\n")
    page.get_by_role("textbox", name="Code").fill(FIRST)
    page.get_by_label("Depth").fill("200")
    page.get_by_role("button", name="Make the agent").click()
    expect(page.get_by_label("Depth")).to_be_focused()
    expect(page.get_by_label("Code")).not_to_have_attribute("aria-invalid", "true")
    wheel.call("GET", "/api/agents/good", 404)


def test_an_agent_is_removed(visitor: Visitor, wheel: Wheel) -> None:
    """After a question; a loop without code can be made in the same form."""
    page = visitor.enter("#/agents?new=1")
    page.get_by_label("Name").fill("looping")
    page.get_by_label("Kind").select_option(label="No code: the loop does its tasks")
    expect(page.get_by_label("Code", exact=True)).to_be_hidden()
    page.get_by_role("button", name="Make the agent").click()
    expect(page.get_by_text("No code", exact=True)).to_be_visible()
    page.get_by_role("button", name="Remove").click()
    confirmed(page, "Remove the agent")
    expect(page.get_by_role("heading", name="Agents")).to_be_visible()
    expect(page.get_by_role("link", name="looping")).to_have_count(0)


def test_a_key_is_shown_once_and_revoked(visitor: Visitor, wheel: Wheel) -> None:
    """The key that is shown works; later only its beginning is told; once revoked it works no more."""
    page = visitor.enter("#/organisation/keys")
    page.get_by_role("button", name="New key").click()
    page.get_by_label("Label").fill("laptop")
    page.get_by_role("button", name="Make the key").click()
    made = page.get_by_role("dialog").locator(".secret").inner_text()
    assert wheel.call("GET", "/api/me", key=made)["role"] == "admin"
    page.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("row").filter(has_text="laptop")
    expect(row).to_contain_text("valid")
    assert made not in page.content()
    expect(page.get_by_role("button", name="New key")).to_be_focused()
    row.get_by_role("button", name="Revoke laptop").click()
    confirmed(page, "Revoke the key")
    expect(row).to_contain_text("revoked")
    wheel.call("GET", "/api/me", 401, key=made)


def test_limits_are_set_and_show_their_use(visitor: Visitor, wheel: Wheel) -> None:
    """A limit is a meter that says in words how full it is; it is changed and taken away."""
    wheel.agent("quick", FIRST)
    page = visitor.enter("#/organisation/limits")
    page.get_by_role("button", name="New limit").click()
    page.get_by_label("What").select_option("tasks")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("at least one number")
    page.get_by_label("Warn at").fill("1")
    page.get_by_label("Stop at").fill("50")
    page.get_by_role("button", name="Save").click()
    meter = page.get_by_role("meter", name="Tasks a day, the organisation")
    expect(meter).to_have_attribute("aria-valuetext", "0 of 50")
    wheel.ended(wheel.submit("use it", agent="quick")["task_id"])
    page.reload()
    expect(meter).to_have_attribute("aria-valuetext", "1 of 50")
    expect(page.locator(".meter-card")).to_contain_text("near")
    page.get_by_role("button", name="Change: Tasks a day, the organisation").click()
    page.get_by_label("Stop at").fill("60")
    page.get_by_role("button", name="Save").click()
    expect(meter).to_have_attribute("aria-valuetext", "1 of 60")
    page.get_by_role("button", name="Take away").click()
    confirmed(page, "Take it away")
    expect(page.get_by_text("No limits")).to_be_visible()
    assert wheel.call("GET", "/api/limits")["items"] == []


def test_a_user_is_made_changed_and_disabled(visitor: Visitor, wheel: Wheel) -> None:
    """What the server refuses is told in the dialog; who is disabled is locked out."""
    page = visitor.enter("#/organisation/users")
    for name in ("grace", "grace"):
        page.get_by_role("button", name="New user").click()
        page.get_by_role("dialog").get_by_label("Name").fill(name)
        page.get_by_role("dialog").get_by_label("Their tasks may").fill("web_*")
        page.get_by_role("button", name="Make the user").click()
        expect(page.get_by_role("row").filter(has_text="grace")).to_be_attached()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("exists already")
    page.keyboard.press("Escape")
    key = wheel.call("POST", "/api/keys", 201, json={"user": "grace"})["key"]
    page.get_by_role("button", name="Change grace").click()
    page.get_by_label("Role").select_option("admin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").filter(has_text="grace")).to_contain_text("admin")
    page.get_by_role("button", name="Disable grace").click()
    confirmed(page, "Disable")
    expect(page.get_by_role("row").filter(has_text="grace")).to_contain_text("disabled")
    wheel.call("GET", "/api/me", 401, key=key)
    page.get_by_role("button", name="Enable grace").click()
    expect(page.get_by_role("button", name="Disable grace")).to_be_focused()
    assert wheel.call("GET", "/api/me", key=key)["allow"] == ["web_*"]


def test_secrets_are_set_and_deleted_and_never_shown(visitor: Visitor, wheel: Wheel) -> None:
    """Names alone are shown; a value that is too short is refused in the dialog."""
    page = visitor.enter("#/organisation/secrets")
    page.get_by_role("button", name="New secret").click()
    page.get_by_label("Name").fill("MAIL_KEY")
    page.get_by_label("Value").fill("short")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("alert")).not_to_be_empty()
    page.get_by_label("Value").fill("a long hidden value")
    page.get_by_role("button", name="Set", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="MAIL_KEY")).to_be_visible()
    assert "a long hidden value" not in page.content()
    page.get_by_role("button", name="Delete MAIL_KEY").click()
    confirmed(page, "Delete")
    expect(page.get_by_text("No secrets")).to_be_visible()
    assert wheel.call("GET", "/api/secrets")["items"] == []


def test_the_settings_of_the_organisation_are_saved(visitor: Visitor, wheel: Wheel) -> None:
    """What is saved is what the API tells, and what the form shows after a reload."""
    page = visitor.enter("#/organisation/settings")
    page.get_by_label("Tasks at once").fill("7")
    page.get_by_label("Triage agent").select_option("research")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    told = wheel.call("GET", "/api/organisation")
    assert (told["concurrency"], told["triage_agent"]) == (7, "research")
    page.reload()
    expect(page.get_by_label("Tasks at once")).to_have_value("7")


def test_members_see_what_they_may(visitor: Visitor, wheel: Wheel) -> None:
    """Their own tasks and sessions, agents without buttons that change them, no organisation."""
    wheel.agent("plain", FIRST)
    wheel.call("PUT", "/api/agents/plain", json={"source": SECOND})
    wheel.ended(wheel.submit("of the admin", agent="plain")["task_id"])
    key = wheel.member("ada")
    own = wheel.call("POST", "/api/tasks", 202, key=key, json={"input": "of ada", "agent": "plain"})
    wheel.ended(own["task_id"])
    page = visitor.enter("#/tasks?view=list", key=key)
    expect(page.get_by_role("link", name="of ada")).to_be_visible()
    expect(page.get_by_role("link", name="of the admin")).to_have_count(0)
    expect(page.get_by_role("columnheader", name="User")).to_have_count(0)
    navigation = page.get_by_role("navigation", name="Main")
    expect(navigation.get_by_role("link", name="Organisation")).to_have_count(0)
    page.goto(f"{wheel.url}/#/organisation")
    expect(page.get_by_text("Only admins see the organisation.")).to_be_visible()
    page.goto(f"{wheel.url}/#/agents")
    expect(page.get_by_role("link", name="plain")).to_be_visible()
    expect(page.get_by_role("link", name="New agent")).to_have_count(0)
    page.goto(f"{wheel.url}/#/agents/plain")
    expect(page.get_by_role("link", name="Compare")).to_be_visible()
    for name in ("Roll back", "Remove", "Change"):
        expect(page.get_by_role("button", name=name).or_(page.get_by_role("link", name=name))).to_have_count(0)
    page.goto(f"{wheel.url}/#/agents/plain/edit")
    expect(page.get_by_text("Agents are changed by admins.")).to_be_visible()
    page.goto(f"{wheel.url}/#/overview")
    expect(page.get_by_text("Of your own tasks.")).to_be_visible()
    page.goto(f"{wheel.url}/#/tasks/{wheel.submit('secret of the admin', agent='plain')['task_id']}")
    expect(page.get_by_role("alert")).to_contain_text("There is no task")


@pytest.mark.parametrize("place", ["tasks", "sessions", "agents"])
def test_nothing_that_is_not_there_is_an_empty_page(visitor: Visitor, place: str) -> None:
    """An address of something that is not there says so, and the navigation goes on."""
    page = visitor.enter(f"#/{place}/nothing_here")
    expect(page.get_by_role("alert")).to_contain_text(re.compile("no (task|session|agent)"))
