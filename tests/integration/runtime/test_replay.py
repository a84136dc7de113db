"""Replays that do not make the calls that are recorded."""

from __future__ import annotations

import pytest

from greatwheel.core.errors import SandboxLost
from greatwheel.core.tasks import Task
from greatwheel.llm.port import ChatRequest
from greatwheel.runtime.record import ReplayMismatch
from greatwheel.testing.models import ScriptedModel

from .office import Office


class Stumble(Exception):
    """The host fails here."""


async def _left_off(office: Office, source: str) -> Task:
    """A task whose first attempt fails after two recorded calls."""

    def author(request: ChatRequest) -> str:
        if request.messages[-1].content == "third":
            raise Stumble
        return request.messages[-1].content.upper()

    office.model = ScriptedModel(author)
    office.source = source
    task = await office.submit()
    with pytest.raises(Stumble):
        await office.work(task)
    async with office.database.org(office.org_id) as conn:
        await office.tasks.give_back(conn, await office.get(task))
    return task


CALLS = "def handle(task):\n    return [llm_query(each) for each in ('first', 'second', 'third')]"


async def test_code_that_ends_without_a_recorded_call_is_a_mismatch(office: Office) -> None:
    """Else what the call did would be forgotten, and its row would be in the way of the next one with its number."""
    task = await _left_off(office, CALLS)
    office.source = "def handle(task):\n    return [llm_query('first')]"
    with pytest.raises(ReplayMismatch, match=r"Call 2 was llm_query\('second'\).* ends without it"):
        await office.work(task)
    assert (await office.get(task)).status == "running"


async def test_a_replay_that_a_limit_cuts_off_is_made_again(office: Office) -> None:
    """How soon one comes may depend on how busy the machine is: that is no other path."""
    task = await _left_off(office, CALLS)
    office.source = "def handle(task):\n    llm_query('first')\n    return 'x' * 10**10"
    with pytest.raises(SandboxLost, match="before call 2"):
        await office.work(task)
