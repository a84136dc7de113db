"""Webhooks in the console: where payloads come in, who is told, and what was delivered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from ..integration.webhooks.receiver import Receiver, Say, receiving
from .conftest import Visitor
from .serving import Wheel

QUICK = "def handle(task):\n    return 'done'\n"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who takes deliveries."""
    with receiving() as receiver:
        yield receiver


def test_a_dead_letter_is_looked_at_and_delivered_again(visitor: Visitor, wheel: Wheel, receiver: Receiver) -> None:
    """The log tells each attempt and what went wrong; the button delivers under the same id, and the state follows."""
    receiver.answer = lambda got: Say(status=500)
    wheel.agent("quick", QUICK)
    order = {"url": f"{receiver.url}/in", "events": ["task.ended"]}
    made = wheel.call("POST", "/api/webhooks/outbound", 201, json=order)
    task = wheel.ended(wheel.submit("tell of this", agent="quick")["task_id"])
    page = visitor.enter("#/organisation/webhooks")
    page.get_by_role("table", name="What goes out").get_by_role("link", name=order["url"]).click()
    row = page.get_by_role("table", name="Deliveries").get_by_role("row").filter(has_text="task.ended")
    expect(row).to_contain_text("dead")
    expect(row.get_by_role("link", name="of this task")).to_have_attribute("href", f"#/tasks/{task['task_id']}")
    row.get_by_text("2 attempts").click()
    expect(row.get_by_role("listitem")).to_have_count(2)
    expect(row.get_by_role("listitem").first).to_contain_text("500 after")
    page.get_by_label("State").select_option("done")
    expect(page.get_by_text("No such delivery")).to_be_visible()
    page.get_by_label("State").select_option("dead")
    receiver.answer = lambda got: Say(status=204)
    page.get_by_role("button", name="again").click()
    expect(page.get_by_text("It is on its way again.")).to_be_visible()
    page.get_by_label("State").select_option("")
    expect(row).to_contain_text("done")
    expect(row.get_by_text("3 attempts")).to_be_visible()
    assert len({got.headers["webhook-id"] for got in receiver.wait(3)}) == 1
    assert made["secret"] not in page.content()


def test_webhooks_are_listed_without_their_secrets(visitor: Visitor, wheel: Wheel) -> None:
    """An inbound webhook has its path, its user and how it is signed; members see none."""
    made = wheel.call("POST", "/api/webhooks", 201, json={"name": "pushes", "user": "admin", "scheme": "github"})
    page = visitor.enter("#/organisation/webhooks")
    row = page.get_by_role("table", name="Payloads that come in").get_by_role("row").filter(has_text="pushes")
    for text in (made["path"], "enabled", "the triage agent", "github"):
        expect(row).to_contain_text(text)
    assert made["secret"] not in page.content()
    page = visitor.enter("#/organisation/webhooks", key=wheel.member("ada"))
    expect(page.get_by_text("Only admins see the organisation.")).to_be_visible()
    expect(page.get_by_text("pushes")).to_have_count(0)
