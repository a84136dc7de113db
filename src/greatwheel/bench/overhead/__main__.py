"""`python -m greatwheel.bench.overhead`: host calls, batches, session start, dumps, large contexts."""

from __future__ import annotations

import asyncio
import gc
import math
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from greatwheel.bench.longcontext.machine import describe_machine
from greatwheel.bench.overhead import rlms_side, wheel_side
from greatwheel.bench.overhead.figures import Row, rounds, timed
from greatwheel.bench.overhead.slow_server import slow_server
from greatwheel.bench.pages import write_section
from greatwheel.llm.openai import OpenAIModel
from greatwheel.llm.servers import OpenAIServer
from greatwheel.runtime.equipped import open_equipped
from greatwheel.sandbox.port import Engine, Limits, SandboxSession
from greatwheel.server.composition import ENGINES, open_engine

CALLS = 2_000
PROMPTS = 100
REPLY_SECONDS = 0.05
CONCURRENCY = (16, PROMPTS)
"""Requests at once, the same for both systems: what rlms does by itself, and all together."""
SIZES = ((1_000, "1 KB"), (1_000_000, "1 MB"), (50_000_000, "50 MB"))
CONTEXT_CHARS = 100_000_000

HEAD = ("what", "Greatwheel", "against", "goal")
WIDTH = 150
"""Columns of the table, also where no terminal is."""

_LOOP = f"total = 0\nfor i in range({CALLS}):\n    total += len(llm_query('say yes'))\nassert total == {3 * CALLS}"
_BATCH = f"answers = {{name}}(['say yes'] * {PROMPTS})\nassert answers == ['yes'] * {PROMPTS}"

app = typer.Typer(pretty_exceptions_enable=False)


async def host_calls(engine_name: str, count: int) -> Row:
    """One `llm_query` after the other, the same instant model behind both."""
    engine = open_engine(engine_name)
    try:
        session = await wheel_side.opened(engine)
        with rlms_side.repl(rlms_side.InstantClient()) as environment:

            async def ours() -> float:
                return await wheel_side.seconds_of(session, wheel_side.InstantModel(), _LOOP)

            async def theirs() -> float:
                return await asyncio.to_thread(rlms_side.seconds_of, environment, _LOOP)

            own, other = await rounds(count, ours, theirs)
    finally:
        await engine.close()
    what = f"{engine_name}: one llm_query of {CALLS:,}"
    return Row(what=what, unit="µs", seconds=own / CALLS, baseline=other / CALLS, goal=0.5)


async def batches(engine_name: str, count: int, concurrency: int) -> list[Row]:
    """A batch against a server that takes its time: against the ideal, and against rlms."""
    ideal = math.ceil(PROMPTS / concurrency) * REPLY_SECONDS
    engine = open_engine(engine_name)
    try:
        async with slow_server(REPLY_SECONDS) as base_url:
            session = await wheel_side.opened(engine)
            model = OpenAIModel(OpenAIServer(base_url=base_url, model="slow"))
            own_code, their_code = (_BATCH.format(name=name) for name in ("batch_llm_query", "llm_query_batched"))

            async def ours() -> float:
                return await wheel_side.seconds_of(session, model, own_code, concurrency)

            async def theirs() -> float:
                # A client of its own each time: rlms starts an event loop for each batch, and connections that a
                # client kept from the one before fail in the next. The last one is collected here, because one that is
                # collected while rlms runs fails to close such connections, and rlms takes that for the block's fault.
                gc.collect()
                with rlms_side.repl(rlms_side.openai_client(base_url), concurrency) as environment:
                    return await asyncio.to_thread(rlms_side.seconds_of, environment, their_code)

            own, other = await rounds(count, ours, theirs)
            await model.close()
    finally:
        await engine.close()
    what = f"{PROMPTS} batched calls of {REPLY_SECONDS * 1e3:g} ms, {concurrency} at once"
    return [
        Row(what=f"{engine_name}: {what}", unit="ms", seconds=own, baseline=ideal, baseline_name="ideal", goal=1.3),
        Row(what=f"{engine_name}: {what}", unit="ms", seconds=own, baseline=other),
    ]


