"""MCP servers as they are declared: by the operator in the file of tools, by organisations through the API.

[[mcp_servers]]
name = "github"                                   # its tools are tool.github_<tool>
url = "https://mcp.example.com/mcp"
headers = { Authorization = "Bearer {secret:GITHUB_TOKEN}" }

[[mcp_servers]]
name = "files"
command = ["mcp-server-filesystem", "/srv/shared"]
env = { TOKEN = "{secret:FILES_TOKEN}" }
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from greatwheel.core.errors import BadInput
from greatwheel.tools.addresses import Network
from greatwheel.tools.templates import fill_header, fill_text, names_in

NAME = r"^[a-z][a-z0-9]{0,31}$"
"""Without `_`, so that the name of a tool tells where the server's ends."""
SECONDS = 60.0
MAX_RESPONSE_BYTES = 200_000
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,100}")
_OURS = ("host", "content-length", "content-type", "transfer-encoding", "connection", "accept", "accept-encoding")
_DELICATE = re.compile(r"auth|key|token|secret|cookie|password|credential", re.IGNORECASE)
_HANDED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
"""Of the environment of the process that starts a server: no key, no database's address."""

_Text = Annotated[str, StringConstraints(max_length=2_000)]


class McpServer(BaseModel):
    """One server: an address, or a command that is run. Values of headers and the environment are templates."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, StringConstraints(pattern=NAME)]
    url: _Text = ""
    headers: dict[str, _Text] = Field(default_factory=dict, max_length=20)
    command: tuple[str, ...] = ()
    """A command line, which only the operator can declare."""
    env: dict[str, str] = Field(default_factory=dict)
    folder: str = ""
    """Where the command is run; empty: the file system's root."""
    trust_hints: bool = False
    """Tools that the server calls read-only are reads; else all are effects."""
    seconds: float = Field(default=SECONDS, gt=0, le=600, allow_inf_nan=False)
    """For one call."""
    max_response_bytes: int = Field(default=MAX_RESPONSE_BYTES, gt=0, le=20_000_000)

    @model_validator(mode="after")
    def _checked(self) -> McpServer:
        if bool(self.url) == bool(self.command):
            raise ValueError("takes one of url and command, not both")
        if (self.command and self.headers) or (self.url and (self.env or self.folder)):
            raise ValueError("headers belong to url; env and folder to command")
        if names_in([*self.headers.values(), *self.env.values()])[0]:
            raise ValueError("a template here has places for secrets alone, such as {secret:NAME}")
        if self.url:
            _check_url(self.url)
        for header, value in self.headers.items():
            _check_header(header, value)
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the secrets that it needs."""
        return tuple(sorted(names_in([*self.headers.values(), *self.env.values()])[1]))


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """A server, and where it may be."""

    server: McpServer
    networks: Sequence[Network] = ()
    """Networks that are allowed though they are not public."""
    own: bool = False
    """The organisation declared it, not the operator."""

    def filled_headers(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The headers with their secrets. Raises BadInput: a secret can't stand in a header."""
        try:
            return {name: fill_header(text, {}, secrets) for name, text in self.server.headers.items()}
        except ValueError as error:
            raise BadInput(f"The MCP server {self.server.name}: {error}.") from None

    def environment(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """The environment of the command, with its secrets: little of this process's own."""
        handed_on = {name: os.environ[name] for name in _HANDED_ON if name in os.environ}
        return handed_on | {name: fill_text(text, {}, secrets) for name, text in self.server.env.items()}

    def fingerprint(self, secrets: Mapping[str, str]) -> str:
        """Another declaration, or another secret, is another server."""
        used = [secrets[name] for name in self.server.secrets]
        return hashlib.sha256("\0".join([self.server.model_dump_json(), *used]).encode()).hexdigest()


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(parts.netloc) or parts.fragment:
        raise ValueError("url must begin with https:// or http:// and a host, without a name or password")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise ValueError("url has characters that no address has")


def _check_header(header: str, value: str) -> None:
    if not _HEADER_NAME.fullmatch(header) or header.lower() in _OURS or header.lower().startswith("mcp-"):
        raise ValueError(f"can't set the header {header!r}")
    if not value.isprintable():
        raise ValueError(f"the header {header!r} has line breaks or control characters")
    if _DELICATE.search(header) and not names_in(value)[1]:
        raise ValueError(f"the header {header!r} takes a secret by its name, such as {{secret:NAME}}")
