"""The API of an installation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.middleware import Middleware

from greatwheel.channels import console
from greatwheel.channels.http import docs_page, health, uploads
from greatwheel.channels.http.authentication import Authentication
from greatwheel.channels.http.body_limit import MIB, MOST_CONTEXT_BODY, BodyLimit
from greatwheel.channels.http.door import Door
from greatwheel.channels.http.errors import ErrorBody, add_handlers
from greatwheel.channels.http.headers import SecurityHeaders
from greatwheel.channels.http.health import HealthDesk, Probe
from greatwheel.channels.http.news import News
from greatwheel.channels.http.offer import Offer
from greatwheel.channels.http.parts import Parts
from greatwheel.channels.http.places import MOST_STREAMS, Places
from greatwheel.channels.http.routes import (
    agents,
    chat,
    config,
    login,
    memory,
    models,
    organisation,
    overview,
    questions,
    secrets,
    session_points,
    sessions,
    tasks,
    uploading,
    users,
)
from greatwheel.channels.http.visits import KEY_NEEDED
from greatwheel.channels.mcp import servers as mcp_servers
from greatwheel.channels.mcp.endpoint import PATH as MCP
from greatwheel.channels.mcp.endpoint import McpEndpoint
from greatwheel.channels.openai import routes as openai
from greatwheel.channels.openai.errors import OpenAIErrors
from greatwheel.channels.slack import routes as slack
from greatwheel.channels.webhooks import routes as webhooks
from greatwheel.channels.websocket import routes as websocket
from greatwheel.channels.websocket.open_sockets import OpenSockets
from greatwheel.core.clock import Clock, SystemClock
from greatwheel.tools.addresses import Network

DESCRIPTION = (
    "Durable agents that think by writing Python. Everything but /health needs an API key, "
    "`Authorization: Bearer gwk_…`, or a browser's login. Every error is `{error: {code, message, retryable}}`."
)
BODY_LIMITS = {
    "/api/tasks": MOST_CONTEXT_BODY,
    "/api/sessions": MOST_CONTEXT_BODY,
    "/api/chat": MOST_CONTEXT_BODY,
    "/v1/chat/completions": MOST_CONTEXT_BODY,
    "/api/uploads": uploads.MOST_BYTES + MIB,
    "/api/login": 4_096,  # read before anybody has shown a key
}
"""Bytes of a request's body, where they are others than usual."""
WITHOUT_KEY = (
    health.router, docs_page.router, login.router, websocket.router, webhooks.hooks, slack.events, console.router,
)  # fmt: skip
"""Routes that are described without a key: they need none, or look after it themselves."""
WITH_KEY = (
    chat, tasks, questions, sessions, session_points, agents, users, secrets, organisation, overview, models, config,
    memory, uploading, openai, webhooks, slack, mcp_servers,
)  # fmt: skip
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody, "description": "An error: its code says which."}
    for status in (400, 401, 403, 404, 409, 413, 422, 429, "5XX")
}


def create_app(
    parts: Parts,
    *,
    model: Probe | None = None,
    clock: Clock | None = None,
    door: Door | None = None,
    offer: Offer | None = None,
    networks: Sequence[Network] = (),
    streams: int = MOST_STREAMS,
    origins: Sequence[str] = (),
    upload_bytes: int = uploads.MOST_UNUSED,
) -> FastAPI:
    """The API of these parts; `model` looks after the model for /health. Its lifespan must be entered, as servers do.

    The middlewares stand in the order in which a request meets them. `door`: who checks callers, if not the database;
    `networks`: those that are not public, and may be delivered to; `offer`: the models and their prices; `streams`: how
    many each user may have open; `origins`: of web pages that may speak MCP; `upload_bytes`: that an organisation's
    unused uploads may hold.
    """
    clock = clock or SystemClock()
    door = door or Door(parts.database, clock)
    app = FastAPI(
        title="Greatwheel",
        version=version("greatwheel"),
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(OpenAIErrors),
            Middleware(Authentication, door=door),
            Middleware(BodyLimit, limits=BODY_LIMITS),
        ],
        responses=_ERRORS,
    )
    app.state.parts = parts
    app.state.offer = offer or Offer()
    app.state.door = door
    app.state.clock = clock
    app.state.networks = tuple(networks)
    app.state.places = Places(streams)
    app.state.upload_bytes = upload_bytes
    app.state.open_sockets = OpenSockets()
    app.state.news = News(parts.database)
    app.state.health = HealthDesk(parts.database, model, clock)
    add_handlers(app)
    app.state.mcp = McpEndpoint(origins)
    app.add_route(MCP, app.state.mcp, include_in_schema=False)
    for router in WITHOUT_KEY:
        app.include_router(router)
    for each in WITH_KEY:
        app.include_router(each.router, dependencies=KEY_NEEDED)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    news: News = app.state.news
    parts: Parts = app.state.parts
    async with asyncio.TaskGroup() as group:
        group.create_task(news.run())
        group.create_task(app.state.mcp.run())
        sweeping = group.create_task(uploads.sweep(parts.database))
        try:
            yield
        finally:
            sweeping.cancel()
            app.state.mcp.stop()
            news.stop()
