"""Who calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from greatwheel.core.errors import PermissionDenied
from greatwheel.core.ids import OrgId, UserId
from greatwheel.tenancy.permissions import Grants

Role: TypeAlias = Literal["admin", "member"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """A user of an organisation, as a valid API key names them."""

    org_id: OrgId
    user_id: UserId
    role: Role
    key_id: str = ""
    """Of the key that they came with, or logged in with."""
    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()

    @property
    def grants(self) -> Grants:
        """What the user may do, whatever the agent."""
        return Grants(allow=self.allow, deny=self.deny)

    def require_admin(self) -> None:
        """Go on for an admin only.

        Raises:
            PermissionDenied: the user is a member.
        """
        if self.role != "admin":
            raise PermissionDenied("This needs the role admin; ask an admin of your organisation.")
