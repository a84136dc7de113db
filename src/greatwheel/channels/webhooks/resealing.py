"""The secrets of webhooks under a new master key."""

from __future__ import annotations

from greatwheel.channels.webhooks import inbound, outbound
from greatwheel.channels.webhooks.statements import SQL
from greatwheel.core.ids import OrgId
from greatwheel.database.connection import OrgConnection
from greatwheel.tenancy.sealing import Sealer

_KINDS = (("webhook", inbound.binding), ("subscription", outbound.binding))


async def reseal_webhooks(conn: OrgConnection, org_id: OrgId, sealer: Sealer) -> int:
    """Seal what an older master key sealed with the newest one; how many there were.

    Raises:
        SealBroken: one was altered or moved, or its master key is not known here.
    """
    count = 0
    for kind, binding in _KINDS:
        rows = await (await conn.execute(SQL[f"sealed_{kind}s"], {"org": org_id})).fetchall()
        for row in rows:
            if sealer.is_newest(row["sealed"]):
                continue
            place = binding(row["id"])
            sealed = sealer.seal(org_id, place, sealer.open(org_id, place, row["sealed"]))
            await conn.execute(SQL[f"reseal_{kind}"], {"org": org_id, "id": row["id"], "sealed": sealed})
            count += 1
    return count
