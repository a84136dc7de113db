"""Tools as services of the runtime: `tool.<name>` and `tool.authorized_action`.

Each call is checked in this order: is there such a tool, has the caller the permission, do the arguments fit, are the
secrets there. What leaves a tool, result or error, is cleaned of the organisation's secrets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greatwheel.core.errors import GreatwheelError, NotAvailable
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database
from greatwheel.runtime.services import MOST_LISTED, Effect, ListedTool, Read, Service, ServiceCall, ToolList, Varying
from greatwheel.tenancy import grants
from greatwheel.tenancy.redaction import Redactor
from greatwheel.tenancy.secrets import SecretStore
from greatwheel.tools.arguments import bind
from greatwheel.tools.doubt import unanswered
from greatwheel.tools.port import Invocation, Tool, ToolSource, ToolSpec
from greatwheel.tools.registry import ToolRegistry
from greatwheel.tools.requirements import require_secrets
from greatwheel.tools.results import passed_on
from greatwheel.tools.signatures import signature

_START = "tool."
_ANY = "tool.authorized_action"
_LONGEST_NAME = 200
_GUEST_MAY_SEE = (TypeError, ValueError, KeyError)


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolServices:
    """Finds the service behind the wire name of a tool."""

    tools: ToolRegistry
    db: Database
    secrets: SecretStore
    more: ToolSource | None = None
    """Tools that depend on the organisation; those of the registry go before them."""

    def find(self, name: str) -> Service | None:
        """The tool's service; None for a name that is no tool's. An unknown tool is one that says so."""
        if not name.startswith(_START):
            return None
        if name == _ANY:
            # Which tool it will be is not known here, so it is taken for the most delicate kind.
            return Effect(handle=self._any)
        bare = name.removeprefix(_START)
        if bare in self.tools:
            return _service(self.tools.get(bare).spec, self._named)
        if self.more is not None and self.more.may_have(bare):
            return Varying(choose=self._choose)
        return Read(handle=self._named)

    async def listed(self, task: Task) -> ToolList:
        """The tools that the task can call now: permitted to its agent and user, with the secrets that they need."""
        async with self.db.org(task.org_id) as conn:
            allowed = await grants.effective(conn, task)
            secrets = await self.secrets.reveal_all(conn, task.org_id)
        if allowed is None:
            return ToolList()
        theirs = [] if self.more is None else await self.more.listed(task.org_id, secrets, allowed)
        found = {spec.name: spec for spec in (*theirs, *(tool.spec for tool in self.tools))}
        usable = [
            found[name]
            for name in sorted(found)
            if allowed.permits(found[name].required_permission) and secrets.keys() >= set(found[name].secrets)
        ]
        shown = await asyncio.to_thread(_shown, usable[:MOST_LISTED], Redactor(secrets))
        return ToolList(tools=shown, more=len(usable) - len(shown))

    async def _named(self, call: ServiceCall) -> Any:
        return await self._call(call, call.name.removeprefix(_START), call.args, call.kwargs)

    async def _any(self, call: ServiceCall) -> Any:
        name, arguments = _action(call)
        return await self._call(call, name, (), arguments)

    async def _choose(self, call: ServiceCall) -> Read | Effect:
        tool, secrets = await self._found(call, call.name.removeprefix(_START))

        async def handle(call: ServiceCall) -> Any:
            return await _use(tool, secrets, call, call.args, call.kwargs)

        return _service(tool.spec, handle)

    async def _call(self, call: ServiceCall, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        tool, secrets = await self._found(call, name)
        return await _use(tool, secrets, call, args, kwargs)

    async def _found(self, call: ServiceCall, name: str) -> tuple[Tool, Mapping[str, str]]:
        """The tool, and all the organisation's secrets: once the permission is there, and what the tool needs."""
        if len(name) > _LONGEST_NAME:  # to look for those that are near would take a while
            raise NotAvailable(f"There is no tool of {len(name):,} characters.")
        if name not in self.tools and self.more is not None and self.more.may_have(name):
            return await self._theirs(self.more, call, name)
        tool = self.tools.get(name)
        secrets = await self._admit(call, tool.spec.required_permission)
        require_secrets(name, tool.spec.secrets, secrets)
        return tool, secrets

    async def _theirs(self, more: ToolSource, call: ServiceCall, name: str) -> tuple[Tool, Mapping[str, str]]:
        secrets = await self._admit(call, name)
        try:
            found = await more.find(call.context.organisation, name, secrets)
        except GreatwheelError as error:
            raise _cleaned(error, Redactor(secrets)) from None
        return (found or self.tools.get(name)), secrets  # the registry says what there is instead

    async def _admit(self, call: ServiceCall, permission: str) -> Mapping[str, str]:
        """All the organisation's secrets, once the permission is there."""
        org_id = call.context.organisation
        async with self.db.org(org_id) as conn:
            await grants.require(conn, permission, call.task)
            return await self.secrets.reveal_all(conn, org_id)


