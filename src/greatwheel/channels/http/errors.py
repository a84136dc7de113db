"""Every error of the API in one shape: `{"error": {"code", "message", "retryable"}}`."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from greatwheel.channels.http.headers import SECURITY_HEADERS
from greatwheel.core.errors import GreatwheelError, KeyRefused, TooManyTries

LOG = logging.getLogger("greatwheel.http")
INVALID = "request.invalid"
_MOST_FAULTS = 5
_OWN: Mapping[int, tuple[str, str]] = {
    HTTPStatus.BAD_REQUEST: ("request.malformed", "The request's body is no JSON."),
    HTTPStatus.NOT_FOUND: ("http.no_such_route", "There is nothing at this path; see /docs."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("http.method_not_allowed", "This path does not take that method; see /docs."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("request.too_large", "The request is too large."),
}
"""What is refused before a route is reached."""


class ErrorFacts(BaseModel):
    """What went wrong."""

    code: str
    """For programs; stable."""
    message: str
    """For people; says what to do."""
    retryable: bool
    """Whether the same request may succeed later."""


class ErrorBody(BaseModel):
    """The body of every answer that is no success."""

    error: ErrorFacts


def error_response(
    status: int, code: str, message: str, *, retryable: bool = False, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """The answer."""
    body = ErrorBody(error=ErrorFacts(code=code, message=message, retryable=retryable))
    return JSONResponse(body.model_dump(), status_code=status, headers=dict(headers or {}))


def facts_of(error: GreatwheelError) -> ErrorFacts:
    """What callers are told of an error of ours. What is our fault is told in the log, not to them."""
    message = str(error)
    if error.http_status == HTTPStatus.INTERNAL_SERVER_ERROR:
        LOG.error("%s: %s", error.code, error, exc_info=error)
        message = inspect.getdoc(type(error)) or "Something failed inside Greatwheel."
    return ErrorFacts(code=error.code, message=message, retryable=error.retryable)


def response_of(error: GreatwheelError) -> JSONResponse:
    """The answer that an error of ours means."""
    body = ErrorBody(error=facts_of(error))
    return JSONResponse(body.model_dump(), status_code=error.http_status, headers=dict(_headers_of(error)))


def refusal(status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to what the web framework, or a layer before the routes, refuses."""
    code, message = _OWN.get(status, (f"http.{status}", HTTPStatus(status).phrase))
    return error_response(status, code, message, headers=headers)


def add_handlers(app: FastAPI) -> None:
    """Have every exception answered in the one shape."""
    app.add_exception_handler(GreatwheelError, _ours)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _unforeseen)


async def _ours(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, GreatwheelError)
    return response_of(error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    told = "; ".join(fault_of(each) for each in error.errors()[:_MOST_FAULTS])
    return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, INVALID, f"{told}.")


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return refusal(error.status_code, error.headers)


async def _unforeseen(request: Request, error: Exception) -> JSONResponse:
    # The outermost of the framework's layers calls this one, beyond our own: the headers must be put here.
    message = inspect.getdoc(GreatwheelError) or ""
    code = GreatwheelError.code
    return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, code, message, headers=SECURITY_HEADERS)


def _headers_of(error: GreatwheelError) -> Mapping[str, str]:
    match error:
        case KeyRefused():
            return {"www-authenticate": "Bearer"}
        case TooManyTries():
            return {"retry-after": str(error.retry_after)}
        case _:
            return {}


def fault_of(fault: Mapping[str, Any]) -> str:
    """Where it is and what is wrong; never the value, which may be a secret."""
    where = ".".join(str(part) for part in fault["loc"])
    return f"{where}: {str(fault['msg']).removeprefix('Value error, ')}"
