"""What clients need to know of the installation. Nothing here is a secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import version

from fastapi import APIRouter, Request
from pydantic import BaseModel

from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Offered, Visitor
from greatwheel.core.errors import NotFound
from greatwheel.scheduler.submission import LONGEST_INPUT

UPLOAD_BYTES = 100_000_000
_FEATURES: Mapping[str, str] = {
    "uploads": "/api/uploads",
    "memory": "/api/memory",
    "traces": "/api/traces",
    "websocket": "/ws",
    "openai": "/v1/",
    "webhooks": "/api/webhooks",
    "slack": "/slack",
    "mcp": "/mcp",
    "console": "/console",
}
"""Where the routes of each begin."""

router = APIRouter(prefix="/api", tags=["installation"])


class PublicConfig(BaseModel):
    """The installation, as its users see it."""

    version: str
    default_agent: str
    """Gets the tasks that name no agent."""
    default_model: str | None
    """Null: there is no model now."""
    models: Sequence[str]
    upload_bytes: int
    """How long an uploaded file, or a task's context, may be."""
    input_chars: int
    """How long a task's words may be."""
    priced: bool
    """Whether any model has a price."""
    currency: str
    features: Mapping[str, bool]
    """What this server offers beside tasks and sessions."""


@router.get("/config")
async def get_config(visit: Visitor, offer: Offered, request: Request) -> PublicConfig:
    """The public settings."""
    async with visit.org() as conn:
        row = await (await conn.execute(SQL["own_org"], {"org": visit.org_id})).fetchone()
    if row is None:
        raise NotFound("There is no such organisation any more.")
    models = await offer.models()
    return PublicConfig(
        version=version("greatwheel"),
        default_agent=row["triage_agent"],
        default_model=next((model.name for model in models if model.default), None),
        models=[model.name for model in models],
        upload_bytes=UPLOAD_BYTES,
        input_chars=LONGEST_INPUT,
        priced=bool(offer.prices),
        currency=offer.currency,
        features=_features(str(getattr(route, "path", "")) for route in request.app.routes),
    )


def _features(paths: Iterable[str]) -> Mapping[str, bool]:
    known = tuple(paths)
    return {name: any(path.startswith(begins) for path in known) for name, begins in _FEATURES.items()}
