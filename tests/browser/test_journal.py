"""A session's journal in the console."""

from __future__ import annotations

from playwright.sync_api import Route, expect

from .conftest import Visitor
from .serving import Wheel


def test_more_of_a_long_journal_is_shown_when_asked_for(visitor: Visitor, wheel: Wheel) -> None:
    """The button is there while the server has more, and asks for as many tasks again."""
    wheel.agent("quick", "def handle(task):\n    return 'done'\n")
    task = wheel.ended(wheel.submit("journal of this", agent="quick")["task_id"])
    page = visitor.enter("#/agents")

    def shortened(route: Route) -> None:
        answer = route.fetch()
        told = answer.json()
        route.fulfill(response=answer, json=told | ({"next": "more"} if "limit=100" in route.request.url else {}))

    page.route("**/api/tasks?session=*", shortened)
    page.goto(f"{wheel.url}/#/sessions/{task['session_id']}/journal")
    expect(page.locator(".task-fold")).to_have_count(1)
    with page.expect_request(lambda request: "limit=200" in request.url):
        page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    expect(page.locator(".task-fold")).to_have_count(1)
