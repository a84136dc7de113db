"""An organisation's secrets: stored sealed, opened on the host only, at the moment of use."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from greatwheel.core.errors import BadInput, NotFound
from greatwheel.core.ids import OrgId
from greatwheel.database.connection import OrgConnection
from greatwheel.database.queries import load
from greatwheel.tenancy.sealing import Sealer

_SQL = load(__file__)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
SHORTEST = 8
"""Characters of the shortest value: a shorter one could not be cleaned from texts without tearing up innocent ones."""
LONGEST = 8_192


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretFacts:
    """What is told of a secret: never its value."""

    name: str
    key_id: str
    """Of the master key that sealed it."""
    updated_at: datetime


class SecretStore:
    """The secrets, for who has the master key."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def put(self, conn: OrgConnection, org_id: OrgId, name: str, value: str) -> None:
        """Set a secret, new or known.

        Raises:
            BadInput: the name or the value can't be one. The message never has the value.
        """
        if not _NAME.fullmatch(name):
            raise BadInput(f"{name!r} can't name a secret: use letters, digits and _, such as MAIL_KEY.")
        if not SHORTEST <= len(value) <= LONGEST:
            raise BadInput(f"A secret has {SHORTEST} to {LONGEST:,} characters; this one has {len(value):,}.")
        if any(ord(character) < 32 and character not in "\t\r\n" for character in value):
            raise BadInput("A secret is a text without control characters.")
        sealed = self._sealer.seal(org_id, _binding(name), value.encode())
        row = {"org_id": org_id, "name": name, "sealed": sealed, "key_id": self._sealer.newest}
        await conn.execute(_SQL["put_secret"], row)

    async def list_all(
        self, conn: OrgConnection, *, after: str | None = None, limit: int | None = None
    ) -> Sequence[SecretFacts]:
        """The names, in order; or so many of those behind one."""
        values = {"after": after, "limit": limit}
        return [SecretFacts(**row) for row in await (await conn.execute(_SQL["list_secrets"], values)).fetchall()]

    async def remove(self, conn: OrgConnection, name: str) -> None:
        """Forget a secret.

        Raises:
            NotFound: there is none of that name.
        """
        if await (await conn.execute(_SQL["remove_secret"], {"name": name})).fetchone() is None:
            raise NotFound(f"There is no secret {name!r} in this organisation.")

    async def reveal_all(self, conn: OrgConnection, org_id: OrgId) -> Mapping[str, str]:
        """The values by name: for the host alone.

        Raises:
            SealBroken: one was altered or moved, or the master key is not the one that sealed it.
        """
        rows = await (await conn.execute(_SQL["sealed_secrets"])).fetchall()
        return {row["name"]: self._open(org_id, row["name"], row["sealed"]) for row in rows}

    async def reseal(self, conn: OrgConnection, org_id: OrgId) -> int:
        """Seal what an older master key sealed with the newest one; how many there were. Raises as `reveal_all`."""
        rows = await (await conn.execute(_SQL["lock_secrets"])).fetchall()
        older = [row for row in rows if row["key_id"] != self._sealer.newest]
        for row in older:
            name = row["name"]
            sealed = self._sealer.seal(org_id, _binding(name), self._open(org_id, name, row["sealed"]).encode())
            await conn.execute(_SQL["reseal_secret"], {"name": name, "sealed": sealed, "key_id": self._sealer.newest})
        return len(older)

    def _open(self, org_id: OrgId, name: str, sealed: bytes) -> str:
        return self._sealer.open(org_id, _binding(name), sealed).decode()


def _binding(name: str) -> str:
    return f"secret:{name}"
