"""Serves the console: one page, its scripts and styles, and Markdown made into safe HTML."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from fastapi import APIRouter, Request, Response, Security
from fastapi.responses import FileResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

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
_ASK_AGAIN = {"cache-control": "no-cache"}
"""Kept by the browser, and asked for again by its ETag: a new version is seen at once."""

router = APIRouter(include_in_schema=False)
_writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="markdown")
"""One, for all: a long text takes a second, in which streams are to go on; many at once would hold them up."""
_files = StaticFiles(directory=FOLDER, check_dir=False)


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


async def _file(path: str, request: Request) -> Response:
    kind = _KINDS.get(Path(path).suffix)
    if kind is None:
        raise HTTPException(404)
    answer = await _files.get_response(path, request.scope)
    answer.headers.update(_ASK_AGAIN)
    if isinstance(answer, FileResponse):
        answer.headers["content-type"] = kind
    return answer
