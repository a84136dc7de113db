"""Files to be contexts of tasks, too long to be sent within an order."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, File, Request, UploadFile
from pydantic import BaseModel, ConfigDict

from greatwheel.channels.http import uploads
from greatwheel.channels.http.errors import ErrorBody
from greatwheel.channels.http.visits import Visitor
from greatwheel.core.errors import FileTooLarge

router = APIRouter(prefix="/api/uploads", tags=["uploads"])


class UploadFacts(BaseModel):
    """A file that was uploaded."""

    model_config = ConfigDict(from_attributes=True)

    upload_id: str
    """Pass it in an order, instead of a context; for a day."""
    name: str
    chars: int


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    responses={HTTPStatus.UNSUPPORTED_MEDIA_TYPE: {"model": ErrorBody, "description": "The file is not text."}},
)
async def upload(
    visit: Visitor,
    request: Request,
    file: Annotated[UploadFile, File(description="Text, JSON or CSV in UTF-8, up to 100 MB.")],
) -> UploadFacts:
    """Upload a file to be the context of a task. JSON becomes data if the file's name ends in `.json`."""
    if file.size is None or file.size > uploads.MOST_BYTES:
        raise FileTooLarge
    return UploadFacts.model_validate(await uploads.keep(visit, file, request.app.state.upload_bytes))
