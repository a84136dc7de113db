"""The models that a task may name."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from greatwheel.channels.http.cursors import Page
from greatwheel.channels.http.visits import Offered, Visitor

router = APIRouter(prefix="/api", tags=["installation"])


class ModelFacts(BaseModel):
    """A model."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    default: bool
    """Does the tasks that name none, and whose agent names none."""
    loaded: bool
    """Answers without being loaded first."""


@router.get("/models")
async def list_models(visit: Visitor, offer: Offered) -> Page[ModelFacts]:
    """The models that the installation offers, the default first."""
    return Page(items=[ModelFacts.model_validate(model) for model in await offer.models()])
