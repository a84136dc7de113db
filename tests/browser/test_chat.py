"""The chat, from end to end: a real server, a real browser, a model that says what it is told to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from .conftest import DESK, PHONE, WALL, Theme, Visitor
from .serving import Wheel

COUNT = (
    "I look first.\n```python\nlines = context.splitlines()\nprint(len(lines), 'lines')\n```",
    "```python\nkind = llm_query('Which kind is this: ' + lines[0])\nprint(kind)\n```",
    "```python\nFINAL(f'There are **{len(lines)}** lines of {kind}.')\n```",
)
ASK = (
    "```python\ncolour = channel.ask('Which colour?', choices=['red', 'green'])\n"
    "name = channel.ask('Whose is it?')\nchannel.send(f'I paint it {colour}.')\n"
    "FINAL(f'{name} has a {colour} one.')\n```"
)
REMEMBER = "```python\ntry:\n    n = n + 1\nexcept NameError:\n    n = 1\nFINAL(f'This is number {n}.')\n```"
SLOW = "```python\nimport time\nfor turn in range(200):\n    llm_query('Wait a little.')\nFINAL('too late')\n```"


@pytest.fixture(autouse=True)
def script(wheel: Wheel) -> None:
    """What the model says to the tasks below."""
    if any(agent["name"] == "loop" for agent in wheel.call("GET", "/api/agents")["items"]):
        return
    wheel.agent("loop", description="Thinks in steps.")
    wheel.script.say("Count", *COUNT)
    wheel.script.answer("Which kind", "log messages")
    wheel.script.say("Paint", ASK)
    wheel.script.say("Next number", REMEMBER)
    wheel.script.say("Take your time", SLOW)
    wheel.script.answer("Wait a little", "yes " * 40)


def ask(page: Page, text: str, agent: str | None = "loop") -> None:
    """Say something in a chat, as people do."""
    if agent is not None:
        page.get_by_label("Agent", exact=True).select_option(agent)
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def answers(page: Page, number: int) -> None:
    """Wait until so many turns have ended."""
    expect(page.locator(".turn-facts time")).to_have_count(number)


def test_a_question_is_answered_before_ones_eyes(visitor: Visitor, wheel: Wheel, tmp_path: Path) -> None:
    """A file, a question, steps with code, output and host calls, an answer in Markdown; the same after a reload."""
    page = visitor.enter()
    (tmp_path / "app.log").write_text("08:00 started\n08:01 stopped\n")
    page.locator("input[type=file]").set_input_files(tmp_path / "app.log")
    expect(page.locator(".attachment")).to_contain_text("28 characters")
    ask(page, "Count the lines.")
    answers(page, 1)
    for text in ("I look first.", "lines = context.splitlines()", "2 lines", "app.log"):
        expect(page.locator(".asked, .step-said, .block pre").get_by_text(text).first).to_be_visible()
    expect(page.locator(".answer strong")).to_have_text("2")
    expect(page.locator(".turn-facts")).to_contain_text(re.compile(r"3 steps · [\d,]+ tokens · .*s · "))
    page.reload()
    expect(page.locator(".answer strong")).to_have_text("2")
    page.locator(".work > summary").click()
    page.locator(".step > summary").nth(1).click()
    expect(page.locator(".calls li")).to_contain_text("llm_query")
    expect(page.locator(".calls li")).to_contain_text("log messages")
    expect(page.get_by_role("link", name=re.compile("Count the lines."))).to_have_attribute("aria-current", "page")


def test_questions_are_answered_in_place(visitor: Visitor) -> None:
    """By a button where there are choices, in words where there are none; what was answered stays, also later."""
    page = visitor.enter()
    ask(page, "Paint it.")
    page.get_by_role("button", name="green").click()
    page.get_by_label("Whose is it?").fill("Ada")
    page.keyboard.press("Enter")
    answers(page, 1)
    expect(page.locator(".answer")).to_have_text("Ada has a green one.")
    expect(page.locator(".message")).to_have_text("I paint it green.")
    assert page.locator(".question-answer").all_inner_texts() == ["green", "Ada"]
    page.reload()
    page.locator(".work > summary").click()
    expect(page.locator(".question-answer")).to_have_text(["green", "Ada"])


def test_a_question_outlives_a_reload(visitor: Visitor, wheel: Wheel) -> None:
    """A question that waits is there again after a reload, and goes away when it is answered elsewhere."""
    page = visitor.enter()
    ask(page, "Paint it.")
    expect(page.get_by_role("button", name="red")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="red")).to_be_visible()
    session = page.url.rsplit("/", 1)[1]
    (task,) = wheel.call("GET", f"/api/tasks?session={session}")["items"]
    wheel.call("POST", f"/api/tasks/{task['task_id']}/answer", json={"answer": "red"})
    expect(page.get_by_label("Whose is it?")).to_be_visible()
    expect(page.locator(".question.closed")).to_have_count(1)


def test_a_running_task_is_stopped(visitor: Visitor) -> None:
    """The stop button ends the task; the field takes the next message."""
    page = visitor.enter()
    ask(page, "Take your time.")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator(".answer")).to_have_text("Stopped.")
    expect(page.get_by_role("button", name="Send")).to_be_visible()


def test_words_are_shown_as_the_model_writes_them(visitor: Visitor, wheel: Wheel) -> None:
    """Code grows while it is written, and so does what a program's own model call gives."""
    wheel.script.say(
        "Slowly", "```python\nfirst = 1\n" + "\n".join(f"line{n} = {n}" for n in range(12)) + "\nFINAL('end')\n```"
    )
    wheel.script.answer("A poem", " ".join(f"verse{n}" for n in range(30)))
    if not any(agent["name"] == "poet" for agent in wheel.call("GET", "/api/agents")["items"]):
        wheel.agent("poet", "def handle(task):\n    return llm.complete('A poem about ' + task['input'])\n")
    page = visitor.enter()
    wheel.model.pause = 0.08
    try:
        ask(page, "Slowly.")
        expect(page.locator(".live-code")).to_contain_text("line1 = 1")
        assert "FINAL" not in page.locator(".live-code").inner_text()
        answers(page, 1)
        expect(page.locator(".block pre").first).to_contain_text("FINAL('end')")
        page.keyboard.press("Control+k")
        ask(page, "the sea", "poet")
        expect(page.locator(".call-answer")).to_contain_text("verse3")
        assert "verse29" not in page.locator(".call-answer").inner_text()
        answers(page, 1)
    finally:
        wheel.model.pause = 0.01
    expect(page.locator(".answer")).to_contain_text("verse29")


