"""A web server's access log."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

from greatwheel.bench.longcontext.scoring import Expected, Name, Number
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import pick

_PAGES = (
    "/index.html",
    "/about",
    "/cart",
    "/api/orders",
    "/api/users",
    "/images/logo.png",
    "/search",
    "/contact",
    "/feed.xml",
    "/admin",
)
_STATUS = (200, 200, 200, 200, 301, 304, 403, 404, 500)
_QUESTION = {
    "status": (
        "How many requests were answered with {status}?",
        "Responses with status code {status}: how many?",
        "Tell me the number of {status} responses.",
        "The server sent status {status} how many times?",
        "Number of log entries whose status is {status}?",
    ),
    "busiest": (
        "Which client address made the most requests?",
        "What IP address shows up most often?",
        "Find the address from which most of the requests came.",
        "From which IP did the server get more requests than from any other?",
        "Top client by number of requests: which IP?",
    ),
    "failed": (
        "How many requests for {page} ended in {status}?",
        "For {page}, how many times was {status} returned?",
        "{page} gave status {status} how often?",
        "Requests to {page} with the status {status}: how many?",
        "Number of {status} responses for the path {page}?",
    ),
    "bytes": (
        "How many bytes were sent to {client} in total?",
        "Add up the bytes delivered to the address {client}.",
        "Total number of bytes that {client} got?",
        "What volume, in bytes, did {client} receive altogether?",
        "For the client {client}, what is the sum of the response sizes in bytes?",
    ),
}


def access(seed: int, size_chars: int) -> BenchTask:
    """Requests by status, page and client."""
    rng = random.Random(f"access:{seed}:{size_chars}")
    kind = ("status", "bytes", "busiest", "failed")[seed % 4]
    count = size_chars // 92
    clients = [f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}" for _ in range(25)]
    clients = sorted(set(clients))
    who, pages = rng.choices(clients, k=count), rng.choices(_PAGES, k=count)
    states, sizes = rng.choices(_STATUS, k=count), rng.choices(range(120, 60_000), k=count)
    extra = Counter(who).most_common(1)[0][0]
    for column, last in ((who, extra), (pages, "/about")):
        column.append(last)
    for numbers, number in ((states, 200), (sizes, 4_242)):
        numbers.append(number)
    client, page, status = who[count // 2], pages[count // 3], rng.choice((301, 304, 403, 404, 500))
    answers: dict[str, Expected] = {
        "status": Number(value=states.count(status)),
        "busiest": Name(value=extra, rivals=tuple(name for name in clients if name != extra)),
        "failed": Number(value=sum(p == page and s == status for p, s in zip(pages, states, strict=True))),
        "bytes": Number(value=sum(size for name, size in zip(who, sizes, strict=True) if name == client)),
    }
    return BenchTask(
        family="access",
        seed=seed,
        question=pick(rng, _QUESTION[kind], status=status, page=page, client=client),
        context=_log(rng, who, pages, states, sizes),
        expected=answers[kind],
        facts={"kind": kind, "status": status, "page": page, "client": client},
    )


def _log(rng: random.Random, who: list[str], pages: list[str], states: list[int], sizes: list[int]) -> str:
    start = datetime(2023, 10, 2, 6, 0)
    times = [f"{start + timedelta(seconds=2 * i):%d/%b/%Y:%H:%M:%S}" for i in range(len(who))]
    methods = rng.choices(("GET", "GET", "POST"), k=len(who))
    return "\n".join(
        f'{name} - - [{time} +0000] "{method} {page} HTTP/1.1" {state} {size}'
        for name, time, method, page, state, size in zip(who, times, methods, pages, states, sizes, strict=True)
    )
