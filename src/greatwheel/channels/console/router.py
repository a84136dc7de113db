"""Serves the console: one page, its scripts and styles, and Markdown made into safe HTML."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path

from fastapi import APIRouter, Request, Response, Security
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.staticfiles import NotModifiedResponse, PathLike, StaticFiles
from starlette.types import Scope

from greatwheel.channels.console.markdown import MOST_CHARS, to_html
from greatwheel.channels.http.bodies import Body
from greatwheel.channels.http.visits import bearer

FOLDER = Path(__file__).parent / "static"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""By the name's end; the machine's own table may have others."""


class ConsoleFiles(StaticFiles):
    """The files, kept by browsers and asked for again by their ETag: a new version is seen at once."""

    def file_response(
        self, full_path: PathLike, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """See starlette. Files of two versions may have the same time and size: the ETag names the version."""
        mark = f'"{_version()}-{stat_result.st_mtime_ns:x}-{stat_result.st_size:x}"'
        answer = FileResponse(
            full_path,
            status_code=status_code,
            headers={"cache-control": "no-cache", "etag": mark},
            media_type=_KINDS[Path(full_path).suffix],
            stat_result=stat_result,
        )
        if self.is_not_modified(answer.headers, Headers(scope=scope)):
            return NotModifiedResponse(answer.headers)
        return answer


router = APIRouter(include_in_schema=False)
_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="markdown")
"""One, for all: a long text takes a second, in which streams are to go on; many at once would hold them up."""
_files = ConsoleFiles(directory=FOLDER, check_dir=False)


class Text(Body):
    """Text to be shown."""

    text: str
    """Markdown; what goes beyond 200,000 characters is left out."""


class Shown(BaseModel):
    """How it is shown."""

    html: str
    cut: bool
    """It was longer than what is shown."""


@router.api_route("/", methods=["GET", "HEAD"])
async def page(request: Request) -> Response:
    """The page. It holds nothing of anybody: what it shows it asks the API for, after a login."""
    return await _file("index.html", request)


@router.api_route("/console/static/{path:path}", methods=["GET", "HEAD"])
async def static(path: str, request: Request) -> Response:
    """A script, a style or a picture of the page."""
    return await _file(path, request)


@router.post("/console/markdown", dependencies=[Security(bearer)])
async def markdown(given: Text) -> Shown:
    """Markdown as HTML that is safe to be put into the page."""
    html = await asyncio.get_running_loop().run_in_executor(_writer, to_html, given.text)
    return Shown(html=html, cut=len(given.text) > MOST_CHARS)


@cache
def _version() -> str:
    return version("greatwheel")


async def _file(path: str, request: Request) -> Response:
    if Path(path).suffix not in _KINDS:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return await _files.get_response(path, request.scope)
