"""`greatwheel serve`: the HTTP API and a worker in one process."""

from __future__ import annotations

import asyncio
import os
from typing import Annotated

import typer

from greatwheel.channels.cli.tenants import announce_first
from greatwheel.channels.cli.terminal import say
from greatwheel.channels.cli.worker import Concurrency, Config, look_for_model, run_until_stopped
from greatwheel.channels.http import create_app, listening, model_probe, server_of
from greatwheel.server.assembly import Installation, load_everybodys_agents, opened, opened_runner, work
from greatwheel.server.settings import Settings, load_settings


def serve_command(
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on.")] = None,
    concurrency: Concurrency = None,
) -> None:
    """Serve the HTTP API and carry out tasks, in one process. Add `greatwheel worker`s for more of the latter."""
    settings = load_settings(config)
    run_until_stopped(
        lambda stop: _serve(settings, host or settings.server.host, _port(settings, port), concurrency, stop)
    )


def _port(settings: Settings, port: int | None) -> int:
    return settings.server.port if port is None else port


async def _serve(settings: Settings, host: str, port: int, concurrency: int | None, stop: asyncio.Event) -> None:
    async with opened(settings) as installation, opened_runner(installation, tell=say) as runner:
        await announce_first(installation.database)
        await load_everybodys_agents(installation, say)
        async with asyncio.TaskGroup() as group:
            group.create_task(look_for_model(runner))
            group.create_task(work(installation, runner, stop, concurrency=concurrency))
            group.create_task(installation.registry.watch(stop))
            group.create_task(_listen(installation, host, port, stop))


async def _listen(installation: Installation, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve the API until `stop` is set, or until it can't be served any more: then everything stops."""
    llm = installation.settings.llm
    model = model_probe(llm.model or None, llm.environment(os.environ))
    server = server_of(create_app(installation, model=model))
    socket = listening(host, port)
    # Signals are this module's business: they stop the worker as well.
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]

    async def stopping() -> None:
        await stop.wait()
        server.should_exit = True

    waiting = asyncio.create_task(stopping())
    say(f"listening on http://{host}:{socket.getsockname()[1]} (API description at /docs)")
    try:
        await server._serve([socket])  # `serve` would take the signals
    finally:
        waiting.cancel()
        stop.set()
