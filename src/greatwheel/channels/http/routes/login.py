"""Logging in and out with a browser: a cookie that stands for an API key."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, SecretStr

from greatwheel.channels.http.authentication import COOKIE, address_of
from greatwheel.channels.http.bodies import Body
from greatwheel.channels.http.door import Door
from greatwheel.channels.http.foreign import require_own_origin
from greatwheel.channels.http.parts import Parts
from greatwheel.tenancy import logins

router = APIRouter(prefix="/api", tags=["login"])
_SECONDS = logins.DAYS * 24 * 60 * 60


class Credentials(Body):
    """With what one logs in."""

    key: Annotated[SecretStr, Field(max_length=200)]
    """An API key: `gwk_…`."""


@router.post("/login", status_code=HTTPStatus.NO_CONTENT)
async def log_in(request: Request, response: Response, given: Credentials) -> None:
    """Log in with an API key: sets the cookie `greatwheel_login`, which is valid for 7 days or until the key ends.

    With the cookie, requests that change something need the header `X-Greatwheel: 1`.
    """
    require_own_origin(request)
    door: Door = request.app.state.door
    holder = await door.by_key(address_of(request), given.key.get_secret_value())
    await _end(request)
    login = await logins.begin(_parts(request).database, holder)
    response.set_cookie(
        COOKIE, login.token, max_age=_SECONDS, path="/", httponly=True, samesite="strict", secure=_is_secure(request)
    )


@router.post("/logout", status_code=HTTPStatus.NO_CONTENT)
async def log_out(request: Request, response: Response) -> None:
    """End the login of the cookie, if there is one, and take the cookie away."""
    require_own_origin(request)
    await _end(request)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=_is_secure(request))


async def _end(request: Request) -> None:
    token = request.cookies.get(COOKIE)
    if token:
        await logins.end(_parts(request).database, token)


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts
