"""What holds for every page of the console: everybody can use it, it fits every screen, and runs nobody's scripts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import PHONE, WALL, Theme, Visitor
from .serving import Wheel

EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>'
"""What runs if text becomes HTML anywhere."""
LINK = "[press](javascript:window.pwned=1)"
EVIL_SOURCE = f"""# {EVIL}
def handle(task):
    global evil_variable
    evil_variable = {EVIL!r}
    return evil_variable + ' ' + {LINK!r}
"""
CHANGED_SOURCE = EVIL_SOURCE.replace("# ", "# changed: ")
RAISING = f"def handle(task):\n    raise ValueError({EVIL!r})\n"
ASKING = f"def handle(task):\n    return channel.ask({EVIL!r}, choices=[{EVIL!r}, 'no'])\n"
HOSTILE = frozenset(
    {
        "agent", "allow", "answer", "answered", "asked", "denied", "deny", "description", "detail", "diff", "engine",
        "error", "error_code", "events", "hint", "input", "instructions", "label", "message", "model", "name", "note",
        "observation", "outcome", "path", "preview", "question", "reason", "request", "sha256", "size", "source",
        "stdout", "text", "title", "tools", "triage_agent", "type", "url", "user_name",
    }
)  # fmt: skip
"""What of the API's answers is made a script. Some of it the server would never take; the pages don't know that."""
ANSWERS = re.compile(r"/(api/|health$)")
SETTLED_MS = 300
"""For what is loaded after a page is there: Markdown, what was unfolded."""
SHIFTS = """window.shifts = 0;
new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shifts += entry.value; }))
  .observe({ type: "layout-shift", buffered: true });"""
RESTYLED = """sheet => {
  const nodes = [...document.querySelectorAll("#main, #main *")];
  const looks = () => nodes.map((node) => {
    const style = getComputedStyle(node);
    return new Map([...style].map((name) => [name, style.getPropertyValue(name)]));
  });
  const before = looks();
  document.querySelector(`link[href$="/${sheet}"]`).disabled = true;
  const after = looks();
  const changed = (place) => [...before[place]].filter(([name, value]) => after[place].get(name) !== value);
  return nodes.map((node, place) => [node.cloneNode().outerHTML, ...changed(place).slice(0, 3).map(String)])
    .filter((told) => told.length > 1);
}"""
"""What looks otherwise without that style sheet, and the first of what is otherwise with it."""
SPARED = ("/api/login",)
TOLD = {
    "run.started": {"model": EVIL},
    "step.started": {"step": 1},
    "model.delta": {"step": 1, "text": EVIL},
    "model.replied": {"step": 1, "text": EVIL, "code": EVIL, "usage": {"prompt_tokens": 1}},
    "host_call.served": {"step": 1, "call": 1, "name": EVIL, "request": EVIL, "error": EVIL, "seconds": 0.1},
    "step.completed": {
        "step": 1, "outcome": EVIL, "stdout": EVIL, "observation": EVIL, "error": EVIL, "hint": EVIL, "seconds": 0.1,
    },
    "message.sent": {"text": EVIL, "channel": EVIL},
    "question.asked": {"question": EVIL, "choices": [EVIL], "call": 9},
    "question.answered": {"call": 9},
    "limit.warned": {"metric": EVIL, "at": EVIL},
    "run.completed": {"outcome": EVIL, "reason": EVIL},
    "constructor": {"text": EVIL},
    EVIL: {EVIL: EVIL},
}  # fmt: skip
"""Events whose every text is a script, and two of types that there are not."""


@pytest.fixture(scope="module")
def house(wheel: Wheel) -> dict[str, Any]:
    """An organisation in which much that somebody may choose is a script; gives ids by name."""
    wheel.agent("evil", EVIL_SOURCE, description=EVIL)
    wheel.call("PUT", "/api/agents/evil", json={"source": CHANGED_SOURCE, "description": EVIL})
    wheel.agent("raising", RAISING)
    wheel.agent("asking", ASKING)
    wheel.agent("elsewhere", description=EVIL, model=EVIL)
    key = wheel.member("eve")
    wheel.call("POST", "/api/keys", 201, json={"user": "eve", "label": EVIL})
    wheel.call("PUT", "/api/limits", 204, json={"metric": "tasks", "period": "day", "soft": 1, "user": "eve"})
    wheel.call("PUT", "/api/secrets/NAMED", 204, json={"value": "something hidden"})
    wheel.call("POST", "/api/webhooks", 201, json={"name": "pushes", "user": "eve"})
    order = {"url": "http://127.0.0.1:9/nobody", "events": ["task.ended", "question.asked"]}
    subscription = wheel.call("POST", "/api/webhooks/outbound", 201, json=order)["subscription_id"]
    told = {}
    for name in ("evil", "raising", "asking"):
        made = wheel.call("POST", "/api/tasks", 202, key=key, json={"input": EVIL, "agent": name})
        told[name] = wheel.ended(made["task_id"])
    session = told["evil"]["session_id"]
    fork = wheel.call("POST", f"/api/sessions/{session}/fork", 201, json={})["session_id"]
    return {
        **{name: task["task_id"] for name, task in told.items()},
        "session": session,
        "asked": told["asking"]["session_id"],
        "fork": fork,
        "subscription": subscription,
    }


PLACES = (
    "#/chat",
    "#/chat/{session}",
    "#/tasks?view=board",
    "#/tasks?view=list&below=1",
    "#/tasks/{evil}",
    "#/tasks/{raising}",
    "#/tasks/{asking}",
    "#/sessions?below=1",
    "#/sessions/{session}/variables",
    "#/sessions/{session}/history",
    "#/sessions/{session}/journal",
    "#/sessions/{session}/points",
    "#/sessions/{fork}/lineage",
    "#/agents",
    "#/agents?new=1",
    "#/agents/evil",
    "#/agents/evil/edit",
    "#/agents/evil/diff?from=1&to=2",
    "#/agents/elsewhere",
    "#/organisation/users",
    "#/organisation/keys",
    "#/organisation/limits",
    "#/organisation/secrets",
    "#/organisation/webhooks",
    "#/organisation/webhooks/{subscription}",
    "#/organisation/settings",
    "#/overview",
)


JUMPY = ("#/tasks?view=board", "#/tasks/{evil}", "#/sessions/{session}/history", "#/agents/evil", "#/overview")
"""Pages made of what comes at different times."""
STYLED = (
    "#/chat",
    "#/chat/{session}",
    "#/chat/{asked}",
    "#/tasks?view=board",
    "#/tasks/{evil}",
    "#/tasks/{asking}",
    "#/sessions/{session}/history",
    "#/sessions/{session}/journal",
    "#/agents/evil",
    "#/organisation/webhooks",
    "#/overview",
)
"""Pages that have every part between them."""


def shown(page: Page, wheel: Wheel, place: str, *, unfold: bool = True) -> None:
    """Go there, until it is there."""
    page.goto("about:blank")
    page.goto(f"{wheel.url}/{place}")
    expect(page.locator("#main h1")).to_be_visible()
    expect(page.locator("#main .skeleton:visible")).to_have_count(0)
    for fold in page.locator("#main summary").all() if unfold else ():
        if fold.is_visible():
            fold.click()
    page.wait_for_timeout(SETTLED_MS)


def made_hostile(value: Any, name: str = "") -> Any:
    """The value with a script in every text that is somebody's."""
    if isinstance(value, dict):
        return {key: made_hostile(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [made_hostile(each, name) for each in value]
    return f"{value}{EVIL}" if isinstance(value, str) and name in HOSTILE else value


def answer_hostile(route: Route) -> None:
    """The server's answer, made hostile."""
    if "event-stream" in route.request.headers.get("accept", ""):
        tell_hostile(route)
        return
    answer = route.fetch()
    kind = answer.headers.get("content-type", "")
    if route.request.method != "GET" or "json" not in kind or route.request.url.endswith(SPARED):
        route.fulfill(response=answer)
    else:
        route.fulfill(response=answer, json=made_hostile(answer.json()))


def tell_hostile(route: Route) -> None:
    """A task's events, hostile as can be; then its end."""
    headers = {**route.request.headers, "accept": "*/*"}
    task = route.fetch(url=route.request.url.partition("/events")[0], headers=headers).json()
    told = [*TOLD.items(), ("task.ended", made_hostile(task) | {"status": "failed"})]
    first = int(headers.get("last-event-id", 0)) + 1
    events = [f"id: {id}\nevent: {kind}\ndata: {json.dumps(data)}\n\n" for id, (kind, data) in enumerate(told, first)]
    route.fulfill(content_type="text/event-stream", body="".join(events))


@pytest.mark.parametrize(("theme", "size"), [("light", WALL), ("dark", PHONE)])
def test_every_page_fits_and_is_for_everybody(
    visitor: Visitor, wheel: Wheel, house: dict[str, Any], theme: Theme, size: tuple[int, int]
) -> None:
    """No serious fault of accessibility and no sideways scrolling, with all that can be unfolded unfolded."""
    page = visitor.enter("#/agents", theme=theme, size=size)
    for place in PLACES:
        shown(page, wheel, place.format(**house))
        with blamed(place):
            visitor.check_fits(page)
            visitor.check_accessible(page)
            assert page.evaluate("window.pwned") is None


def test_no_page_runs_what_the_server_tells(visitor: Visitor, wheel: Wheel, house: dict[str, Any]) -> None:
    """A script in any field of any answer is text, also where the server itself would not have taken it."""
    page = visitor.enter("#/agents", size=PHONE)
    page.route(ANSWERS, answer_hostile)
    for place in PLACES:
        shown(page, wheel, place.format(**house))
        with blamed(place):
            assert page.evaluate("window.pwned") is None
            assert page.locator("#main :is(img, script, iframe, a[href^=javascript])").count() == 0
            expect(page.locator("#main")).to_contain_text("onerror")
            visitor.check_fits(page)
    shown(page, wheel, f"#/tasks/{house['asking']}")
    happened = page.get_by_role("list", name="Events").get_by_role("listitem")
    for kind in ("model.replied", "host_call.served", "step.completed", "message.sent", "run.completed"):
        expect(happened.and_(page.locator(f"[data-type='{kind}']")).last).to_contain_text("onerror")


def test_nothing_jumps_while_a_page_is_loaded(visitor: Visitor, wheel: Wheel, house: dict[str, Any]) -> None:
    """What is shown stays where it is: the browser counts no shift of anything that is seen."""
    page = visitor.enter("#/agents", size=PHONE)
    page.add_init_script(SHIFTS)
    for place in JUMPY:
        shown(page, wheel, place.format(**house), unfold=False)
        with blamed(place):
            assert page.evaluate("window.shifts") < 0.02


def test_the_chat_and_the_pages_do_not_restyle_each_other(
    visitor: Visitor, wheel: Wheel, house: dict[str, Any]
) -> None:
    """Without the other's style sheet everything looks the same: no name of a class means two things."""
    page = visitor.enter("#/agents")
    for place in STYLED:
        shown(page, wheel, place.format(**house))
        with blamed(place):
            assert page.evaluate(RESTYLED, "pages.css" if place.startswith("#/chat") else "chat.css") == []


@contextmanager
def blamed(place: str) -> Iterator[None]:
    """Say which page it was."""
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{place}: {error}") from error


def test_scripts_in_dialogs_are_text(visitor: Visitor, wheel: Wheel, house: dict[str, Any]) -> None:
    """Names stand in questions and forms as they were written."""
    page = visitor.enter("#/agents")
    page.route(ANSWERS, answer_hostile)
    page.goto(f"{wheel.url}/#/organisation/users")
    for name in ("Change", "Disable"):
        page.get_by_role("button", name=name).first.click()
        expect(page.get_by_role("dialog")).to_contain_text("<img src=x onerror")
        visitor.check_accessible(page)
        page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.goto(f"{wheel.url}/#/organisation/limits")
    page.get_by_role("button", name="New limit").click()
    expect(page.get_by_role("dialog").get_by_label("Of", exact=True)).to_contain_text("onerror")
    page.keyboard.press("Escape")
    page.unroute(ANSWERS)
    page.goto(f"{wheel.url}/#/agents/evil")
    page.get_by_role("button", name="Roll back").first.click()
    expect(page.get_by_role("dialog").locator("ins").first).to_contain_text("onerror")
    visitor.check_accessible(page)
    assert page.evaluate("window.pwned") is None
    assert page.locator("dialog img, dialog script").count() == 0


def test_a_hostile_answer_is_read_as_text_and_its_links_do_nothing(
    visitor: Visitor, wheel: Wheel, house: dict[str, Any]
) -> None:
    """An agent's answer is Markdown without scripts; a question's choices are buttons with text."""
    page = visitor.enter(f"#/tasks/{house['evil']}")
    answer = page.get_by_role("region", name="Answer", exact=True)
    expect(answer).to_contain_text("<img src=x onerror")
    expect(answer).to_contain_text("press")
    assert answer.locator("a[href], img, script").count() == 0
    page.goto(f"{wheel.url}/#/tasks/{house['asking']}")
    page.get_by_role("button", name="<img src=x").click()
    expect(answer).to_contain_text("<img src=x onerror")
    assert page.evaluate("window.pwned") is None


def test_everything_is_done_by_keyboard(visitor: Visitor, wheel: Wheel, house: dict[str, Any]) -> None:
    """From the address to a dialog and back without a pointer: the focus is where one is."""
    page = visitor.enter("#/organisation/secrets")
    button = page.get_by_role("button", name="New secret")
    for _ in range(40):
        if button.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Name")).to_be_focused()
    page.keyboard.type("BY_HAND")
    page.keyboard.press("Tab")
    page.keyboard.type("typed with the keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row").filter(has_text="BY_HAND")).to_be_visible()
    expect(button).to_be_focused()
