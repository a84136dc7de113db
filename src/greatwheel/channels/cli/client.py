"""A client of the HTTP API, for commands that work against a server."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any
from urllib.parse import quote

import httpx

from greatwheel.core.errors import BadInput, DatabaseUnavailable, GreatwheelError
from greatwheel.llm.wire import is_loopback

_SECONDS = 60.0
"""For one answer, and between two signs of life of a stream."""
MOST = 10_000
"""Items that a list gives at most."""
_TRIES = 30
_PAUSE = 1.0


class ServerUnavailable(GreatwheelError):
    """No Greatwheel server answers; start one with `greatwheel serve`, or name it with --server."""

    code = "server.unavailable"
    retryable = True
    http_status = 503
    exit_code = DatabaseUnavailable.exit_code


class ApiClient:
    """Speaks to one server with one key. Errors of the API are raised as errors of `core.errors`."""

    def __init__(
        self, server: str, key: str, *, transport: httpx.BaseTransport | None = None, seconds: float = _SECONDS
    ) -> None:
        headers = {"authorization": f"Bearer {key}"}
        proxied = transport is None and not is_loopback(server)
        try:
            self._http = httpx.Client(
                base_url=server, headers=headers, timeout=seconds, transport=transport, trust_env=proxied
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            raise BadInput(f"{server!r} with that key is no way to a server: {error}.") from error

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """The JSON that a request gives. What is None in the query is left out.

        Raises:
            ServerUnavailable: nobody answers there.
            GreatwheelError: as the server refused.
        """
        try:
            given = {name: value for name, value in (query or {}).items() if value is not None}
            answer = self._http.request(method, path, json=body, headers=headers, params=given)
        except (httpx.TransportError, httpx.InvalidURL) as error:
            raise ServerUnavailable from error
        _check(answer)
        return answer.json() if answer.content else None

    def patiently(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        tell: Callable[[Exception], None] = lambda error: None,
    ) -> Any:
        """As `call`, again and again while the server is away or says that it may be tried again.

        The request must count once however often it is sent. `tell` gets the first of the errors.
        """
        for failures in count():
            try:
                return self.call(method, path, body, headers=headers)
            except GreatwheelError as error:
                if not error.retryable or failures >= _TRIES:
                    raise
                if failures == 0:
                    tell(error)
                time.sleep(_PAUSE)

    def pages(self, path: str, query: Mapping[str, Any] | None = None, *, most: int = MOST) -> list[Any]:
        """The items of a list, as many pages as that takes. Raises as `call`."""
        items: list[Any] = []
        cursor = None
        while len(items) < most:
            page = self.call("GET", path, query={**(query or {}), "cursor": cursor})
            items.extend(page["items"])
            cursor = page.get("next")
            if cursor is None:
                break
        return items[:most]

    @staticmethod
    def path(pattern: str, *parts: str) -> str:
        """A path with names in it, whatever they hold."""
        return pattern.format(*(quote(part, safe="") for part in parts))

    def events(
        self, task_id: str, *, tell: Callable[[Exception], None] = lambda error: None
    ) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """A task's events as they happen, each once, to `task.ended`: also over servers that stop meanwhile.

        `tell` gets the first error each time that the server is away.

        Raises:
            ServerUnavailable: no server came back.
            GreatwheelError: as the server refused.
        """
        last, failures = "0", 0
        while True:
            try:
                for kind, number, data in self._stream(task_id, last):
                    last, failures = number or last, 0
                    yield kind, data
                    if kind == "task.ended":
                        return
            except (httpx.TransportError, GreatwheelError) as error:
                failures += 1
                if isinstance(error, GreatwheelError) and (not error.retryable or failures > _TRIES):
                    raise
                if failures > _TRIES:
                    raise ServerUnavailable from error
                if failures == 1:
                    tell(error)
                time.sleep(_PAUSE)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _stream(self, task_id: str, last: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
        headers = {"accept": "text/event-stream", "last-event-id": last}
        with self._http.stream("GET", f"/api/tasks/{task_id}/events", headers=headers) as answer:
            if answer.is_error:
                answer.read()
                _check(answer)
            fields: dict[str, str] = {}
            for line in _lines(answer.iter_bytes()):
                name, _, value = line.partition(": ")
                if line and name:
                    fields[name] = value
                elif not line and "event" in fields:
                    data = json.loads(fields["data"])
                    if fields["event"] == "error":
                        raise _error_of(data)
                    yield fields["event"], fields.get("id", ""), data
                    fields = {}


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Lines as \\n ends them: an event's text may hold what else Unicode takes for a line's end."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode().removesuffix("\r")


def _check(answer: httpx.Response) -> None:
    if not answer.is_error:
        return
    try:
        raise _error_of(answer.json())
    except (ValueError, LookupError, TypeError):
        raise ServerUnavailable(f"What answers there is no Greatwheel server (status {answer.status_code}).") from None


def _error_of(body: Any) -> GreatwheelError:
    """What the API tells of an error, as ours. Raises LookupError or TypeError when it is none of the API's."""
    told = body["error"]
    return _kind_of(str(told["code"]))(str(told["message"]))


def _kind_of(code: str) -> type[GreatwheelError]:
    """The error that has this code; its nearest kin for a code of the API's own."""
    found: list[type[GreatwheelError]] = [GreatwheelError]
    while found:
        kind = found.pop()
        if kind.code == code:
            return kind
        found.extend(kind.__subclasses__())
    return _Refused


class _Refused(GreatwheelError):
    """The server refused the request."""

    code = "server.refused"
    http_status = 502
    exit_code = 2
