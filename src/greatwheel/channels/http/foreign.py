"""Requests that another site's page made with somebody's login.

The cookie is SameSite=Strict already. Beyond that, what changes something needs a header that no form and no plain
link can send, and a browser that names the page's origin must name the server's own.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

from greatwheel.core.errors import ForeignRequest

HEADER = "x-greatwheel"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SECURE = {"https": "https", "wss": "https"}
_USUAL_PORT = {"http": ":80", "https": ":443"}
"""Browsers leave it out of an origin; some proxies say it."""
_OTHERS = frozenset({"same-site", "cross-site"})
"""What a browser calls other sites, and other ports of this machine: these see the same cookies."""


def own_origin(conn: HTTPConnection) -> bool:
    """Whether the origin that a browser names, if it does, is the server's own.

    A server that was reached by TLS has a TLS origin. One that was not may stand behind a proxy that was, so there
    the host decides alone.
    """
    origin = conn.headers.get("origin")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    scheme = _SECURE.get(conn.scope["scheme"], parts.scheme)
    host = conn.headers.get("host", "").lower().removesuffix(_USUAL_PORT.get(parts.scheme, ""))
    return parts.netloc.lower() == host != "" and parts.scheme == scheme


def require_own_origin(conn: HTTPConnection) -> None:
    """Go on unless another site's page made the request.

    Raises:
        ForeignRequest: it did.
    """
    if not own_origin(conn):
        raise ForeignRequest


def require_own_page(conn: HTTPConnection) -> None:
    """Go on when a login may be used for the request: it changes nothing, or a page of the server's own sent it.

    Raises:
        ForeignRequest: it may not.
    """
    if conn.scope["type"] == "websocket":
        require_own_origin(conn)
        return
    if conn.headers.get("sec-fetch-site") in _OTHERS:
        raise ForeignRequest
    if conn.scope["method"] in _SAFE:
        return
    require_own_origin(conn)
    if conn.headers.get(HEADER) != "1":
        raise ForeignRequest("A request with a login that changes something needs the header `X-Greatwheel: 1`.")
