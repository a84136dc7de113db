"""A worker's errands in a process of its own, to be killed. Takes the database's URL and a folder."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from greatwheel.channels.webhooks.courier import Courier
from greatwheel.channels.webhooks.deliverer import Deliverer, DelivererSettings
from greatwheel.channels.webhooks.sending import WebhookSender
from greatwheel.core.clock import SystemClock
from greatwheel.database.database import Database
from greatwheel.tenancy.sealing import MasterKey, Sealer
from greatwheel.tools.addresses import parse_network


async def main(url: str, folder: Path) -> None:
    """Deliver until the end, which comes from outside."""
    database = await Database.open(url, folder=folder)
    sealer, clock = Sealer([MasterKey(secret=b"k" * 32)]), SystemClock()
    sender = WebhookSender(sealer, clock, seconds=60.0, networks=[parse_network("127.0.0.0/8")])
    deliverer = Deliverer(database, {"webhook": sender}, clock, DelivererSettings(lease_seconds=1.0))
    await Courier(database, [deliverer], tick_seconds=0.05).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
