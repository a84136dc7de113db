"""Python functions as tools.

    @tool(kind="read", secrets=("MAPS_KEY",))
    def distance(start: str, end: str, invocation: Invocation) -> float:
        ...

A parameter annotated `Invocation` is filled in by the host; the others are what agents give. A plain function runs in
a thread.
"""

from __future__ import annotations

import asyncio
import inspect
import typing
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import lru_cache, partial
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, PydanticUserError, TypeAdapter, ValidationError, create_model
from pydantic_core import PydanticSerializationError

from greatwheel.core.errors import BadInput
from greatwheel.tools.doubt import unanswered
from greatwheel.tools.port import Invocation, ToolKind, ToolSpec

ENTRY_POINTS = "greatwheel.tools"
"""The group by which installed packages offer tools."""

_MOST_AT_ONCE = 64
"""Plain functions that run at a time."""
_Function = TypeVar("_Function", bound=Callable[..., Any])
_ATTRIBUTE = "__greatwheel_tool__"
_ANY_VALUE: TypeAdapter[Any] = TypeAdapter(Any)


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """What the decorator says of a function."""

    name: str | None = None
    kind: ToolKind = "effect"
    repeatable: bool = False
    permission: str = ""
    secrets: tuple[str, ...] = ()
    seconds: float = 60.0


def tool(
    *,
    name: str | None = None,
    kind: ToolKind = "effect",
    repeatable: bool = False,
    permission: str = "",
    secrets: tuple[str, ...] = (),
    seconds: float = 60.0,
) -> Callable[[_Function], _Function]:
    """Say more about a function that is a tool; one without this is an effect that is never repeated.

    `name`: None takes the function's. `seconds`: how long it may take. The rest is as in `ToolSpec`.
    """
    declared = Declared(
        name=name, kind=kind, repeatable=repeatable, permission=permission, secrets=secrets, seconds=seconds
    )

    def mark(function: _Function) -> _Function:
        setattr(function, _ATTRIBUTE, declared)
        return function

    return mark


class FunctionTool:
    """A Python function as a tool.

    Raises:
        BadInput: its parameters have no JSON schema.
    """

    def __init__(self, function: Callable[..., Any], name: str | None = None) -> None:
        declared: Declared = getattr(function, _ATTRIBUTE, Declared())
        self._function = function
        self._seconds = declared.seconds
        called = name or declared.name or function.__name__
        self._arguments, self._invocation = _parameters(function, called)
        schema = self._arguments.model_json_schema()
        schema.pop("title", None)
        self.spec = ToolSpec(
            name=called,
            description=inspect.getdoc(function) or "",
            parameters=schema,
            kind=declared.kind,
            repeatable=declared.repeatable,
            permission=declared.permission,
            secrets=declared.secrets,
        )

    async def call(self, invocation: Invocation, arguments: Mapping[str, Any]) -> Any:
        """See the port."""
        try:
            parsed = self._arguments.model_validate(arguments)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise ValueError(f"tool.{self.spec.name}: {place}: {first['msg']}") from None
        values = {name: getattr(parsed, name) for name in type(parsed).model_fields}
        if self._invocation:
            values[self._invocation] = invocation
        result = await self._within_time(values)
        try:
            return _ANY_VALUE.dump_python(result, mode="json")
        except PydanticSerializationError as error:
            why = f"tool.{self.spec.name} gave a value that is not of JSON's types: {error}"
            raise unanswered(self.spec.kind, why) from None

    async def _within_time(self, values: Mapping[str, Any]) -> Any:
        limit = asyncio.timeout(self._seconds)
        try:
            async with limit:
                if inspect.iscoroutinefunction(self._function):
                    return await self._function(**values)
                work = partial(copy_context().run, self._function, **values)
                return await asyncio.get_running_loop().run_in_executor(_threads(), work)
        except TimeoutError:
            if not limit.expired():
                raise  # the function's own
            late = f"tool.{self.spec.name} took longer than {self._seconds:g} seconds"
            raise unanswered(self.spec.kind, late) from None


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    """Threads of their own: a function that hangs keeps its thread, which nobody else must wait for."""
    return ThreadPoolExecutor(_MOST_AT_ONCE, thread_name_prefix="tool")


def load_function(place: str, name: str | None = None) -> FunctionTool:
    """The function at `module:function`.

    Raises:
        BadInput: there is none, or it can't be a tool.
    """
    module, _, attribute = place.partition(":")
    try:
        function = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise BadInput(f"The tool function {place!r} can't be loaded: {error}") from error
    if not callable(function):
        raise BadInput(f"The tool function {place!r} is no function.")
    return FunctionTool(function, name)


def installed_functions() -> list[FunctionTool]:
    """The functions that installed packages offer by the entry point group `greatwheel.tools`."""
    found = sorted(entry_points(group=ENTRY_POINTS), key=lambda point: point.name)
    return [load_function(point.value, point.name) for point in found]


def _parameters(function: Callable[..., Any], name: str) -> tuple[type[BaseModel], str | None]:
    """A model of what agents give, and the name of the parameter for the invocation."""
    hints = typing.get_type_hints(function, include_extras=True)
    fields: dict[str, Any] = {}
    for_host = None
    for parameter in inspect.signature(function).parameters.values():
        hint = hints.get(parameter.name, Any)
        if hint is Invocation:
            for_host = parameter.name
        elif parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[parameter.name] = (hint, default)
        else:
            raise BadInput(f"The tool {name} has the parameter {parameter}, which no agent can name.")
    try:
        return create_model(name, __config__=ConfigDict(extra="forbid"), **fields), for_host
    except (PydanticUserError, NameError) as error:
        raise BadInput(f"The parameters of the tool {name} have no JSON schema: {error}") from error
