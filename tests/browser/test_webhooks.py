"""Webhooks in the console: where payloads come in, who is told, and what was delivered."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from greatwheel.channels.webhooks import signing

from ..integration.webhooks.receiver import Receiver, Say, receiving
from .conftest import PHONE, Visitor
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


def test_a_webhook_is_made_disabled_and_deleted(visitor: Visitor, wheel: Wheel) -> None:
    """Its secret is shown once, by which the sender signs; a disabled one takes nothing, and a deleted one is gone."""
    page = visitor.enter("#/organisation/webhooks", size=PHONE)
    page.get_by_role("button", name="New webhook").click()
    page.get_by_label("Name", exact=True).fill("orders")
    page.get_by_label("The task's words").fill("Look at {order.id}")
    visitor.check_accessible(page)
    page.get_by_role("button", name="Make the webhook").click()
    secret = page.get_by_role("dialog").locator(".secret").inner_text()
    page.get_by_role("button", name="I have copied it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert secret not in page.content()
    (hook,) = [each for each in wheel.call("GET", "/api/webhooks")["items"] if each["name"] == "orders"]
    assert (hook["user_name"], hook["input"], hook["scheme"]) == ("admin", "Look at {order.id}", "standard")
    body = b'{"order": {"id": 7}}'
    signed = signing.signed_headers(secret, "msg_1", int(time.time()), body)
    taken = wheel.call("POST", f"/hooks/{hook['webhook_id']}", 202, content=body, headers=signed)
    assert wheel.call("GET", f"/api/tasks/{taken['task_id']}")["input"] == "Look at 7"
    page.get_by_role("button", name="Disable orders").click()
    expect(page.get_by_role("row").filter(has_text="orders")).to_contain_text("disabled")
    wheel.call("POST", f"/hooks/{hook['webhook_id']}", 401, content=body, headers=signed)
    page.get_by_role("button", name="Delete orders").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("row").filter(has_text="orders")).to_have_count(0)


def test_somebody_is_told_and_no_more(visitor: Visitor, wheel: Wheel, receiver: Receiver) -> None:
    """A subscription is made for what was chosen; an address that is not allowed is refused in the dialog."""
    page = visitor.enter("#/organisation/webhooks")
    page.get_by_role("button", name="New subscription").click()
    page.get_by_label("Address").fill("http://192.168.7.7/in")
    page.get_by_label("question.asked").check()
    visitor.check_accessible(page)
    page.get_by_role("button", name="Subscribe", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("alert")).not_to_be_empty()
    page.get_by_label("Address").fill(f"{receiver.url}/told")
    page.get_by_role("button", name="Subscribe", exact=True).click()
    expect(page.get_by_role("dialog").locator(".secret")).to_have_text(re.compile("^whsec_"))
    page.get_by_role("button", name="I have copied it").click()
    row = page.get_by_role("row").filter(has_text="/told")
    expect(row).to_contain_text("question.asked, task.ended")
    expect(page.get_by_role("button", name="New subscription")).to_be_focused()
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(row).to_have_count(0)
