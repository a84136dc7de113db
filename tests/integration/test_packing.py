"""Dumps packed against the engines' dictionaries."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
import zstandard

from greatwheel.core.errors import DumpInvalid
from greatwheel.runtime.equipped import open_equipped
from greatwheel.runtime.packing import pack, unpack
from greatwheel.sandbox.port import Finished, HostCalls, Limits, Returned, World
from greatwheel.server.composition import open_engine


@pytest.mark.parametrize("name", ["monty", "ouros"])
async def test_a_session_takes_little_beside_its_variables(name: str) -> None:
    """A small session that waits is packed to a few kilobytes, whole. If not: run scripts/dump-dictionary."""
    engine = open_engine(name)
    try:
        world = World(seed=7, now=datetime(2026, 1, 2, tzinfo=UTC))
        session = await open_equipped(engine, Limits(), world)
        assert isinstance(await session.run("notes = [1, 2, 3]\nnotes.append(llm_query('more?'))"), HostCalls)
        dump = await session.dump()
        packed = await pack(dump)
        assert await unpack(packed) == dump
        assert len(packed) < len(zstandard.compress(dump)) / 5
        with pytest.raises(DumpInvalid):  # against the other engine's dictionary
            await unpack(bytes([3 - packed[0]]) + packed[1:])
        loaded = await engine.load(await unpack(packed), limits=Limits(), world=world)
        assert loaded.pending is not None
        event = await loaded.resume({call.id: Returned(value="yes") for call in loaded.pending.calls})
        assert isinstance(event, Finished)
        assert await loaded.get("notes") == [1, 2, 3, "yes"]
    finally:
        await engine.close()


@pytest.mark.parametrize("dump", [b"", b"x", os.urandom(3_000), b"long " * 1_000_000], ids=len)
async def test_any_bytes_come_back(dump: bytes) -> None:
    """Bytes of no engine are packed without a dictionary."""
    packed = await pack(dump)
    assert packed[0] == 0
    assert await unpack(packed) == dump


@pytest.mark.parametrize("packed", [b"", b"\x00", b"\x01garbage", b"\xc8garbage"])
async def test_what_was_never_packed_is_refused(packed: bytes) -> None:
    """Bytes of another kind, or of a version that knows more dictionaries, are an error of ours."""
    with pytest.raises(DumpInvalid):
        await unpack(packed)
