"""Secrets of the organisation: set and removed here, never shown. An admin's business."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, SecretStr

from greatwheel.channels.http.bodies import Body
from greatwheel.channels.http.cursors import CursorQuery, LimitQuery, Page, page_of, read_name, text_cursor
from greatwheel.channels.http.visits import Admin

router = APIRouter(prefix="/api/secrets", tags=["secrets"])
NamePath = Annotated[str, Path(max_length=100, description="Letters, digits and _, such as MAIL_KEY.")]


class SecretValue(Body):
    """A secret's value."""

    value: SecretStr


class SecretFacts(BaseModel):
    """What is told of a secret."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    updated_at: datetime


@router.get("")
async def list_secrets(visit: Admin, limit: LimitQuery = 500, cursor: CursorQuery = None) -> Page[SecretFacts]:
    """The names, in order."""
    async with visit.org() as conn:
        found = await visit.parts.secrets.list_all(conn, after=read_name(cursor), limit=limit + 1)
    return page_of([SecretFacts.model_validate(each) for each in found], limit, lambda each: text_cursor(each.name))


@router.put("/{name}", status_code=HTTPStatus.NO_CONTENT)
async def put_secret(visit: Admin, name: NamePath, given: SecretValue) -> None:
    """Set a secret, new or known."""
    async with visit.org() as conn:
        await visit.parts.secrets.put(conn, visit.org_id, name, given.value.get_secret_value())


@router.delete("/{name}", status_code=HTTPStatus.NO_CONTENT)
async def remove_secret(visit: Admin, name: NamePath) -> None:
    """Forget a secret."""
    async with visit.org() as conn:
        await visit.parts.secrets.remove(conn, name)
