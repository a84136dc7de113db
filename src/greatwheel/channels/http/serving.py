"""The API under uvicorn."""

from __future__ import annotations

import socket

import uvicorn
from fastapi import FastAPI

from greatwheel.channels.http.news import News

STOP_SECONDS = 5
"""What has not ended by then when the server stops is cut off."""
IDLE_SECONDS = 75


class ApiServer(uvicorn.Server):
    """Ends its streams when it stops, so that it need not cut them off."""

    def __init__(self, config: uvicorn.Config, news: News) -> None:
        super().__init__(config)
        self._news = news

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._news.stop()
        await super().shutdown(sockets)


def server_of(app: FastAPI, *, host: str = "127.0.0.1", port: int = 8080) -> ApiServer:
    """A server of the app; `await server.serve()` runs it until `server.should_exit` is set."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="on",
    )
    return ApiServer(config, app.state.news)
