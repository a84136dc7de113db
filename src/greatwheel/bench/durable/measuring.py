"""The measurements, each a few rows of the table."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from urllib.parse import quote

import psycopg

from greatwheel.bench.durable.figures import Baseline, Row
from greatwheel.bench.durable.peers import Peer, PeerKind, started
from greatwheel.bench.durable.wheel_side import Client, InProcess, in_process, opened_client, read_marks, workers
from greatwheel.bench.overhead.figures import rounds
from greatwheel.core.ids import TaskId
from greatwheel.database.embedded import DATABASE, EmbeddedServer

PEERS = (
    PeerKind(name="LangGraph", module="langgraph", at_most=0.25),
    PeerKind(name="LangGraph, written behind,", module="langgraph", arguments=("async",), waits=False),
    PeerKind(name="DBOS", module="dbos", at_most=0.125),
)
STEPS = 500
"""Of a peer's run."""
CALLS = 2_000
"""Of ours, which would be over too soon otherwise."""
LONG = 10_000
WINDOW = 500
"""Calls whose mean time stands for that of the 10th, and of the last."""
CONTEXTS = {"1 KB": 1_000, "50 MB": 50_000_000}
SESSIONS, CALLS_EACH = 50, 400
TASKS, CLIENTS = 320, 8
IDLE_TASKS = 30
WITHIN = 1.2


@dataclass(frozen=True, kw_only=True, slots=True)
class Bench:
    """What all measurements share."""

    server: EmbeddedServer
    folder: Path
    """The installation's data; the server's is in it."""
    count: int
    """Rounds."""


async def calls(bench: Bench) -> list[Row]:
    """One durable call after the other, and what is stored of each."""
    async with _peers(bench.server) as peers, _alone(bench) as ours:
        own = {kind: partial(ours.seconds_of, f"{kind} {CALLS}") for kind in ("model", "send", "store")}
        others = [partial(peer.seconds, STEPS) for peer in peers]
        jobs = [*own.values(), *others]
        for job in jobs:
            await job()  # everybody's first run is slower
        asked, sent, kept, *theirs = await rounds(bench.count, *jobs)
        stored = await _grown(bench.server, DATABASE, own["model"]) / CALLS
        sizes = [
            await _grown(bench.server, peer.kind.database, job) / STEPS for peer, job in zip(peers, others, strict=True)
        ]
    against = [(peer.kind, seconds / STEPS) for peer, seconds in zip(peers, theirs, strict=True)]
    behind = [Baseline(name=kind.name, value=value, at_most=kind.at_most) for kind, value in against]
    before = [Baseline(name=kind.name, value=value) for kind, value in against if kind.waits]
    stored_by = [Baseline(name=peer.kind.name, value=size) for peer, size in zip(peers, sizes, strict=True)]
    return [
        Row(what=f"one durable model call of {CALLS:,}", unit="µs", value=asked / CALLS, baselines=tuple(behind)),
        Row(what=f"one message to the user of {CALLS:,}", unit="µs", value=sent / CALLS, baselines=tuple(behind)),
        Row(what=f"one value kept in memory of {CALLS:,}", unit="µs", value=kept / CALLS, baselines=tuple(before)),
        Row(what="stored on disk for each call", unit="bytes", value=stored, baselines=tuple(stored_by)),
    ]


