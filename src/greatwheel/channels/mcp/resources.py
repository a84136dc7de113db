"""The caller's sessions as resources: `greatwheel://sessions/{id}`."""

from __future__ import annotations

import json
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from greatwheel.channels.mcp.asking import is_modern
from greatwheel.channels.mcp.port import Facts, Wheel
from greatwheel.core.errors import NotFound

START = "greatwheel://sessions/"
_JSON = "application/json"
_NOT_FOUND = -32002
"""Of servers before 2026; later ones say that the parameters are wrong."""
_LONGEST_URI = 300


async def list_resources(wheel: Wheel, params: PaginatedRequestParams | None) -> ListResourcesResult:
    """A page of the caller's sessions."""
    found, following = await wheel.sessions(params.cursor if params is not None else None)
    return ListResourcesResult(resources=[_resource(session) for session in found], next_cursor=following)


def templates() -> ListResourceTemplatesResult:
    """How a session's address is made."""
    template = ResourceTemplate(
        name="session",
        title="Session",
        uri_template=f"{START}{{session_id}}",
        description="What was asked and answered in a session of yours, and its variables.",
        mime_type=_JSON,
    )
    return ListResourceTemplatesResult(resource_templates=[template])


async def read_resource(
    ctx: ServerRequestContext[Any, Any], wheel: Wheel, params: ReadResourceRequestParams
) -> ReadResourceResult:
    """A session with its history and variables."""
    uri = str(params.uri)[:_LONGEST_URI]
    session_id = uri.removeprefix(START)
    try:
        if session_id == uri or not session_id or "/" in session_id:
            raise NotFound(f"Resources here are {START}<session_id>.")
        session = await wheel.session(session_id)
    except NotFound as error:
        raise MCPError(INVALID_PARAMS if is_modern(ctx) else _NOT_FOUND, str(error), {"uri": uri}) from None
    text = json.dumps(session, ensure_ascii=False, indent=1)
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, mime_type=_JSON, text=text)])


def _resource(session: Facts) -> Resource:
    return Resource(
        uri=f"{START}{session['session_id']}",
        name=session["session_id"],
        title=session.get("title") or session["session_id"],
        description=f"A session with the agent {session['agent']}, {session['status']}.",
        mime_type=_JSON,
    )
