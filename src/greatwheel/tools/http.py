"""Tools that are requests to a server, declared in the configuration."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import BaseModel, ConfigDict, Field

from greatwheel.core.errors import BadInput, ToolFailed
from greatwheel.tools.addresses import Network
from greatwheel.tools.arguments import check_schema
from greatwheel.tools.exchange import Limits, Reply, Request, check_status, exchange
from greatwheel.tools.port import Invocation, ToolKind, ToolSpec
from greatwheel.tools.templates import as_text, fill_header, fill_host, fill_path, fill_text, fill_value, names_in

_CHANGES_NOTHING = ("GET", "HEAD")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]+")
_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})

BodyKind: TypeAlias = Literal["json", "form", "text"]
_CONTENT_TYPES: Mapping[BodyKind, str] = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "text": "text/plain; charset=utf-8",
}


class HttpToolSettings(BaseModel):
    """One `[[tools]]` table of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: str
    """A template: places in the path, the query and, with `hosts`, the host."""
    hosts: tuple[str, ...] = ()
    """Hosts that the filled URL may name, such as `*.example.com`; empty: the URL's own."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """By name: a JSON schema, to which `optional = true` may be added, or only a type such as `string`."""
    query: dict[str, str] = Field(default_factory=dict)
    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = None
    body_as: BodyKind = "json"
    result: Literal["json", "text"] = "json"
    kind: ToolKind | None = None
    """None: GET and HEAD are reads, the others are effects."""
    permission: str = ""
    idempotency_header: str | None = None
    """The header by which the server does a repeated order once only."""
    seconds: float = Field(default=30.0, gt=0, le=600)
    max_response_bytes: int = Field(default=200_000, gt=0, le=20_000_000)

    @property
    def does(self) -> ToolKind:
        """Whether it changes something outside."""
        return self.kind or ("read" if self.method in _CHANGES_NOTHING else "effect")


class HttpTool:
    """A tool that sends one request.

    Raises:
        BadInput: a template names what is no parameter, or the URL can't be one.
    """

    def __init__(self, settings: HttpToolSettings, networks: Sequence[Network] = ()) -> None:
        logging.getLogger("httpcore2").setLevel(logging.CRITICAL)  # it quotes headers, in which a secret may come back
        self._settings = settings
        self._limits = Limits(seconds=settings.seconds, max_bytes=settings.max_response_bytes, networks=networks)
        self.spec = _spec(settings)

    async def call(self, invocation: Invocation, arguments: Mapping[str, Any]) -> Any:
        """See the port."""
        request = build_request(self._settings, invocation, arguments)
        reply = await exchange(self.spec.name, self.spec.kind, request, self._limits, invocation.redactor)
        check_status(self.spec.name, self.spec.kind, reply)
        return self._result(reply)

    def _result(self, reply: Reply) -> Any:
        text = reply.text if reply.whole else f"{reply.text}\n[cut: the answer is longer]"
        if self._settings.result == "text":
            return text
        try:
            if reply.whole:
                return json.loads(reply.text) if reply.text.strip() else None
            wrong = f"the answer is longer than {self._limits.max_bytes:,} bytes; ask for less."
        except (ValueError, RecursionError):
            wrong = f"the server's answer is no JSON: {reply.text[:200]!r}"
        if self.spec.kind == "effect":
            return text  # the server said that it was done; an error would have it done again
        raise ToolFailed(f"tool.{self.spec.name}: {wrong}")


def build_request(settings: HttpToolSettings, invocation: Invocation, arguments: Mapping[str, Any]) -> Request:
    """The request with all places filled.

    Raises:
        ValueError: an argument can't stand where the template has its place.
    """
    body = _body(settings, invocation, arguments)
    headers = [(key, fill_header(text, arguments, invocation.secrets)) for key, text in settings.headers.items()]
    if body is not None and "content-type" not in {key.lower() for key, _ in headers}:
        headers.append(("content-type", _CONTENT_TYPES[settings.body_as]))
    if settings.idempotency_header:
        headers.append((settings.idempotency_header, invocation.idempotency_key))
    return Request(method=settings.method, url=_url(settings, invocation, arguments), headers=headers, body=body)


def _url(settings: HttpToolSettings, invocation: Invocation, arguments: Mapping[str, Any]) -> str:
    template = urlsplit(settings.url)
    host = fill_host(template.netloc, arguments)
    if not _HOST.fullmatch(host) or not _host_allowed(settings, host):
        raise ValueError(f"tool.{settings.name} may not ask the host {host!r}")
    path = fill_path(template.path or "/", arguments, invocation.secrets)
    pairs = [*parse_qsl(template.query, keep_blank_values=True), *settings.query.items()]
    query = urlencode(
        [
            (key, fill_text(text, arguments, invocation.secrets))
            for key, text in pairs
            if not names_in(text)[0] or names_in(text)[0] & set(arguments)  # what was left out is not asked for
        ]
    )
    return f"{template.scheme}://{host}{path}{f'?{query}' if query else ''}"


def _host_allowed(settings: HttpToolSettings, host: str) -> bool:
    if not settings.hosts:
        return True  # the template's host has no places, see `_check_url`
    bare = urlsplit(f"//{host}").hostname or ""
    return any(fnmatchcase(bare, pattern.lower()) for pattern in settings.hosts)


def _body(settings: HttpToolSettings, invocation: Invocation, arguments: Mapping[str, Any]) -> bytes | None:
    if settings.body is None:
        return None
    filled = fill_value(settings.body, arguments, invocation.secrets)
    match settings.body_as:
        case "json":
            return json.dumps(filled).encode()
        case "form":
            return urlencode([(key, as_text(value)) for key, value in dict(filled or {}).items()]).encode()
        case "text":
            return as_text(filled).encode()


def _spec(settings: HttpToolSettings) -> ToolSpec:
    _check_url(settings)
    arguments, secrets = names_in(
        [settings.url, list(settings.headers.values()), list(settings.query.values()), settings.body]
    )
    if unknown := sorted(arguments - set(settings.parameters)):
        raise BadInput(f"The tool {settings.name} has a place for {unknown[0]!r}, which is none of its parameters.")
    for header in [*settings.headers, *filter(None, [settings.idempotency_header])]:
        if not _HEADER_NAME.fullmatch(header) or header.lower() in _OURS:
            raise BadInput(f"The tool {settings.name} can't set the header {header!r}.")
    if settings.body_as == "form" and not isinstance(settings.body, Mapping | None):
        raise BadInput(f"The body of the tool {settings.name} must be a table, to be sent as a form.")
    schema = _schema(settings)
    check_schema(settings.name, schema)
    return ToolSpec(
        name=settings.name,
        description=settings.description,
        parameters=schema,
        kind=settings.does,
        repeatable=settings.idempotency_header is not None,
        permission=settings.permission,
        secrets=tuple(sorted(secrets)),
        max_result_chars=settings.max_response_bytes * 2,
    )


def _check_url(settings: HttpToolSettings) -> None:
    parts = urlsplit(settings.url)
    arguments, secrets = names_in(parts.netloc)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.fragment:
        raise BadInput(f"The URL of the tool {settings.name} must begin with https:// or http:// and a host.")
    if secrets or (arguments and not settings.hosts):
        raise BadInput(f"The host in the URL of the tool {settings.name} has a place: name the allowed `hosts`.")
    if not arguments and not _HOST.fullmatch(parts.netloc):
        raise BadInput(f"The host {parts.netloc!r} in the URL of the tool {settings.name} can't be one.")


def _schema(settings: HttpToolSettings) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    required = []
    for name, given in settings.parameters.items():
        if not isinstance(given, str | Mapping):
            raise BadInput(f"The parameter {name} of the tool {settings.name} must be a type or a JSON schema.")
        schema = {"type": given} if isinstance(given, str) else dict(given)
        if not schema.pop("optional", False):
            required.append(name)
        properties[name] = schema
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
