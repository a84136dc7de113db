"""`greatwheel serve`: the HTTP API, the console and a worker in one process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from socket import socket
from typing import Annotated, Any, TypeAlias

import typer

from greatwheel.channels.cli.rows import print_line
from greatwheel.channels.cli.tenants import announce_first
from greatwheel.channels.cli.terminal import say
from greatwheel.channels.cli.worker import Concurrency, Config, ReadyOption, look_for_model, run_until_stopped
from greatwheel.channels.http.app import create_app
from greatwheel.channels.http.door import Door
from greatwheel.channels.http.health import model_probe
from greatwheel.channels.http.serving import listening, server_of
from greatwheel.core.errors import BadInput
from greatwheel.server.assembly import Installation, load_everybodys_agents, opened, opened_runner, work
from greatwheel.server.offer import offer_of
from greatwheel.server.settings import Settings, load_settings

Listen: TypeAlias = Callable[[Installation, asyncio.Event], Awaitable[None]]
"""Serves an installation's API until the event is set."""
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where to listen."""

    host: str
    port: int
    websocket_port: int
    """0: none."""


def serve_command(
    config: Config = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="The port to listen on.")] = None,
    websocket_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The port for web sockets alone; 0: none.")
    ] = None,
    concurrency: Concurrency = None,
    as_json: ReadyOption = False,
) -> None:
    """Serve the HTTP API and carry out tasks, in one process. Add `greatwheel worker`s for more of the latter."""
    settings = load_settings(config)
    server = settings.server
    place = _Place(
        host=host or server.host,
        port=server.port if port is None else port,
        websocket_port=server.websocket_port if websocket_port is None else websocket_port,
    )
    run_until_stopped(lambda stop: _serve(settings, place, concurrency, stop, as_json=as_json))


async def _serve(
    settings: Settings, place: _Place, concurrency: int | None, stop: asyncio.Event, *, as_json: bool
) -> None:
    host = place.host
    async with opened(settings) as installation:
        with listening(host, place.port) as open_socket, _for_web_sockets(place) as web_sockets:
            key = await announce_first(installation.database)
            number = open_socket.getsockname()[1]

            async def listen(installation: Installation, stop: asyncio.Event) -> None:
                say(f"listening on http://{host}:{number} (API description at /docs)")
                say(_way_in(host, number, key))
                if as_json:
                    print_line({"type": "server.ready", **_ports(open_socket, web_sockets)})
                await listen_on(open_socket, installation, stop, web_sockets=web_sockets)

            await serve_until(stop, installation, listen, concurrency=concurrency)


def _ports(api: socket, web_sockets: socket | None) -> dict[str, Any]:
    """Where it listens, as programs are told."""
    host, port = api.getsockname()[:2]
    return {"host": host, "port": port, "websocket_port": web_sockets.getsockname()[1] if web_sockets else None}


@contextmanager
def _for_web_sockets(place: _Place) -> Iterator[socket | None]:
    """The socket for web sockets alone; None when there is to be none, or its port can't be had."""
    if not place.websocket_port:
        yield None
        return
    try:
        open_socket = listening(place.host, place.websocket_port)
    except BadInput:
        say(f"port {place.websocket_port} can't be had: web sockets are at /ws alone (see --websocket-port)")
        yield None
        return
    with open_socket:
        yield open_socket


def _way_in(host: str, port: int, key: str | None) -> str:
    """How a person opens the console: a link that logs in while the first key is known, later how to get a key."""
    name = _EVERYWHERE.get(host, host)
    page = f"http://{f'[{name}]' if ':' in name else name}:{port}/"
    if key is not None:
        return f"open {page}#key={key}"
    return f"open {page} and log in with your key; `greatwheel keys create admin` makes a new one"


async def serve_until(
    stop: asyncio.Event, installation: Installation, listen: Listen, *, concurrency: int | None = None
) -> None:
    """Carry out tasks and follow the agents' sources while `listen` serves the API, until `stop` is set."""
    async with opened_runner(installation, tell=say) as runner:
        await load_everybodys_agents(installation, say)
        async with asyncio.TaskGroup() as group:
            group.create_task(look_for_model(runner))
            group.create_task(work(installation, runner, stop, concurrency=concurrency))
            group.create_task(installation.registry.watch(stop))
            await listen(installation, stop)


async def listen_on(
    listening: socket,
    installation: Installation,
    stop: asyncio.Event,
    *,
    door: Door | None = None,
    web_sockets: socket | None = None,
) -> None:
    """Serve the API on a socket until `stop` is set, or until it can't be served any more: then everything stops.

    `web_sockets`: one more, for web sockets alone.
    """
    llm, networks = installation.settings.llm, installation.settings.webhooks.allowed
    model = model_probe(llm.model or None, llm.environment(os.environ))
    streams = installation.settings.server.streams_per_user
    app = create_app(
        installation, model=model, door=door, offer=offer_of(llm), networks=networks, streams=streams,
        origins=installation.settings.mcp.origins, upload_bytes=installation.settings.server.upload_bytes,
    )  # fmt: skip
    server = server_of(app, web_sockets=web_sockets.getsockname()[1] if web_sockets else None)
    # Signals are the caller's business: they stop the worker as well.
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]

    async def stopping() -> None:
        await stop.wait()
        server.should_exit = True

    waiting = asyncio.create_task(stopping())
    try:
        await server._serve([listening, web_sockets] if web_sockets else [listening])  # `serve` would take the signals
    finally:
        waiting.cancel()
        stop.set()
