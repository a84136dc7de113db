"""The tool port: something an agent may call on the host by name.

Contract, held by every tool:

1. `spec` never changes. Its parameters are a JSON schema of an object; who calls has checked the arguments by it, the
   caller's permission and the sizes.
2. `call` gives a value of JSON's types. `TypeError` and `ValueError` mean: these arguments can't be used. `ToolFailed`:
   it was certainly not done, or a read failed. `InDoubt`: it may or may not have been done (only tools with an effect,
   for which any other exception means the same).
3. A tool with an effect that is `repeatable` does the same order, told by its idempotency key, once only.
4. A secret is got from the invocation by a name that the spec has, is used on the host, and is kept nowhere. What the
   tool returns or raises is cleaned of secrets by who calls; a tool that cuts texts cleans them first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from greatwheel.core.ids import OrgId, UserId
from greatwheel.tenancy.permissions import Effective
from greatwheel.tenancy.redaction import Redactor

ToolKind: TypeAlias = Literal["read", "effect"]
"""`read`: nothing outside changes, so it may be done again. `effect`: something does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToolSpec:
    """What is known of a tool without calling it."""

    name: str
    """A Python name: agents write `tool.<name>(…)`."""
    description: str
    parameters: Mapping[str, Any]
    """A JSON schema of an object; the order of its properties is that of positional arguments."""
    kind: ToolKind = "effect"
    repeatable: bool = False
    permission: str = ""
    """Empty: the tool's name."""
    secrets: tuple[str, ...] = ()
    """Names of the organisation's secrets that it uses."""
    max_result_chars: int = 200_000
    """Longest result, as JSON."""

    @property
    def required_permission(self) -> str:
        """What the agent and the user must be granted."""
        return self.permission or self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """For whom a tool is called, and what it may use."""

    org_id: OrgId
    user_id: UserId
    idempotency_key: str
    """The same in every attempt of this call, and no other call's."""
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Those that the spec names."""
    redactor: Redactor = field(default_factory=lambda: Redactor({}), repr=False)
    """Cleans a text of all the organisation's secrets."""


class Tool(Protocol):
    """A tool, see the module's contract."""

    @property
    def spec(self) -> ToolSpec:
        """What it is."""
        ...

    async def call(self, invocation: Invocation, arguments: Mapping[str, Any]) -> Any:
        """Do it."""
        ...


class ToolSource(Protocol):
    """Tools that depend on the organisation: they are looked for when they are called."""

    def may_have(self, name: str) -> bool:
        """Whether a tool of that name could be one of them. Asks nobody."""
        ...

    async def find(self, org_id: OrgId, name: str, secrets: Mapping[str, str]) -> Tool | None:
        """The organisation's tool; None: there is none of that name.

        `secrets` are all of the organisation's. The caller has checked the permission, and cleans what is raised.

        Raises:
            NotAvailable: there is none, and more can be said; or it needs a secret that is not there.
            ToolFailed: it could not be found out.
        """
        ...

    async def listed(self, org_id: OrgId, secrets: Mapping[str, str], allowed: Effective) -> Sequence[ToolSpec]:
        """The permitted tools of the organisation, as far as they are known or soon told: nobody is waited for long.

        Who can offer none that is permitted is not asked. The caller cleans what it gets of secrets.
        """
        ...