async def growth(bench: Bench) -> list[Row]:
    """Whether a call costs more late in a task, or beside a large context."""
    early, late = [], []
    beside: dict[str, list[float]] = {name: [] for name in CONTEXTS}
    async with _alone(bench) as ours:
        for _ in range(bench.count):
            await ours.seconds_of(f"model {LONG}")
            gaps = _gaps(ours)
            early.append(mean(gaps[9 : 9 + WINDOW]))
            late.append(mean(gaps[-WINDOW:]))
            for name, size in CONTEXTS.items():
                await ours.seconds_of(f"model {CALLS}", context="0123456789" * (size // 10))
                beside[name].append(mean(_gaps(ours)[9:]))
    first, last = (median(times) for times in beside.values())
    small, large = CONTEXTS
    return [
        Row(
            what=f"the {LONG:,}th call of a task",
            unit="µs",
            value=median(late),
            baselines=(Baseline(name="the 10th", value=median(early), at_most=WITHIN),),
        ),
        Row(
            what=f"a call beside {large} of context",
            unit="µs",
            value=last,
            baselines=(Baseline(name=f"beside {small}", value=first, at_most=WITHIN),),
        ),
    ]


async def at_once(bench: Bench) -> list[Row]:
    """Many sessions that call at the same time, in two workers."""
    rates = []
    marks = bench.folder / "marks-sessions.txt"
    async with opened_client(bench.folder, concurrency=SESSIONS) as client, workers(client, marks, 2, SESSIONS // 2):
        for _ in range(bench.count):
            tasks = [(await client.order(f"model {CALLS_EACH}")).task_id for _ in range(SESSIONS)]
            await client.ended(tasks)
            ended = time.monotonic()
            asked = read_marks(marks)["asked"]
            begun = min(asked[task][0] for task in tasks)
            rates.append(SESSIONS * CALLS_EACH / (ended - begun))
    what = f"durable calls of {SESSIONS} sessions at once, 2 workers"
    return [Row(what=what, unit="a second", value=median(rates), at_least=3_000.0)]


async def throughput(bench: Bench) -> list[Row]:
    """Tasks of one model call each, from the first order until the last is done."""
    rows = []
    for number in (1, 2):
        rates = []
        marks = bench.folder / f"marks-{number}.txt"
        async with opened_client(bench.folder, concurrency=32) as client, workers(client, marks, number, 16):
            for _ in range(bench.count):
                begun = time.monotonic()
                await client.ended(await _ordered_by_many(client))
                rates.append(TASKS / (time.monotonic() - begun))
        what = f"tasks done, of {TASKS} ordered by {CLIENTS} clients, {number} worker{'s' * (number > 1)}"
        rows.append(Row(what=what, unit="a second", value=median(rates)))
    return rows


async def _ordered_by_many(client: Client) -> list[TaskId]:
    async def order() -> list[TaskId]:
        return [(await client.order("model 1")).task_id for _ in range(TASKS // CLIENTS)]

    return [task for tasks in await asyncio.gather(*(order() for _ in range(CLIENTS))) for task in tasks]


async def latency(bench: Bench) -> list[Row]:
    """How soon an idle worker begins, with a new session and with one that was evicted."""
    fresh, again, loaded = [], [], []
    marks = bench.folder / "marks-idle.txt"
    async with opened_client(bench.folder, concurrency=8, in_memory=0) as client, workers(client, marks, 1, 8):
        for _ in range(IDLE_TASKS):
            first = await client.order("model 1")
            ordered_first = time.monotonic()
            await client.ended([first.task_id])
            second = await client.order("model 1", session=first.session_id)
            ordered_second = time.monotonic()
            await client.ended([second.task_id])
            seen = read_marks(marks)
            fresh.append(seen["asked"][first.task_id][0] - ordered_first)
            again.append(seen["asked"][second.task_id][0] - ordered_second)
            loaded.append(seen["asked"][second.task_id][0] - seen["claimed"][second.task_id][0])
    return [
        Row(what="from submit to an agent's first call, p50", unit="ms", value=median(fresh), at_most=0.03),
        Row(what="the same in an evicted session, p50", unit="ms", value=median(again)),
        Row(what="… of it to load the session and begin, p50", unit="ms", value=median(loaded), at_most=0.02),
    ]


MEASUREMENTS: dict[str, Callable[[Bench], Awaitable[list[Row]]]] = {
    "calls": calls,
    "growth": growth,
    "sessions": at_once,
    "tasks": throughput,
    "latency": latency,
}


@asynccontextmanager
async def _alone(bench: Bench) -> AsyncIterator[InProcess]:
    async with opened_client(bench.folder, concurrency=8) as client, in_process(client) as ours:
        yield ours


@asynccontextmanager
async def _peers(server: EmbeddedServer) -> AsyncIterator[list[Peer]]:
    """Each with a database of its own on the server."""
    async with AsyncExitStack() as stack:
        found = []
        for kind in PEERS:
            with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
                connection.execute(f"create database {kind.database}")
            url = f"postgresql://postgres@/{kind.database}?host={quote(str(server.sockets), safe='')}"
            found.append(await stack.enter_async_context(started(kind, url)))
        yield found


async def _grown(server: EmbeddedServer, database: str, job: Callable[[], Awaitable[float]]) -> float:
    """Bytes by which the job makes the database larger, indexes included."""
    before = _size(server, database)
    await job()
    return _size(server, database) - before


def _size(server: EmbeddedServer, database: str) -> float:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        found = connection.execute("select pg_database_size(%s::name)", (database,)).fetchone()
    assert found is not None
    return float(found[0])


def _gaps(ours: InProcess) -> list[float]:
    """Seconds from each model call of the last task to the next."""
    moments = ours.model.moments
    return [after - before for before, after in pairwise(moments)]
