"""Webhooks in the console: where payloads come in, who is told, and what was delivered."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from greatwheel.channels.webhooks import signing

from ..integration.webhooks.receiver import Receiver, Say, receiving
from .conftest import PHONE, Theme, Visitor
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


def fresh_secret(page: Page, name: str) -> str:
    """Make a new secret for what has that name, by the keyboard; it."""
    button = page.get_by_role("button", name=f"New secret {name}", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("button", name="Cancel")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog").filter(has=page.locator(".secret"))
    expect(dialog).to_contain_text("It is shown only now.")
    expect(dialog.locator(".secret")).to_be_focused()
    page.keyboard.press("Enter")
    secret = dialog.locator(".secret").inner_text()
    dialog.get_by_role("button", name="I have copied it").press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()
    assert secret not in page.content()
    return secret


def deliver(wheel: Wheel, path: str, secret: str, message: str, status: int) -> None:
    """Send a payload that is signed with the secret."""
    signed = signing.signed_headers(secret, message, int(time.time()), b"{}")
    wheel.call("POST", path, status, content=b"{}", headers=signed)


def test_a_webhook_gets_a_new_secret(visitor: Visitor, wheel: Wheel) -> None:
    """By the keyboard alone: what the sender signed with the old one is refused at once, with the new one taken."""
    made = wheel.call("POST", "/api/webhooks", 201, json={"name": "leaked", "user": "admin"})
    page = visitor.enter("#/organisation/webhooks", size=PHONE)
    secret = fresh_secret(page, "leaked")
    deliver(wheel, made["path"], made["secret"], "msg_old", 401)
    deliver(wheel, made["path"], secret, "msg_new", 202)


def test_a_subscription_gets_a_new_secret(visitor: Visitor, wheel: Wheel, receiver: Receiver) -> None:
    """What is delivered from then on is signed with it, and with the old one no more."""
    wheel.agent("telling", QUICK)
    order = {"url": f"{receiver.url}/renewed", "events": ["task.ended"], "agent": "telling"}
    made = wheel.call("POST", "/api/webhooks/outbound", 201, json=order)
    page = visitor.enter("#/organisation/webhooks")
    secret = fresh_secret(page, order["url"])
    wheel.ended(wheel.submit("tell of this", agent="telling")["task_id"])
    (got,) = receiver.wait(1)
    assert signing.received("standard", secret, got.headers, got.body, time.time()) is not None
    assert signing.received("standard", made["secret"], got.headers, got.body, time.time()) is None


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_new_secret_is_for_everybody_and_made_only_when_wanted(
    visitor: Visitor, wheel: Wheel, receiver: Receiver, theme: Theme
) -> None:
    """On a phone its buttons are within reach, its dialogs have no serious fault; who cancels keeps the old secret."""
    name = f"kept {theme}"
    made = wheel.call("POST", "/api/webhooks", 201, json={"name": name, "user": "admin"})
    order = {"url": f"{receiver.url}/{theme}", "events": ["task.ended"]}
    subscription = wheel.call("POST", "/api/webhooks/outbound", 201, json=order)
    page = visitor.enter("#/organisation/webhooks", theme=theme, size=PHONE)
    for each, lost in ((name, "worth nothing at once"), (order["url"], "next attempt")):
        button = page.get_by_role("button", name=f"New secret {each}", exact=True)
        box = button.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= PHONE[0] - box["width"], box
        button.click()
        expect(page.get_by_role("dialog")).to_contain_text(lost)
        visitor.check_accessible(page)
        visitor.check_fits(page)
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_have_count(0)
    deliver(wheel, made["path"], made["secret"], "msg_kept", 202)
    page.get_by_role("button", name=f"New secret {name}", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Make a new secret").click()
    expect(page.get_by_role("dialog").locator(".secret")).to_have_text(re.compile("^whsec_"))
    visitor.check_accessible(page)
    visitor.check_fits(page)
    wheel.call("DELETE", f"/api/webhooks/outbound/{subscription['subscription_id']}", 204)