def _service(spec: ToolSpec, handle: Callable[[ServiceCall], Awaitable[Any]]) -> Read | Effect:
    return Read(handle=handle) if spec.kind == "read" else Effect(handle=handle, repeatable=spec.repeatable)


async def _use(
    tool: Tool, secrets: Mapping[str, str], call: ServiceCall, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    arguments = await asyncio.to_thread(bind, tool.spec, args, kwargs)
    redactor = await asyncio.to_thread(Redactor, secrets)
    invocation = Invocation(
        org_id=call.context.organisation,
        user_id=call.task.user_id,
        idempotency_key=call.idempotency_key,
        secrets={wanted: secrets[wanted] for wanted in tool.spec.secrets},
        redactor=redactor,
    )
    result = await _done(tool, invocation, arguments, redactor)
    return await asyncio.to_thread(passed_on, tool.spec, result, redactor)


async def _done(tool: Tool, invocation: Invocation, arguments: Mapping[str, Any], redactor: Redactor) -> Any:
    """The result; an error's words are cleaned, and its cause, which may hold a secret, is dropped."""
    try:
        return await tool.call(invocation, arguments)
    except GreatwheelError as error:
        raise _cleaned(error, redactor) from None
    except (Exception, SystemExit) as error:  # a library's sys.exit is not ours
        raise _failure(tool.spec, error, redactor) from None


def _failure(spec: ToolSpec, error: BaseException, redactor: Redactor) -> Exception:
    """What the guest sees of another's error."""
    # Of an effect only the very types of the port's contract mean that it was not done: a library that fails to read
    # the answer raises a ValueError of its own, or a KeyError.
    plain = _of_arguments(error) if spec.kind == "effect" else _of_guests(error)
    if plain is not None:
        return plain(redactor.text(str(error.args[0]) if len(error.args) == 1 else str(error)))
    return unanswered(spec.kind, redactor.text(f"tool.{spec.name}: {type(error).__name__}: {error}".rstrip(".")))


def _of_arguments(error: BaseException) -> type[Exception] | None:
    return next((kind for kind in (TypeError, ValueError) if type(error) is kind), None)


def _of_guests(error: BaseException) -> type[Exception] | None:
    return next((kind for kind in _GUEST_MAY_SEE if isinstance(error, kind)), None)


def _shown(specs: Sequence[ToolSpec], redactor: Redactor) -> list[ListedTool]:
    """What models are told of them. Descriptions of servers may quote the secrets that those were given."""
    tools = (ListedTool(call=signature(spec), description=redactor.text(spec.description)) for spec in specs)
    return [each for each in tools if redactor.text(each.call) == each.call]


def _cleaned(error: GreatwheelError, redactor: Redactor) -> GreatwheelError:
    return type(error)(redactor.text(str(error)))


def _action(call: ServiceCall) -> tuple[str, Mapping[str, Any]]:
    name, params = call.kwargs.get("action"), call.kwargs.get("params")
    if not isinstance(name, str):
        raise TypeError("tool.authorized_action needs action='the name of a tool' and params={…}")
    if params is None:
        return name.removeprefix(_START), {}
    if not isinstance(params, Mapping) or not all(isinstance(key, str) for key in params):
        raise TypeError(f"tool.authorized_action: params is a dict of arguments by name, not {type(params).__name__}")
    return name.removeprefix(_START), params
