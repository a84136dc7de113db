"""`greatwheel worker`: carries out tasks, as one of any number that share a database."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

from greatwheel.channels.cli.rows import print_line
from greatwheel.channels.cli.terminal import say
from greatwheel.core.errors import GreatwheelError
from greatwheel.runtime.runner import TaskRunner
from greatwheel.server.assembly import opened, opened_runner, work
from greatwheel.server.settings import Settings, load_settings

Config = Annotated[Path | None, typer.Option("--config", help="The settings' file.")]
Concurrency = Annotated[int | None, typer.Option("--concurrency", min=1, help="Tasks at once in this process.")]
ReadyOption = Annotated[bool, typer.Option("--json", help="Print a line of JSON on stdout when it is ready.")]


def worker_command(config: Config = None, concurrency: Concurrency = None, as_json: ReadyOption = False) -> None:
    """Carry out tasks, as one of any number of workers that share a database."""
    settings = load_settings(config)
    run_until_stopped(lambda stop: _work(settings, concurrency, stop, as_json=as_json))


async def _work(settings: Settings, concurrency: int | None, stop: asyncio.Event, *, as_json: bool) -> None:
    async with opened(settings) as installation, opened_runner(installation, tell=say) as runner:
        say("taking tasks; Ctrl-C ends")
        if as_json:
            print_line({"type": "worker.ready"})
        async with asyncio.TaskGroup() as group:
            group.create_task(look_for_model(runner))
            group.create_task(work(installation, runner, stop, concurrency=concurrency))
            if settings.agents.folder:  # else it would take the agents that come with the product for newer ones
                group.create_task(installation.registry.watch(stop))


async def look_for_model(runner: TaskRunner) -> None:
    """Open the model while nobody waits for it; if there is none, say so now rather than by tasks that fail."""
    try:
        await runner.open_model()
    except GreatwheelError as error:
        say(f"tasks can't ask a model yet: {error}")


def run_until_stopped(main: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run until SIGINT or SIGTERM sets the event: tasks under way go on for a while, then they are given back."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")

    async def until_stopped() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    asyncio.run(until_stopped())
