"""How commands reach an installation: by a server's API where one is named, else by its database on this machine.

Either way they speak to the same API; see `embedded`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from greatwheel.channels.cli.client import ApiClient, ServerUnavailable
from greatwheel.core.errors import BadInput, GreatwheelError

USUAL_SERVER = "http://127.0.0.1:8080"

ServerOption = Annotated[
    str | None,
    typer.Option("--server", envvar="GREATWHEEL_URL", help="A server's address; without, this machine's installation."),
]
NearServerOption = Annotated[
    str | None,
    typer.Option(
        "--server", envvar="GREATWHEEL_URL", help="A server's address; without, this machine's, else none is needed."
    ),
]
EmbeddedOption = Annotated[
    bool, typer.Option("--embedded", help="Use this machine's installation, whatever server there is.")
]
KeyOption = Annotated[
    str, typer.Option("--key", envvar="GREATWHEEL_API_KEY", help="Your API key for the server.", show_default=False)
]
OrgOption = Annotated[
    str | None, typer.Option("--org", help="The organisation's name or id; a server knows it by the key.")
]
ConfigOption = Annotated[Path | None, typer.Option("--config", help="The settings' file of this installation.")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Where:
    """What the options say."""

    server: str | None = None
    key: str = ""
    org: str | None = None
    config: Path | None = None


def placed(command: Callable[..., None]) -> Callable[..., None]:
    """A command whose first parameter says where: it gets --server, --key, --org and --config (before --json)."""
    signature = inspect.signature(command, eval_str=True)
    own = list(signature.parameters.values())[1:]
    before = sum(parameter.name != "as_json" for parameter in own)
    parameters = [*own[:before], *_PLACE, *own[before:]]

    @wraps(command)
    def with_options(**given: Any) -> None:
        where = Where(**{option.name: given.pop(option.name) for option in _PLACE})
        command(where, **given)

    with_options.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return with_options


def _option(name: str, annotation: Any, default: str | None = None) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default, annotation=annotation)


_PLACE = (
    _option("server", ServerOption),
    _option("key", KeyOption, ""),
    _option("org", OrgOption),
    _option("config", ConfigOption),
)


@contextmanager
def reached(where: Where, *, working: bool = False) -> Iterator[ApiClient]:
    """A client of the installation; `working`: one in this process carries tasks out, too.

    Raises:
        BadInput: a server without a key, or with an organisation.
        GreatwheelError: the installation can't be opened.
    """
    if where.server is None:
        from greatwheel.channels.cli.embedded import embedded_api  # the server's parts load slowly

        with embedded_api(where.config, where.org, working=working) as inside:
            yield inside
        return
    if not where.key:
        raise BadInput("An API key is needed: put it into GREATWHEEL_API_KEY.")
    if where.org is not None:
        raise BadInput("--org is for this machine's installation; a server knows the organisation by the key.")
    client = ApiClient(where.server, where.key)
    try:
        yield client
    finally:
        client.close()


def nearest(where: Where, *, embedded: bool) -> Where:
    """Which installation: the server that was named, this machine's if one answers, else the one in this process.

    Raises:
        BadInput: a server answers here, and there is no key for it.
    """
    if embedded:
        return replace(where, server=None)
    if where.server is not None or where.org is not None or where.config is not None or not answers(USUAL_SERVER):
        return where
    if not where.key:
        raise BadInput(
            f"A server answers at {USUAL_SERVER}: put your API key into GREATWHEEL_API_KEY, or say --embedded "
            "to do without it."
        )
    return replace(where, server=USUAL_SERVER)


def answers(server: str) -> bool:
    """Whether a Greatwheel server answers there."""
    client = ApiClient(server, "")
    try:
        return "dependencies" in client.call("GET", "/health")
    except (ServerUnavailable, TypeError):
        return False
    except GreatwheelError:
        return True
    finally:
        client.close()