def test_a_reload_during_a_stream_shows_everything_again(visitor: Visitor, wheel: Wheel) -> None:
    """What was there is there again, and the rest follows; what stands on the page is not told twice."""
    page = visitor.enter()
    wheel.model.pause = 0.1
    try:
        ask(page, "Count the lines of nothing.")
        expect(page.locator(".step")).not_to_have_count(0)
        page.reload()
        expect(page.locator(".step").first).to_contain_text("lines = context.splitlines()")
        page.get_by_role("button", name="Stop", exact=True).click()
        expect(page.locator(".answer")).to_have_text("Stopped.")
    finally:
        wheel.model.pause = 0.01
    titles = page.locator(".step-title").all_inner_texts()
    assert titles == sorted(set(titles), key=titles.index)


def test_a_session_is_forked_rewound_and_edited(visitor: Visitor, wheel: Wheel) -> None:
    """A fork goes on from a turn beside the session; a rewind forgets later ones; an edit does both for the last."""
    page = visitor.enter()
    for number in (1, 2, 3):
        ask(page, f"Next number, {number}.", "loop" if number == 1 else None)
        answers(page, number)
    origin = page.url
    page.get_by_role("button", name=re.compile("^Fork from here")).nth(1).click()
    page.wait_for_url(lambda url: url != origin)
    expect(page.locator(".turn")).to_have_count(2)
    ask(page, "Next number, forked.", None)
    answers(page, 3)
    expect(page.locator(".answer").last).to_have_text("This is number 3.")

    page.goto(origin)
    answers(page, 3)
    page.get_by_role("button", name=re.compile("^Rewind to here")).first.click()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator(".turn")).to_have_count(3)
    page.get_by_role("button", name=re.compile("^Rewind to here")).first.click()
    page.get_by_role("button", name="Rewind", exact=True).click()
    expect(page.locator(".turn")).to_have_count(1)
    ask(page, "Next number, rewound.", None)
    answers(page, 2)
    expect(page.locator(".answer").last).to_have_text("This is number 2.")
    page.reload()
    answers(page, 2)

    page.get_by_label("Your message").press("ArrowUp")
    expect(page.get_by_label("Your message")).to_have_value("Next number, rewound.")
    page.get_by_label("Your message").fill("Next number, edited.")
    page.keyboard.press("Enter")
    answers(page, 2)
    expect(page.locator(".asked-words").last).to_have_text("Next number, edited.")
    expect(page.locator(".answer").last).to_have_text("This is number 2.")


