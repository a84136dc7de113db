"""The tasks, sessions and overview of the console, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from .conftest import LONGEST_MS, Visitor
from .serving import Wheel

COUNTER = "def handle(task):\n    return len(task['input'])\n"
ASKER = "def handle(task):\n    return 'It was ' + channel.ask('Which one do you mean?')\n"
CHOOSER = "def handle(task):\n    return channel.ask('Which colour?', choices=['red', 'green'])\n"
BREAKER = "def handle(task):\n    raise ValueError('there is no header row')\n"
PARENT = "def handle(task):\n    return agent.call('counter', task['input'])\n"
KEEPER = "def handle(task):\n    global word\n    word = task['input']\n    return word\n"


@pytest.fixture(scope="module", autouse=True)
def agents(wheel: Wheel) -> None:
    """Agents that need no model."""
    sources = {
        "counter": COUNTER, "asker": ASKER, "chooser": CHOOSER, "breaker": BREAKER, "parent": PARENT, "keeper": KEEPER,
    }  # fmt: skip
    for name, source in sources.items():
        wheel.agent(name, source)


def done(wheel: Wheel, text: str, agent: str, **order: Any) -> dict[str, Any]:
    """A task that has ended, or waits for a person."""
    return wheel.ended(wheel.submit(text, agent=agent, **order)["task_id"])


def column(page: Page, name: str) -> Locator:
    """A column of the board."""
    return page.get_by_role("region", name=name, exact=True)


def confirmed(page: Page, action: str) -> None:
    """Press the button in the dialog that asks."""
    page.get_by_role("dialog").get_by_role("button", name=action).click()


def test_a_task_that_waits_is_cancelled_and_one_that_failed_begins_anew(visitor: Visitor, wheel: Wheel) -> None:
    """Both from the board, after a question; the board shows what became of them, and why one failed."""
    done(wheel, "find it for me", "asker")
    failed = done(wheel, "read the broken table", "breaker")
    page = visitor.enter("#/tasks?view=board")
    waiting = column(page, "Waiting").get_by_role("listitem").filter(has_text="find it for me")
    expect(waiting).to_contain_text("Asks: Which one do you mean?")
    waiting.get_by_role("button", name="Cancel the task").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel", exact=True).click()
    expect(waiting).to_be_visible()
    waiting.get_by_role("button", name="Cancel the task").click()
    confirmed(page, "Cancel the task")
    expect(column(page, "Done").get_by_role("listitem").filter(has_text="find it for me")).to_contain_text("cancelled")
    broken = column(page, "Failed or dead").get_by_role("listitem").filter(has_text="read the broken table")
    expect(broken).to_contain_text("ValueError: there is no header row")
    broken.get_by_role("button", name="Try again").click()
    confirmed(page, "Begin anew")
    expect(broken).to_be_visible()
    wheel.ended(failed["task_id"])
    assert len(wheel.call("GET", f"/api/tasks/{failed['task_id']}/events")["items"]) > 0


def test_a_dead_task_tells_why_and_goes_on_when_that_is_mended(visitor: Visitor, wheel: Wheel) -> None:
    """The reason stands on its card, on its page and in the list of dead ones; a new try needs no question."""
    wheel.agent("lost", model="no-such-model")
    wheel.script.say("wait for a model", "```python\nFINAL('it is there')\n```")
    dead = done(wheel, "wait for a model", "lost")
    page = visitor.enter("#/tasks?status=dead")
    expect(page.get_by_role("row").filter(has_text="wait for a model")).to_contain_text("There is no model")
    page.get_by_role("link", name="wait for a model").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no model 'no-such-model'")
    wheel.call("PUT", "/api/agents/lost", json={"model": None})
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".title .badge")).to_have_text("done", timeout=LONGEST_MS)
    assert wheel.call("GET", f"/api/tasks/{dead['task_id']}")["answer"] == "it is there"


def test_the_board_is_kept_up_to_date_and_does_not_flicker(visitor: Visitor, wheel: Wheel) -> None:
    """A new task comes by itself; the cards that were there stay the same elements, and the focus stays in them."""
    done(wheel, "the old one", "counter")
    page = visitor.enter("#/tasks?view=board")
    link = column(page, "Done").get_by_role("link", name="the old one")
    link.focus()
    link.evaluate("node => { node.mark = 'the same'; }")
    done(wheel, "the new one", "counter")
    expect(column(page, "Done").get_by_role("link", name="the new one")).to_be_visible()
    assert link.evaluate("node => node.mark") == "the same"
    expect(link).to_be_focused()


def test_a_server_that_is_away_is_told_and_waited_for(visitor: Visitor, wheel: Wheel) -> None:
    """What was shown stays; a line says that it is not up to date, until it is again."""
    done(wheel, "still here", "counter")
    page = visitor.enter("#/tasks?view=list&agent=counter")
    page.route("**/api/tasks?*", lambda route: route.fulfill(status=429, body="{}", content_type="application/json"))
    expect(page.get_by_text("Not up to date")).to_be_visible()
    expect(page.get_by_role("link", name="still here")).to_be_visible()
    page.unroute("**/api/tasks?*")
    expect(page.get_by_text("Not up to date")).to_have_count(0, timeout=LONGEST_MS)


def test_what_is_asked_for_stands_in_the_address(visitor: Visitor, wheel: Wheel) -> None:
    """Filters change the address without a new entry of the history; an address gives the same list again."""
    done(wheel, "one of the breaker", "breaker")
    done(wheel, "one of the counter", "counter")
    page = visitor.enter("#/tasks?view=list")
    page.get_by_label("Agent").select_option("breaker")
    page.get_by_label("State").select_option("failed")
    expect(page.get_by_role("link", name="one of the breaker")).to_be_visible()
    expect(page.get_by_role("link", name="one of the counter")).to_have_count(0)
    assert "agent=breaker" in page.url
    assert "status=failed" in page.url
    page.reload()
    expect(page.get_by_role("link", name="one of the breaker")).to_be_visible()
    expect(page.get_by_label("State")).to_have_value("failed")
    page.get_by_label("State").select_option("dead")
    expect(page.get_by_text("No such task")).to_be_visible()


def test_tasks_that_tasks_started_are_shown_when_asked_for(visitor: Visitor, wheel: Wheel) -> None:
    """The list has what people gave, and on demand what was started below; a task's page has its children."""
    parent = done(wheel, "count by somebody else", "parent")
    page = visitor.enter("#/tasks?view=list&agent=counter")
    expect(page.locator("#main .listing, #main .empty").first).to_be_visible()
    expect(page.get_by_role("link", name="count by somebody else")).to_have_count(0)
    page.get_by_label("Started by tasks, too").check()
    expect(page.get_by_role("link", name="count by somebody else")).to_have_count(1)
    page.goto(f"{wheel.url}/#/tasks/{parent['task_id']}")
    below = page.get_by_role("region", name="Tasks that it started")
    below.get_by_role("link", name="count by somebody else").click()
    expect(page.get_by_role("definition").filter(has_text=parent["task_id"])).to_be_visible()


