"""A worker that is killed while it delivers."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from ..http.conftest import Caller, House
from .conftest import delivering
from .receiver import Receiver, Say
from .test_outbound import came, in_state, subscribed

SCRIPT = Path(__file__).parent / "killed_courier.py"


async def test_kill_9_while_delivering_loses_nothing(
    house: House, admin: Caller, receiver: Receiver, database_url: str, tmp_path: Path
) -> None:
    """What a killed worker had begun is delivered by another under the same id, as soon as its lease is over."""
    hanging = {"on": True}
    receiver.answer = lambda got: Say(seconds=60) if hanging["on"] else Say()
    subscription = await subscribed(admin, receiver, ["message.sent"])
    made = await admin.submit()
    task = await house.begin(admin.org_id, made["task_id"])
    process = await asyncio.create_subprocess_exec(sys.executable, str(SCRIPT), database_url, str(tmp_path))
    try:
        for number in range(3):
            await house.tell(task, "message.sent", text=str(number))
        await asyncio.to_thread(receiver.wait, 3, 30.0)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()
    hanging["on"] = False
    async with delivering(house):
        done = await in_state(admin, subscription, "done", 3)
        await came(receiver, 6)
    first, second = receiver.got[:3], receiver.got[3:]
    ids = {got.headers["webhook-id"]: json.loads(got.body)["data"]["text"] for got in first}
    assert {got.headers["webhook-id"]: json.loads(got.body)["data"]["text"] for got in second} == ids
    assert [(each["attempts"], [one["attempt"] for one in each["log"]]) for each in done] == [(2, [2])] * 3
