"""The API under uvicorn."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from greatwheel.channels.http.news import News
from greatwheel.core.errors import BadInput

STOP_SECONDS = 5
"""What has not ended by then when the server stops is cut off."""
IDLE_SECONDS = 75


def listening(host: str, port: int) -> socket.socket:
    """A socket on that address; port 0: any free one.

    Raises:
        BadInput: it can't be had.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=512)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BadInput(f"Can't listen on {host}, port {port}: {reason}; choose another --host or --port.") from error


class ApiServer(uvicorn.Server):
    """Ends its streams when it stops, so that it need not cut them off."""

    def __init__(self, config: uvicorn.Config, news: News) -> None:
        super().__init__(config)
        self._news = news

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._news.stop()
        await super().shutdown(sockets)


def server_of(app: FastAPI) -> ApiServer:
    """A server of the app; `await server.serve([socket])` runs it until `server.should_exit` is set."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="on",
    )
    return ApiServer(config, app.state.news)