def test_a_task_shows_what_happened_as_it_happens(visitor: Visitor, wheel: Wheel) -> None:
    """A question appears at its task, is answered there, and the answer of the task comes without a reload."""
    task = wheel.submit("find the one", agent="asker")
    page = visitor.enter(f"#/tasks/{task['task_id']}")
    question = page.get_by_role("region", name="Question", exact=True)
    expect(question).to_contain_text("Which one do you mean?")
    question.get_by_label("Your answer").fill("that of June")
    question.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("region", name="Answer", exact=True)).to_contain_text("It was that of June")
    expect(question).to_have_count(0)
    events = page.get_by_role("list", name="Events")
    expect(events).to_contain_text("Which one do you mean?")
    expect(events).to_contain_text("the code ran")
    expect(page.get_by_role("table", name="Journal")).to_contain_text("channel.ask")
    choosing = wheel.ended(wheel.submit("choose one", agent="chooser")["task_id"])
    page.goto(f"{wheel.url}/#/tasks/{choosing['task_id']}")
    page.get_by_role("button", name="green").click()
    expect(page.get_by_role("region", name="Answer", exact=True)).to_contain_text("green")


def test_steps_of_a_loop_are_told_with_their_code(visitor: Visitor, wheel: Wheel) -> None:
    """Each step has what the model wrote, what was printed and what it cost."""
    wheel.script.say("loop for me", "```python\nprint(6 * 7)\n```", "```python\nFINAL('forty-two')\n```")
    wheel.agent("helper")
    task = done(wheel, "loop for me", "helper", instructions="Be brief about it.")
    page = visitor.enter(f"#/tasks/{task['task_id']}")
    events = page.get_by_role("list", name="Events")
    expect(events).to_contain_text("print(6 * 7)")
    expect(page.get_by_text("Its own instructions: Be brief about it.")).to_be_visible()
    expect(events).to_contain_text("Printed: 42")
    expect(page.get_by_role("definition").filter(has_text="model calls")).to_contain_text("tokens")


