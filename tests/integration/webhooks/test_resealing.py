"""The secrets of webhooks under a new master key."""

from __future__ import annotations

import pytest

from greatwheel.channels.webhooks import inbound, outbound
from greatwheel.channels.webhooks.inbound import NewWebhook
from greatwheel.channels.webhooks.resealing import reseal_webhooks
from greatwheel.channels.webhooks.statements import SQL
from greatwheel.core.errors import SealBroken
from greatwheel.core.ids import OrgId
from greatwheel.database.database import Database
from greatwheel.tenancy import users
from greatwheel.tenancy.sealing import MasterKey, Sealer

OLD, NEW = MasterKey(b"o" * 32), MasterKey(b"n" * 32)


async def test_secrets_open_with_the_new_key_alone(database: Database, org_id: OrgId) -> None:
    """After resealing nothing needs the old key, the secrets are the same, and a second time there is nothing to do."""
    async with database.org(org_id) as conn:
        await users.create(conn, org_id, "ada")
        webhook, first = await inbound.create(conn, org_id, Sealer([OLD]), NewWebhook(name="builds", user="ada"))
        subscription, second = await outbound.subscribe(
            conn, org_id, Sealer([OLD]), url="https://93.184.215.14/", events=["task.ended"]
        )
        with pytest.raises(SealBroken):
            await reseal_webhooks(conn, org_id, Sealer([NEW]))
        assert await reseal_webhooks(conn, org_id, Sealer([NEW, OLD])) == 2
        assert await reseal_webhooks(conn, org_id, Sealer([NEW, OLD])) == 0
        rows = [
            (await (await conn.execute(SQL[name], {"org": org_id})).fetchall())[0]
            for name in ("sealed_webhooks", "sealed_subscriptions")
        ]
    opened = [
        Sealer([NEW]).open(org_id, place, row["sealed"]).decode()
        for place, row in zip(
            (inbound.binding(webhook.webhook_id), outbound.binding(subscription.subscription_id)), rows, strict=True
        )
    ]
    assert opened == [first, second]