def test_a_rewind_takes_stopped_turns_too(visitor: Visitor) -> None:
    """A turn that was stopped, and taken back by a rewind, stays away after a reload."""
    page = visitor.enter()
    ask(page, "Next number, 1.")
    answers(page, 1)
    ask(page, "Take your time.", None)
    expect(page.locator(".step-title").first).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    answers(page, 2)
    page.get_by_role("button", name=re.compile("^Rewind to here")).first.click()
    page.get_by_role("button", name="Rewind", exact=True).click()
    expect(page.locator(".turn")).to_have_count(1)
    page.reload()
    answers(page, 1)
    ask(page, "Next number, 2.", None)
    answers(page, 2)
    assert page.locator(".asked-words").all_inner_texts() == ["Next number, 1.", "Next number, 2."]


def test_what_is_refused_loses_nothing(visitor: Visitor, wheel: Wheel, tmp_path: Path) -> None:
    """After a refusal the words, the file and the session are as they were; a first message is edited in place."""
    page = visitor.enter()
    ask(page, "Next number, 1.")
    answers(page, 1)
    session = page.url
    refusal = {"error": {"code": "limit.reached", "message": "no more today", "retryable": False}}

    def refuse(route: Route) -> None:
        if route.request.method == "POST":
            route.fulfill(status=429, json=refusal)
        else:
            route.continue_()

    page.route("**/api/tasks", refuse)
    page.get_by_label("Your message").press("ArrowUp")
    (tmp_path / "a.txt").write_text("hello")
    page.locator("input[type=file]").set_input_files(tmp_path / "a.txt")
    expect(page.locator(".attachment")).to_contain_text("5 characters")
    page.get_by_label("Your message").fill("Next number, edited.")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("no more today")
    expect(page.get_by_label("Your message")).to_have_value("Next number, edited.")
    expect(page.locator(".attachment")).to_contain_text("a.txt")
    expect(page.locator(".turn")).to_have_count(1)
    page.unroute("**/api/tasks")
    page.keyboard.press("Enter")
    expect(page.locator(".asked-words")).to_have_text("Next number, edited.")
    answers(page, 1)
    expect(page.locator(".answer")).to_have_text("This is number 1.")
    assert page.url == session


def test_what_fails_is_told_in_words_and_tried_again(visitor: Visitor, wheel: Wheel) -> None:
    """A program's error is shown, and a button tries again."""
    wheel.agent("broken", "def handle(task):\n    print('before')\n    raise ValueError('no such customer')\n")
    page = visitor.enter()
    ask(page, "Look it up.", "broken")
    expect(page.get_by_role("alert")).to_contain_text("ValueError: no such customer")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("alert")).to_contain_text("ValueError: no such customer")
    expect(page.locator(".turn")).to_have_count(1)


def test_a_file_that_is_no_text_is_refused(visitor: Visitor, tmp_path: Path) -> None:
    """The reason stands at the file, which can be removed."""
    page = visitor.enter()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\xff\xfe")
    page.locator("input[type=file]").set_input_files(tmp_path / "picture.png")
    expect(page.locator(".attachment").get_by_role("alert")).to_contain_text("text")
    page.get_by_role("button", name="Remove picture.png").click()
    expect(page.locator(".attachment")).to_have_count(0)


def test_a_broken_stream_goes_on_where_it_was(visitor: Visitor) -> None:
    """A connection that ends early is made again with the last event's id, and nothing is told twice."""
    page = visitor.enter()
    asked: list[str | None] = []

    def broken(route: Route) -> None:
        asked.append(route.request.headers.get("last-event-id"))
        if len(asked) > 1:
            route.continue_()
            return
        body = (
            'id: 1\nevent: step.started\ndata: {"step": 1}\n\nid: 2\nevent: message.sent\ndata: {"text": "halfway"}\n\n'
        )
        route.fulfill(status=200, content_type="text/event-stream", body=body)

    page.route("**/api/tasks/*/events", broken)
    ask(page, "Next number, broken.")
    answers(page, 1)
    assert asked[:2] == [None, "2"]
    expect(page.get_by_text("halfway")).to_have_count(1)


