"""`greatwheel webhooks`: payloads that come in and become tasks, and events that go out."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import typer

from greatwheel.channels.cli.reach import Where, placed, reached
from greatwheel.channels.cli.rows import JsonOption, Row, moment, print_json, show, show_one, tell
from greatwheel.channels.cli.suggestions import agent_names
from greatwheel.channels.cli.terminal import read_hidden
from greatwheel.channels.webhooks.outbound import DeliveryState, EventName
from greatwheel.channels.webhooks.signing import Scheme

webhooks_app = typer.Typer(help="Take payloads in as tasks, and deliver events.", no_args_is_help=True)

SubscriptionArgument = Annotated[str, typer.Argument(help="The subscription's id.")]
_PATH = "/api/webhooks"


@webhooks_app.command("list")
@placed
def list_webhooks(
    where: Where,
    as_json: JsonOption = False,
) -> None:
    """Show the webhooks, where payloads come in, and the subscriptions, to which events go out."""
    with reached(where) as client:
        webhooks = client.pages(_PATH)
        subscriptions = client.pages(f"{_PATH}/outbound")
    if as_json:
        print_json({"webhooks": webhooks, "subscriptions": subscriptions})
    else:
        show([_comes_in(each) for each in webhooks] + [_goes_out(each) for each in subscriptions], as_json=False)


@webhooks_app.command("add")
@placed
def add_webhook(
    where: Where,
    name: Annotated[str, typer.Argument(help="What it is to be called.")],
    user: Annotated[str, typer.Option(help="The user whom its tasks act for.")],
    agent: Annotated[
        str | None, typer.Option(help="Who gets the tasks; without, the triage agent.", autocompletion=agent_names)
    ] = None,
    template: Annotated[
        str | None, typer.Option("--input", help="The tasks' words, such as 'Review {pull_request.title}'.")
    ] = None,
    context: Annotated[
        str | None, typer.Option(metavar="PATH", help="What of the payload is the tasks' context; without, all of it.")
    ] = None,
    scheme: Annotated[Scheme, typer.Option(help="How the sender signs.")] = "standard",
    own_secret: Annotated[
        bool,
        typer.Option(
            "--own-secret", help="Ask for the sender's secret, or read it from standard input; without, one is made."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make a place where payloads come in and become tasks; its path and secret are shown, the latter only now."""
    order = {"name": name, "user": user, "agent": agent, "input": template, "context": context, "scheme": scheme}
    secret = read_hidden("The sender's secret").strip() if own_secret else None
    with reached(where) as client:
        show_one(client.call("POST", _PATH, order | {"secret": secret}), as_json=as_json)


@webhooks_app.command("remove")
@placed
def remove_webhook(
    where: Where,
    webhook: Annotated[str, typer.Argument(help="The webhook's id.")],
    as_json: JsonOption = False,
) -> None:
    """Take nothing in there any more. Its tasks go on."""
    with reached(where) as client:
        client.call("DELETE", client.path(_PATH + "/{}", webhook))
    tell(f"webhook {webhook} is removed", {"webhook_id": webhook, "removed": True}, as_json=as_json)


@webhooks_app.command("subscribe")
@placed
def subscribe(
    where: Where,
    url: Annotated[str, typer.Argument(help="Where events are to be delivered.")],
    event: Annotated[
        list[str], typer.Option(help=f"What is delivered: {', '.join(get_args(EventName))}; may be repeated.")
    ],
    agent: Annotated[
        str | None, typer.Option(help="Only of the tasks of this agent.", autocompletion=agent_names)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Have events delivered to a URL; the secret that signs them is shown, only now."""
    with reached(where) as client:
        order = {"url": url, "events": event, "agent": agent}
        show_one(client.call("POST", f"{_PATH}/outbound", order), as_json=as_json)


@webhooks_app.command("unsubscribe")
@placed
def unsubscribe(
    where: Where,
    subscription: SubscriptionArgument,
    as_json: JsonOption = False,
) -> None:
    """Deliver nothing more there, and forget what was."""
    with reached(where) as client:
        client.call("DELETE", client.path(_PATH + "/outbound/{}", subscription))
    tell(f"{subscription} is unsubscribed", {"subscription_id": subscription, "removed": True}, as_json=as_json)


@webhooks_app.command("deliveries")
@placed
def list_deliveries(
    where: Where,
    subscription: SubscriptionArgument,
    state: Annotated[DeliveryState | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many at most.")] = 50,
    as_json: JsonOption = False,
) -> None:
    """Show what was delivered to a subscription, newest first, with the last attempt's outcome."""
    query = {"state": state, "limit": min(limit, 500)}
    with reached(where) as client:
        found = client.pages(client.path(_PATH + "/{}/deliveries", subscription), query, most=limit)
    show(found if as_json else [_delivery(each) for each in found], as_json=as_json)


@webhooks_app.command("retry")
@placed
def retry_delivery(
    where: Where,
    subscription: SubscriptionArgument,
    delivery: Annotated[str, typer.Argument(help="The delivery's id, as `webhooks deliveries` shows it.")],
    as_json: JsonOption = False,
) -> None:
    """Deliver once more, under the same id, what was delivered or given up."""
    with reached(where) as client:
        client.call("POST", client.path(_PATH + "/{}/deliveries/{}/retry", subscription, delivery))
    tell(f"{delivery} is delivered again", {"delivery_id": delivery, "queued": True}, as_json=as_json)


def _comes_in(webhook: dict[str, Any]) -> Row:
    return _line(webhook["webhook_id"], "in", webhook["name"], webhook)


def _goes_out(subscription: dict[str, Any]) -> Row:
    what = f"{' '.join(subscription['events'])} to {subscription['url']}"
    return _line(subscription["subscription_id"], "out", what, subscription)


def _line(name: str, way: str, what: str, facts: dict[str, Any]) -> Row:
    """A line of the table of both kinds."""
    return {"id": name, "way": way, "what": what, "agent": facts["agent"], "enabled": facts["enabled"]}


def _delivery(delivery: dict[str, Any]) -> Row:
    last = delivery["log"][-1] if delivery["log"] else {"status": None, "error": None}
    return {
        "delivery": delivery["delivery_id"],
        "event": delivery["type"],
        "state": delivery["state"],
        "made": moment(delivery["created_at"]),
        "attempts": delivery["attempts"],
        "last": last["error"] or last["status"],
        "next": moment(delivery["due_at"]),
    }
