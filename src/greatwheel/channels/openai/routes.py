"""`/v1`: chat completions and models."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Request
from starlette.responses import Response

from greatwheel.channels.http.places import PLACE
from greatwheel.channels.http.routes.tasks import IdempotencyHeader
from greatwheel.channels.http.streaming import STREAM
from greatwheel.channels.http.visits import Visitor
from greatwheel.channels.openai.answers import SESSION_HEADER, CompletionStream, whole
from greatwheel.channels.openai.bodies import (
    Completion,
    CompletionOrder,
    ModelFacts,
    ModelList,
    ModelMissing,
    OpenAIErrorBody,
)
from greatwheel.channels.openai.completing import ANYBODY, begin
from greatwheel.registry.agents import Agent

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": OpenAIErrorBody, "description": "An error, in OpenAI's shape."}
    for status in (400, 401, 403, 404, 409, 413, 422, 429, "5XX")
}
router = APIRouter(prefix="/v1", tags=["openai"])


@router.post(
    "/chat/completions",
    dependencies=[PLACE],
    response_model=None,
    responses={
        HTTPStatus.OK: {
            "model": Completion,
            "content": {STREAM: {"schema": {"type": "string"}}},
            "headers": {SESSION_HEADER: {"schema": {"type": "string"}, "description": "Where the talk can go on."}},
        },
        **_ERRORS,
    },
)
async def complete(
    visit: Visitor,
    request: Request,
    order: CompletionOrder,
    idempotency_key: IdempotencyHeader = None,
    session: Annotated[
        str | None, Header(alias=SESSION_HEADER, min_length=1, max_length=100, description="A session to go on in.")
    ] = None,
) -> Response:
    """A chat completion by an agent, as OpenAI's clients know it: docs/openai.md says what is different."""
    course = await begin(visit, order, session, idempotency_key)
    if order.stream:
        with_usage = bool(order.stream_options and order.stream_options.include_usage)
        return CompletionStream(course, with_usage=with_usage)
    return await whole(course, request)


@router.get("/models", responses=_ERRORS)
async def models(visit: Visitor) -> ModelList:
    """The agents, as models."""
    agents = [agent for agent in await visit.parts.registry.list(visit.org_id) if agent.current_version]
    return ModelList(data=[_anybody(), *(_facts(agent) for agent in agents if agent.name != ANYBODY)])


@router.get("/models/{model}", responses=_ERRORS)
async def model(visit: Visitor, model: Annotated[str, Path(max_length=100)]) -> ModelFacts:
    """One agent, as a model."""
    found = next((each for each in (await models(visit)).data if each.id == model), None)
    if found is None:
        raise ModelMissing(f"The model {model!r} does not exist; GET /v1/models lists those there are.")
    return found


def _anybody() -> ModelFacts:
    return ModelFacts(id=ANYBODY, created=0, owned_by="greatwheel")


def _facts(agent: Agent) -> ModelFacts:
    return ModelFacts(id=agent.name, created=int(agent.created_at.timestamp()), owned_by=agent.org_id)
