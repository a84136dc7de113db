"""The API under uvicorn."""

from __future__ import annotations

import uvicorn
from fastapi import FastAPI

STOP_SECONDS = 5
"""Streams are open-ended: when the server stops they are cut off after so long, and their clients come again."""
IDLE_SECONDS = 75


def server_of(app: FastAPI, *, host: str = "127.0.0.1", port: int = 8080) -> uvicorn.Server:
    """A server of the app; `await server.serve()` runs it until `server.should_exit` is set."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # an address that the client may choose would get round the throttle
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="on",
    )
    return uvicorn.Server(config)
