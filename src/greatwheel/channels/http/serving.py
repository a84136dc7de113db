"""The API under uvicorn."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from greatwheel.channels.http.body_limit import MIB
from greatwheel.channels.http.news import News
from greatwheel.channels.websocket.dedicated_port import DedicatedPort
from greatwheel.core.errors import BadInput

STOP_SECONDS = 5
"""What has not ended by then when the server stops is cut off."""
IDLE_SECONDS = 75
PING_SECONDS = 20.0
"""Web sockets are asked so often whether they live, and have as long to answer."""
STUCK_SECONDS = 120
"""A client that takes nothing of what it is sent for so long is cut off, so that it does not hold it for ever."""
MOST_MESSAGE = 9 * MIB
"""Bytes of a web socket's message: a context of 8 MiB, and what JSON adds to it."""


def listening(host: str, port: int) -> socket.socket:
    """A socket on that address; port 0: any free one.

    Raises:
        BadInput: it can't be had.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.create_server(address[:2], family=family, backlog=512)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput(f"Can't listen on {host}, port {port}: {reason}; choose another --host or --port.") from error
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # the connections take it over
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STUCK_SECONDS * 1000)
    return listening


class ApiServer(uvicorn.Server):
    """Ends its streams when it stops, so that it need not cut them off."""

    def __init__(self, config: uvicorn.Config, news: News) -> None:
        super().__init__(config)
        self._news = news

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._news.stop()
        await super().shutdown(sockets)


def server_of(app: FastAPI, *, web_sockets: int | None = None) -> ApiServer:
    """A server of the app; `await server.serve([socket])` runs it until `server.should_exit` is set.

    `web_sockets`: the port of one of its sockets that takes web sockets alone.
    """
    config = uvicorn.Config(
        app if web_sockets is None else DedicatedPort(app, web_sockets),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="on",
        ws_max_size=MOST_MESSAGE,
        ws_ping_interval=PING_SECONDS,
        ws_ping_timeout=PING_SECONDS,
        ws_per_message_deflate=False,  # memory and time for each of many connections
    )
    return ApiServer(config, app.state.news)
