"""Everything that an installation keeps and says, as texts to be searched."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import psycopg

from greatwheel.core.ids import OrgId
from greatwheel.database import blobs, embedded
from greatwheel.database.queries import load
from greatwheel.runtime import keeping
from greatwheel.runtime.packing import unpack
from greatwheel.server.assembly import opened
from greatwheel.server.settings import load_settings

_KEEPING = load(keeping.__file__, "keeping.sql")


def forms(secret: str) -> set[str]:
    """What to search for: the secret and recognisable parts of it, as texts and bytes have them."""
    parts = {secret, secret[:9], secret[-9:]}
    spelled = {*parts, json.dumps(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret)}
    for part in parts:
        spelled |= {part.encode().hex(), *_base64(part.encode())}
    return {as_bytes(form) for form in spelled}


def _base64(raw: bytes) -> set[str]:
    """What is the same wherever these bytes stand in what is encoded."""
    within = set()
    for before, unsure in ((0, 0), (1, 2), (2, 3)):
        encoded = base64.b64encode(bytes(before) + raw).decode()
        within.add(encoded[unsure : (before + len(raw)) * 8 // 6])
    return within | {text.replace("+", "-").replace("/", "_") for text in within}


def leaks(secrets: Mapping[str, str], places: Mapping[str, str]) -> list[tuple[str, str]]:
    """Which secret is found in which place."""
    wanted = {name: forms(secret) for name, secret in secrets.items()}
    return [
        (name, place) for place, text in places.items() for name, spelled in wanted.items() if any(
            form in text for form in spelled
        )
    ]  # fmt: skip


def as_bytes(text: str) -> str:
    """A text as those of files are: each byte a character."""
    return text.encode().decode("latin-1")


def tables(data: Path) -> dict[str, str]:
    """Every column of every table, as text and as bytes, for the superuser, whom no policy holds."""
    server = embedded.start(data / "postgres")
    with psycopg.connect(server.url(), autocommit=True) as conn:
        columns = conn.execute(
            "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'"
        ).fetchall()
        conn.execute("checkpoint")
        return {
            f"{table}.{column}": "\n".join(
                text.decode("latin-1") for (text,) in conn.execute(_cells(table, column, kind)).fetchall()
            )
            for table, column, kind in columns
        }


def _cells(table: str, column: str, kind: str) -> Any:
    bare = f'"{column}"' if kind == "bytea" else f"convert_to(\"{column}\"::text, 'utf8')"
    return f'select {bare} from "{table}" where "{column}" is not null'


def files(folder: Path) -> dict[str, str]:
    """Every file below the folder, Postgres' own among them."""
    return {
        f"{file.parent.relative_to(folder).parts[1] if 'postgres' in file.parts else file.name}.{file}": (
            file.read_bytes().decode("latin-1")
        )
        for file in folder.rglob("*")
        if file.is_file()
    }


async def unsealed(config: Path, org_name: str) -> dict[str, str]:
    """What the sealed dumps, unpacked, and the contexts of an organisation have in them, by their kind."""
    found = {}
    async with opened(load_settings(config)) as installation:
        async with installation.database.system() as conn:
            row = await (await conn.execute("select * from list_orgs(%s)", (org_name,))).fetchone()
        assert row is not None
        org = OrgId(row["org_id"])
        async with installation.database.org(org) as conn:
            for each in await (await conn.execute(_KEEPING["kept_blobs"], {"org": org})).fetchall():
                sealer, binding = installation.sealer, each["binding"]
                raw = await blobs.get(conn, org, each["digest"], sealer=sealer, binding=binding)
                plain = await unpack(raw) if binding.startswith("dump:") else raw
                found[f"{binding.partition(':')[0]}.{each['digest'].hex()}"] = plain.decode("latin-1")
    return found
