"""One whole measurement: tasks that talk, those who listen, those who send requests, and the comparison at the end."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

from greatwheel.bench.load.figures import Delivery, Figures, Spread
from greatwheel.bench.load.listeners import HEARING_SECONDS, Listener
from greatwheel.bench.load.requests import Place, Senders
from greatwheel.bench.load.server import Server, served
from greatwheel.bench.waiting.machine import resident

AGENT = "talker"
SOURCE = """\
def handle(task):
    rounds = 0
    while channel.ask("Go on?") != "stop":
        thought = llm_query("What do you think of round " + str(rounds) + "?")
        for part in range(4):
            channel.send(f"{rounds}.{part}: " + thought)
        rounds = rounds + 1
    return str(rounds)
"""
"""It asks a model, says four things after each answer, then asks again: the requests make the events."""
BUDGET = {"seconds": 86_400, "model_calls": 10_000, "tokens": 10_000_000}
ENDING_SECONDS = 120.0
_PAGE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """How much is measured."""

    folder: Path
    """Of the server's data."""
    streams: int = 200
    tasks: int = 40
    """Which the streams follow, each about the same number of them."""
    rate: float = 50.0
    """Requests a second."""
    seconds: float = 60.0
    dropping: int = 10
    """Every so manieth stream drops its connection …"""
    leaves_after: int = 8
    """… after so many events, and comes again."""
    database_url: str = ""
    """Empty: the embedded server, in the folder."""


async def measure(plan: Plan, tell: Callable[[str], None]) -> Figures:
    """Carry the plan out."""
    async with served(plan.folder, streams=plan.streams, database_url=plan.database_url) as server:
        tell(f"{server.url} serves; {plan.tasks} tasks begin, and {plan.streams} streams open")
        most = httpx.Limits(max_connections=None, max_keepalive_connections=100)
        headers = {"authorization": f"Bearer {server.key}"}
        async with httpx.AsyncClient(
            base_url=server.url, headers=headers, limits=most, timeout=HEARING_SECONDS
        ) as client:
            return await _measured(plan, server, client, tell)


async def _measured(plan: Plan, server: Server, client: httpx.AsyncClient, tell: Callable[[str], None]) -> Figures:
    places = await _begun(client, plan.tasks)
    senders = Senders(client=client, places=places)
    listeners = _listeners(plan, places, senders)
    async with asyncio.TaskGroup() as group:
        listening = [group.create_task(listener.listen(client)) for listener in listeners]
        async with asyncio.timeout(ENDING_SECONDS):
            await asyncio.gather(*(listener.connected.wait() for listener in listeners))
        before, busy = resident(server.pid)[0], _busy(server.pid)
        tell(f"{plan.rate:g} requests a second for {plan.seconds:g} s")
        begun = time.monotonic()
        await senders.send(plan.rate, plan.seconds)
        took = time.monotonic() - begun
        after = _busy(server.pid)
        answered = sum(map(len, senders.seconds.values()))
        tell("the tasks are told to end")
        async with asyncio.timeout(ENDING_SECONDS):
            await senders.stop_all()
            await asyncio.wait(listening)
    delays = [delay for listener in listeners for delay in listener.delays]
    return Figures(
        seconds=plan.seconds,
        rate=plan.rate,
        reached=answered / took,
        delivery=compared(listeners, {place.task_id: await _written(client, place.task_id) for place in places}),
        spreads=[Spread(what="an event, until it is heard", seconds=delays), *_spreads(senders)],
        refused=senders.refused,
        memory=(before, resident(server.pid)[0]),
        busy=(after[0] - busy[0], after[1] - busy[1]),
    )


def _busy(pid: int) -> tuple[float, float]:
    """Seconds of processor time so far: of that process and all below it, and of this one."""
    process = psutil.Process(pid)
    spent = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    own = psutil.Process().cpu_times()
    return sum(times.user + times.system for times in spent), own.user + own.system


async def _begun(client: httpx.AsyncClient, count: int) -> list[Place]:
    await _asked(client, "POST", "/api/agents", {"name": AGENT, "source": SOURCE, "budget": BUDGET})
    orders = [{"agent": AGENT, "input": f"talk {n}"} for n in range(count)]
    made = [await _asked(client, "POST", "/api/tasks", order) for order in orders]
    return [Place(task_id=task["task_id"], session_id=task["session_id"]) for task in made]


def _listeners(plan: Plan, places: Sequence[Place], senders: Senders) -> list[Listener]:
    """Those of one task; the first of each tells when its question waits."""

    def heard(task_id: str, kind: str) -> None:
        if kind == "question.asked":
            senders.asking.put_nowait(task_id)

    made = []
    for number in range(plan.streams):
        listener = Listener(task_id=places[number % len(places)].task_id)
        if number < len(places):
            listener.on_event = heard
        if number % plan.dropping == plan.dropping - 1:
            listener.leaves_after = plan.leaves_after
        made.append(listener)
    return made


def _spreads(senders: Senders) -> list[Spread]:
    every = [seconds for each in senders.seconds.values() for seconds in each]
    by_kind = [Spread(what=f"… {what}", seconds=each) for what, each in sorted(senders.seconds.items())]
    return [Spread(what="a request, from when it was due", seconds=every), *by_kind]


def compared(listeners: Sequence[Listener], written: Mapping[str, Sequence[int]]) -> Delivery:
    """What each listener was told beside what was written."""
    lost = repeated = disordered = wanted = 0
    for listener in listeners:
        told, every = listener.told, written[listener.task_id]
        wanted += len(every)
        lost += len(set(every) - set(told))
        repeated += len(told) - len(set(told))
        disordered += sum(later < earlier for earlier, later in itertools.pairwise(told))
    return Delivery(
        streams=len(listeners),
        ended=sum(listener.ended for listener in listeners),
        wanted=wanted,
        told=sum(len(listener.told) for listener in listeners) - sum(listener.passing for listener in listeners),
        passing=sum(listener.passing for listener in listeners),
        lost=lost,
        repeated=repeated,
        disordered=disordered,
        resumed=sum(listener.resumed for listener in listeners),
        broken=sum(listener.broken for listener in listeners),
    )


async def _written(client: httpx.AsyncClient, task_id: str) -> list[int]:
    """The numbers of all events of a task that has ended."""
    found: list[int] = []
    after: str | None = "0"
    while after is not None:
        page = await _asked(client, "GET", f"/api/tasks/{task_id}/events?limit={_PAGE}&after={after}")
        found += [event["id"] for event in page["items"]]
        after = page["next"]
    return found


async def _asked(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    answer = await client.request(method, path, json=body)
    answer.raise_for_status()
    return answer.json()