def test_the_keyboard_is_enough(visitor: Visitor) -> None:
    """Shift and Enter break the line, Escape leaves the field, Ctrl and K begin a new chat."""
    page = visitor.enter()
    field = page.get_by_label("Your message")
    field.fill("Next number")
    field.press("Shift+Enter")
    field.press_sequentially("please")
    assert field.input_value() == "Next number\nplease"
    page.get_by_label("Agent", exact=True).select_option("loop")
    field.press("Enter")
    answers(page, 1)
    field.press("Escape")
    expect(field).not_to_be_focused()
    page.keyboard.press("Control+k")
    expect(field).to_be_focused()
    expect(page.locator(".turn")).to_have_count(0)
    assert page.url.endswith("#/chat")


def test_sessions_are_found(visitor: Visitor, wheel: Wheel) -> None:
    """The search finds a session by what was said in it, and says when there is none."""
    wheel.ended(wheel.submit("Next number of the walrus", agent="loop")["task_id"])
    page = visitor.enter()
    page.get_by_label("Search in sessions").fill("walrus")
    expect(page.locator(".session-list a")).to_have_count(1)
    page.locator(".session-list a").click()
    expect(page.locator(".asked-words")).to_have_text("Next number of the walrus")
    page.get_by_label("Search in sessions").fill("no such words")
    expect(page.get_by_text("Nothing found")).to_be_visible()


def test_an_admin_reads_what_others_said(visitor: Visitor, wheel: Wheel) -> None:
    """A member's session is there for an admin to read, without a field to write, and not among the admin's own."""
    order = {"input": "Next number for grace", "agent": "loop"}
    task = wheel.call("POST", "/api/tasks", 202, key=wheel.member("grace"), json=order)
    wheel.ended(task["task_id"])
    page = visitor.enter(f"#/chat/{task['session_id']}")
    answers(page, 1)
    expect(page.get_by_text("somebody else's session")).to_be_visible()
    expect(page.get_by_label("Your message")).not_to_be_visible()
    expect(page.locator(".session-list")).not_to_contain_text("grace")


def test_waiting_questions_are_counted(visitor: Visitor, wheel: Wheel) -> None:
    """The navigation says how many questions wait."""
    task = wheel.submit("Paint it.", agent="loop")
    wheel.ended(task["task_id"])
    page = visitor.enter("#/overview")
    waiting = len(wheel.call("GET", "/api/questions")["items"])
    expect(page.get_by_role("link", name="Tasks").locator(".badge")).to_contain_text(f"{waiting} question")
    wheel.call("POST", f"/api/tasks/{task['task_id']}/cancel")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chat_is_for_everybody(visitor: Visitor, wheel: Wheel, theme: Theme) -> None:
    """No serious fault of accessibility with everything unfolded, and no sideways scrolling on any screen."""
    task = wheel.submit("Count the lines.", agent="loop", context="a | b\n" * 50 + "x" * 500)
    asked = wheel.submit("Paint it.", agent="loop")
    wheel.ended(task["task_id"])
    wheel.ended(asked["task_id"])
    for size in (PHONE, DESK, WALL):
        page = visitor.enter(f"#/chat/{task['session_id']}", theme=theme, size=size)
        page.locator(".work > summary").click()
        expect(page.locator(".step")).to_have_count(3)
        for step in page.locator(".step > summary").all():
            step.click()
        expect(page.locator(".calls li")).to_contain_text("log messages")
        visitor.check_fits(page)
    visitor.check_accessible(page)
    page = visitor.enter(f"#/chat/{asked['session_id']}", theme=theme)
    expect(page.get_by_role("button", name="red")).to_be_visible()
    visitor.check_accessible(page)
    page = visitor.enter("#/chat", theme=theme, size=PHONE)
    page.get_by_role("button", name="Instructions").click()
    visitor.check_accessible(page)
    wheel.call("POST", f"/api/tasks/{asked['task_id']}/cancel")
