"""Files that are uploaded once and named in orders: what they hold is kept as any context is.

An upload can be named for a day. Then it is forgotten; what tasks and sessions took from it stays with them.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from fastapi import UploadFile

from greatwheel.channels.http.statements import SQL
from greatwheel.channels.http.visits import Visit
from greatwheel.core.errors import GreatwheelError, NotFound, UploadsFull
from greatwheel.core.ids import OrgId, new_id
from greatwheel.core.tasks import KeptContext
from greatwheel.database.connection import OrgConnection
from greatwheel.database.database import Database
from greatwheel.database.storable import storable_text
from greatwheel.runtime.contexts import parsed, size
from greatwheel.runtime.keeping import keep_context

LOG = logging.getLogger("greatwheel.http")
MOST_BYTES = 100 * 1000 * 1000
MOST_UNUSED = 2_000_000_000
"""Bytes of an organisation's uploads that no task or session has."""
SWEEP_SECONDS = 3_600.0
_LONGEST_NAME = 200
_AT_A_TIME = asyncio.Semaphore(2)
"""A file of 100 MB takes several times that while it is decoded and sealed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that was uploaded."""

    upload_id: str
    name: str
    chars: int


async def keep(visit: Visit, file: UploadFile, most: int) -> Upload:
    """Keep a file for its user, if the organisation's uploads that nothing has taken hold `most` bytes then, or less.

    Raises:
        NotText: it is not text.
        ContextInvalid: it is empty.
        UploadsFull: they would hold more.
    """
    name = storable_text(file.filename or "file")[-_LONGEST_NAME:]
    async with _AT_A_TIME:
        context = await asyncio.to_thread(parsed, name, await file.read())
        upload = Upload(upload_id=new_id("upl"), name=name, chars=size(context))
        async with visit.org() as conn:
            digest = await keep_context(conn, visit.org_id, visit.parts.sealer, context)
            row = {
                "org": visit.org_id, "upload": upload.upload_id, "user": visit.user_id, "name": name,
                "chars": upload.chars, "digest": digest,
            }  # fmt: skip
            await conn.execute(SQL["put_upload"], row)
            await _require_room(visit, conn, most)
    return upload


async def _require_room(visit: Visit, conn: OrgConnection, most: int) -> None:
    values = {"org": visit.org_id}
    await conn.execute(SQL["hold_uploads"], values)  # two at the same time would not see each other
    row = await (await conn.execute(SQL["unused_upload_bytes"], values)).fetchone()
    if row is None or row["bytes"] > most:
        raise UploadsFull(
            f"The organisation's uploads that no task has named would hold more than {most:,} bytes"
            " (`upload_bytes` of [server]); name them in tasks, or wait: each is forgotten a day after it came."
        )


async def context_of(visit: Visit, conn: OrgConnection, upload_id: str | None, context: Any) -> Any:
    """The context of an order: an upload of the caller's if it names one, else what it brings.

    Raises:
        NotFound: the caller has no such upload.
    """
    if upload_id is None:
        return context
    values = {"org": visit.org_id, "upload": upload_id, "user": visit.user_id}
    row = await (await conn.execute(SQL["share_upload"], values)).fetchone()
    if row is None:
        raise NotFound(f"There is no upload {upload_id} of yours; they are kept for a day.")
    return KeptContext(row["digest"])


async def sweep(database: Database) -> None:
    """Forget, for ever, uploads whose time is over."""
    while True:
        try:
            async with database.system() as conn:
                rows = await (await conn.execute(SQL["orgs_with_old_uploads"])).fetchall()
            for row in rows:
                await drop_old(database, row["org_id"])
        except GreatwheelError as error:
            LOG.warning("old uploads stay for now: %s", error)
        await asyncio.sleep(SWEEP_SECONDS)


async def drop_old(database: Database, org_id: OrgId) -> None:
    """Forget an organisation's uploads whose time is over, and their contents if nothing else needs them."""
    async with database.org(org_id) as conn:
        rows = await (await conn.execute(SQL["drop_old_uploads"], {"org": org_id})).fetchall()
        digests = sorted({row["digest"] for row in rows})
        # Only now, in statements of their own, is seen what an order that held an upload has made meanwhile.
        await conn.execute(SQL["lock_contexts"], {"org": org_id, "digests": digests})
        await conn.execute(SQL["drop_contexts"], {"org": org_id, "digests": digests})