async def starts(engine_name: str, count: int) -> list[Row]:
    """A session with the guest's tools that has run its first block: the first of an engine, and a further one."""
    cold, warm = [], []
    for _ in range(count):
        begun = time.perf_counter()
        engine = open_engine(engine_name)
        try:
            await _first_block(engine)
            cold.append(time.perf_counter() - begun)
            warm.extend([await timed(_first_block(engine)) for _ in range(5)])
        finally:
            await engine.close()
    return [
        Row(what=f"{engine_name}: session start, cold", unit="ms", seconds=sorted(cold)[len(cold) // 2]),
        Row(what=f"{engine_name}: session start, warm", unit="ms", seconds=sorted(warm)[len(warm) // 2], goal=0.005),
    ]


async def _first_block(engine: Engine) -> None:
    session = await open_equipped(engine, Limits())
    wheel_side.checked(await session.run("1"))
    await session.close()


async def dumps(engine_name: str, count: int) -> list[Row]:
    """Dump and load of sessions with variables of several sizes."""
    rows = []
    engine = open_engine(engine_name)
    try:
        for size, label in SIZES:
            session = await wheel_side.opened(engine)
            await session.set("data", ["x" * 100 + str(i) for i in range(max(1, size // 107))])
            dump = await session.dump()

            async def load(dump: bytes = dump) -> float:
                begun = time.perf_counter()
                loaded = await engine.load(dump, host_functions=wheel_side.HOST_FUNCTIONS, limits=wheel_side.ROOMY)
                took = time.perf_counter() - begun
                await loaded.close()
                return took

            async def save(session: SandboxSession = session) -> float:
                return await timed(session.dump())

            saving, loading = await rounds(count, save, load)
            await session.close()
            rows.append(Row(what=f"{engine_name}: dump of {label} of variables", unit="ms", seconds=saving))
            rows.append(Row(what=f"{engine_name}: load of {label} of variables", unit="ms", seconds=loading))
    finally:
        await engine.close()
    return rows


async def injection(engine_name: str, count: int) -> Row:
    """A large text becomes a variable that a block can use; rlms loads it into its REPL through a file."""
    text = "0123456789" * (CONTEXT_CHARS // 10)
    probe = f"assert len(context) == {CONTEXT_CHARS}"
    engine = open_engine(engine_name)
    try:

        async def ours() -> float:
            session = await wheel_side.opened(engine)
            begun = time.perf_counter()
            await session.set("context", text)
            wheel_side.checked(await session.run(probe))
            took = time.perf_counter() - begun
            await session.close()
            return took

        async def theirs() -> float:
            with rlms_side.repl(rlms_side.InstantClient()) as environment:
                begun = time.perf_counter()
                environment.load_context(text)
                rlms_side.seconds_of(environment, probe)
                return time.perf_counter() - begun

        own, other = await rounds(count, ours, theirs)
    finally:
        await engine.close()
    return Row(what=f"{engine_name}: context of 100 MB", unit="ms", seconds=own, baseline=other)


def _report_fault(loop: asyncio.AbstractEventLoop, fault: dict[str, Any]) -> None:
    """As usual, but for rlms' clients: they close connections of an event loop that rlms has ended already."""
    if str(fault.get("exception")) != "Event loop is closed":
        loop.default_exception_handler(fault)


async def measure(engine_name: str, count: int) -> list[Row]:
    """All rows of an engine."""
    asyncio.get_running_loop().set_exception_handler(_report_fault)
    rows = [await host_calls(engine_name, count)]
    for concurrency in CONCURRENCY:
        rows += await batches(engine_name, count, concurrency)
    rows += await starts(engine_name, count)
    rows += await dumps(engine_name, count)
    rows.append(await injection(engine_name, min(count, 3)))
    return rows


@app.command()
def main(
    rounds_each: Annotated[int, typer.Option("--rounds", min=1, help="Rounds of each measurement.")] = 5,
    engines: Annotated[str, typer.Option(help="Engines, separated by commas.")] = ",".join(ENGINES),
    docs: Annotated[Path | None, typer.Option(help="A page whose marked section is replaced.")] = None,
) -> None:
    """Print the table; medians over the rounds."""
    rows = [row for name in engines.split(",") for row in asyncio.run(measure(name.strip(), rounds_each))]
    console = Console(highlight=False, width=WIDTH)
    table = Table(*HEAD, title=f"Medians of {rounds_each} rounds")
    for row in rows:
        table.add_row(*row.cells())
    console.print(table)
    missed = sum(row.reached is False for row in rows)
    verdict = "All goals reached." if not missed else f"{missed} goals missed."
    console.print(f"{describe_machine()}\n{verdict}")
    if docs is not None:
        write_section(docs, "overhead", _markdown(rows, rounds_each, verdict))


def _markdown(rows: Sequence[Row], count: int, verdict: str) -> str:
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells() for row in rows)]
    made_on = f"Medians of {count} rounds; {describe_machine()}; {date.today().isoformat()}. {verdict}"
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ["", made_on])


if __name__ == "__main__":
    app()
