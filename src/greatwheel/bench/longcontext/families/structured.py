"""JSON: one nested document, and one object a line."""

from __future__ import annotations

import json
import random
from collections import Counter

from greatwheel.bench.longcontext.scoring import Expected, Name, Number
from greatwheel.bench.longcontext.task import BenchTask, Context, Json
from greatwheel.bench.longcontext.wording import CITIES, DEPARTMENTS, people, pick

_NESTED_QUESTION = {
    "owner": (
        "Who is the owner of the device {device}?",
        "Find device {device} and name its owner.",
        "To whom does device {device} belong?",
        "In the inventory, which owner is given for {device}?",
        "Name the person registered as owner of {device}.",
    ),
    "site_count": (
        "How many devices are there at the site {site}?",
        "Count the devices of site {site}, over all its rooms.",
        "What is the number of devices in {site} (all rooms together)?",
        "Site {site} has several rooms with devices. How many devices in total?",
        "How many devices does the inventory list under {site}?",
    ),
    "state_count": (
        "How many devices in the whole inventory have the state {state}?",
        "Count the devices whose state is {state}, over all sites.",
        "What is the number of devices with state '{state}'?",
        "Over all sites and rooms, how many devices are {state}?",
        "How many devices are marked as {state}?",
    ),
    "watts": (
        "What is the total of watts over all devices at the site {site}?",
        "Add up the watts of every device in {site}.",
        "How many watts do the devices of {site} have together?",
        "Sum of watts for site {site}, all rooms: what is it?",
        "For {site}, what do the watts of all devices add up to?",
    ),
}


def nested_json(seed: int, size_chars: int) -> BenchTask:
    """Sites hold rooms, rooms hold devices; given as text or as parsed data."""
    rng = random.Random(f"nested_json:{seed}:{size_chars}")
    kind = ("owner", "site_count", "state_count", "watts")[seed % 4]
    indent = rng.choice((None, None, 1, 2))
    count = size_chars // (105 if indent is None else 200)
    sites = rng.sample(CITIES, 8)
    owners = people(rng, 60)
    devices = _devices(rng, count, sites, owners)
    site, device = rng.choice(sites), rng.choice(devices)
    state = rng.choice(("active", "broken", "retired"))
    here = [item for item in devices if item["site"] == site]
    answers: dict[str, Expected] = {
        "owner": Name(value=str(device["owner"]), rivals=tuple(name for name in owners if name != device["owner"])),
        "site_count": Number(value=len(here)),
        "state_count": Number(value=sum(item["state"] == state for item in devices)),
        "watts": Number(value=sum(int(item["watts"]) for item in here)),
    }
    tree = _tree(devices, sites)
    context: Context = tree if seed % 3 == 2 else json.dumps(tree, indent=indent)
    return BenchTask(
        family="nested_json",
        seed=seed,
        question=pick(rng, _NESTED_QUESTION[kind], device=device["id"], site=site, state=state),
        context=context,
        expected=answers[kind],
        facts={"kind": kind, "device": str(device["id"]), "site": site, "state": state},
    )


def _devices(rng: random.Random, count: int, sites: list[str], owners: list[str]) -> list[dict[str, str | int]]:
    numbers = rng.sample(range(10_000, 9_999_999), count)
    return [
        {"id": f"D{number}", "owner": owner, "state": state, "watts": watts, "site": site, "room": room}
        for number, owner, state, watts, site, room in zip(
            numbers,
            rng.choices(owners, k=count),
            rng.choices(("active", "active", "broken", "retired"), k=count),
            rng.choices(range(5, 400), k=count),
            rng.choices(sites, k=count),
            rng.choices(range(1, 9), k=count),
            strict=True,
        )
    ]


def _tree(devices: list[dict[str, str | int]], sites: list[str]) -> dict[str, Json]:
    rooms: dict[tuple[str, int], list[Json]] = {(site, room): [] for site in sites for room in range(1, 9)}
    for item in devices:
        rooms[str(item["site"]), int(item["room"])].append(
            {"id": item["id"], "state": item["state"], "specs": {"watts": item["watts"]}, "owner": item["owner"]}
        )
    listed: list[Json] = [
        {"site": site, "rooms": [{"room": f"R{room}", "devices": rooms[site, room]} for room in range(1, 9)]}
        for site in sites
    ]
    return {"inventory": {"version": 3, "sites": listed}}


_LINES_QUESTION = {
    "count": (
        "How many events of type '{type}' are there?",
        "Count the events whose type is {type}.",
        "What is the number of '{type}' events?",
        "How often does the event type {type} occur?",
        "Events have types. How many are of the type {type}?",
    ),
    "user_count": (
        "How many '{type}' events does the user {user} have?",
        "Count the events of type {type} by {user}.",
        "How often did {user} cause a {type} event?",
        "For user {user}, what is the number of {type} events?",
        "Taking only {user}, how many events are of type '{type}'?",
    ),
    "sum": (
        "What is the total ms over all '{type}' events?",
        "Add up ms for the events whose type is {type}.",
        "How many ms do the {type} events take together?",
        "Sum the field ms where type is '{type}'.",
        "For events of type {type}, what is the sum of ms?",
    ),
    "max": (
        "Which user had the slowest '{type}' event, that is, the one with the largest ms?",
        "Among the events of type {type}, find the one with the highest ms. Who is its user?",
        "Whose {type} event took the most ms?",
        "Name the user of the {type} event with the greatest ms.",
        "The longest {type} event by ms: which user was it?",
    ),
}
_TYPES = ("login", "logout", "upload", "download", "search", "checkout", "refund")


def json_lines(seed: int, size_chars: int) -> BenchTask:
    """One event a line, with a nested user."""
    rng = random.Random(f"json_lines:{seed}:{size_chars}")
    kind = ("user_count", "count", "max", "sum")[seed % 4]
    users = [name.split()[0].lower() + str(i) for i, name in enumerate(people(rng, 40))]
    count = max(30, size_chars // 118)
    picked = rng.choices(_TYPES, weights=range(1, len(_TYPES) + 1), k=count)
    whose, times = rng.choices(users, k=count), rng.sample(range(10, 40 * count), count)
    depts = rng.choices(DEPARTMENTS, k=count)
    lines = [
        json.dumps(
            {"seq": i, "type": type_, "user": {"name": who, "dept": dept}, "ms": ms, "tags": ["a", "b"][: i % 3]}
        )
        for i, (type_, who, ms, dept) in enumerate(zip(picked, whose, times, depts, strict=True))
    ]
    type_ = rng.choice(_TYPES)
    hits = [(ms, who) for ms, who, other in zip(times, whose, picked, strict=True) if other == type_]
    user = Counter(who for _, who in hits).most_common(3)[-1][0]
    slowest = max(hits)[1]
    answers: dict[str, Expected] = {
        "count": Number(value=len(hits)),
        "user_count": Number(value=sum(who == user for _, who in hits)),
        "sum": Number(value=sum(ms for ms, _ in hits)),
        "max": Name(value=slowest, rivals=tuple(name for name in users if name != slowest)),
    }
    return BenchTask(
        family="json_lines",
        seed=seed,
        question=pick(rng, _LINES_QUESTION[kind], type=type_, user=user),
        context="\n".join(lines),
        expected=answers[kind],
        facts={"kind": kind, "type": type_, "user": user},
    )