def test_a_session_is_inspected_forked_and_taken_back(visitor: Visitor, wheel: Wheel) -> None:
    """Variables, exchanges, journal, points are shown; a fork goes on from a point; a rewind forgets what followed."""
    first = done(wheel, "alpha", "keeper")
    session = first["session_id"]
    done(wheel, "beta", "keeper", session_id=session)
    page = visitor.enter("#/sessions")
    page.get_by_role("link", name="alpha").click()
    expect(page.get_by_role("row").filter(has_text="word")).to_contain_text("beta")
    page.get_by_role("link", name="Journal").click()
    expect(page.locator(".task-fold")).to_have_count(2)
    page.locator(".task-fold summary").filter(has_text="alpha").click()
    expect(page.locator(".task-fold[open]")).to_contain_text("Show the task")
    page.get_by_role("link", name="Points").click()
    page.get_by_role("row").filter(has_text="alpha").get_by_role("button", name="Fork from here").click()
    expect(page).not_to_have_url(re.compile(session))
    expect(page.get_by_role("row").filter(has_text="word")).to_contain_text("alpha")
    page.get_by_role("link", name="Lineage").click()
    expect(page.locator(".tree > ul > li > ul")).to_contain_text("This session")
    page.goto(f"{wheel.url}/#/sessions/{session}/history")
    exchange = page.locator(".exchanges > li").filter(has_text="alpha")
    exchange.get_by_role("button", name="Rewind to here").click()
    confirmed(page, "Rewind")
    expect(page.locator(".exchanges > li")).to_have_count(1)
    variables = wheel.call("GET", f"/api/sessions/{session}/variables")["items"]
    assert [each["preview"] for each in variables if each["name"] == "word"] == ["'alpha'"]


def test_a_session_loses_its_key_and_ends(visitor: Visitor, wheel: Wheel) -> None:
    """Both are asked about first; what is over can still be looked at and forked."""
    session = done(wheel, "gamma", "keeper")["session_id"]
    page = visitor.enter(f"#/sessions/{session}")
    page.get_by_role("button", name="Revoke its key").click()
    confirmed(page, "Revoke the key")
    expect(page.get_by_text("worth nothing now")).to_be_visible()
    page.get_by_role("button", name="End", exact=True).click()
    confirmed(page, "End the session")
    expect(page.locator("#main .badge").filter(has_text="ended").first).to_be_visible()
    assert wheel.call("GET", f"/api/sessions/{session}")["status"] == "ended"
    expect(page.get_by_role("button", name="Fork", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="End", exact=True)).to_have_count(0)


def test_sessions_are_found_by_what_was_said(visitor: Visitor, wheel: Wheel) -> None:
    """The list narrows while one writes, keeps the focus, and the address keeps the search."""
    done(wheel, "about zebras", "keeper")
    done(wheel, "about lions", "keeper")
    page = visitor.enter("#/sessions")
    search = page.get_by_label("Search what was said")
    search.fill("ZEBRA")
    expect(page.get_by_role("link", name="about lions")).to_have_count(0)
    expect(page.get_by_role("link", name="about zebras")).to_be_visible()
    expect(search).to_be_focused()
    assert "search=ZEBRA" in page.url
    search.fill("no such thing")
    expect(page.get_by_text("No such session")).to_be_visible()


def test_the_overview_counts_and_draws(visitor: Visitor, wheel: Wheel) -> None:
    """Numbers are links to the tasks; each chart has its numbers as a table; a new task counts by itself."""
    done(wheel, "for the overview", "counter")
    page = visitor.enter("#/overview?hours=6")
    told = wheel.call("GET", "/api/overview?hours=6")
    waiting = page.get_by_role("link", name=re.compile("^Waiting"))
    expect(waiting).to_contain_text(str(told["tasks"]["waiting"]))
    figure = page.get_by_role("figure", name=None).filter(has_text="Tasks that ended").first
    figure.get_by_text("As a table").click()
    rows = figure.get_by_role("row")
    expect(rows).to_have_count(7)
    errors = sum(each["errors"] for each in told["hours"])
    assert sum(int(row.get_by_role("cell").last.inner_text()) for row in rows.all()[1:]) == errors
    expect(page.get_by_role("region", name="Health", exact=True)).to_contain_text("1 worker alive")
    done(wheel, "one that asks", "asker")
    expect(waiting).to_contain_text(str(told["tasks"]["waiting"] + 1))
    waiting.click()
    expect(page.get_by_role("link", name="one that asks")).to_be_visible()
