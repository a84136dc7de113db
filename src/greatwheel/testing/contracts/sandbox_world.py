"""Clause 11: time, chance and identity come from the session's world."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from greatwheel.sandbox.port import Engine, Finished, HostCalls, SandboxSession, World
from greatwheel.testing.contracts.binding import HOST, SandboxBinding
from greatwheel.testing.driving import drive, drive_on

NOW = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
WORLD = World(seed=2**70 + 7, now=NOW)

BEGIN = "import random, time, datetime\nown = random.Random()\nseen = []"
SIGHTS = {
    "random": "seen = [random.random(), random.randint(1, 10**9), random.sample(range(1000), 5), random.uniform(0, 9)]",
    "shuffle": "xs = list(range(50))\nrandom.shuffle(xs)\nseen = xs + [random.choice(xs)]",
    "unseeded_generator": "seen = [own.random(), random.Random().random(), random.Random().getrandbits(90)]",
    "reseeded": "random.seed()\nseen = [random.random()]",
    "time": "seen = [time.time(), time.time_ns(), time.time()]",
    "stopwatches": "seen = [time.perf_counter(), time.monotonic(), time.monotonic(), time.process_time()]",
    "calendar": "seen = [str(datetime.datetime.now()), str(datetime.date.today()), time.strftime('%Y-%m-%d %H:%M:%S')]",
    "hash": "seen = [hash('a text'), hash((1, 'x', 2.5)), list({'one', 'two', 'three', 'four', 'five'})]",
    "addresses": "class A: pass\nkept = [A(), A(), [1]]\nseen = [id(x) for x in kept] + [hash(kept[0]), str(kept[0])]",
}
"""Sight → block that puts it into `seen`."""
IDS = (
    "import uuid, secrets\nseen = [str(uuid.uuid4()), str(uuid.uuid4()), secrets.token_hex(8), secrets.token_urlsafe(),"
    " secrets.randbelow(10**9), secrets.choice(range(10**6)), list(secrets.token_bytes(9))]"
)
_KEPT = [code for sight, code in SIGHTS.items() if sight != "addresses"]
EVERYTHING = "all_seen = []\n" + "".join(f"{code}\nall_seen.append(seen)\n" for code in _KEPT) + "print(all_seen)"
"""Prints all that goes on after a load."""

ELSEWHERE = """
import asyncio, json, sys
from datetime import datetime
from greatwheel.sandbox.port import World
from greatwheel.testing.contracts.binding import HOST, open_named
from greatwheel.testing.driving import drive, drive_on

async def main(factory, path, code, seed, now):
    engine = open_named(factory)
    world = World(seed=int(seed), now=datetime.fromisoformat(now))
    session = await engine.load(open(path, "rb").read(), host_functions=HOST, world=world)
    rest = (await drive_on(session, session.pending)).stdout if session.pending else ""
    print(json.dumps(rest + (await drive(session, code)).stdout))
    await session.close()
    await engine.close()

asyncio.run(main(*sys.argv[1:]))
"""
"""Loads a dump with its world in a process of its own, goes on, runs a block and tells what was printed."""


async def elsewhere(factory: str, dump: bytes, folder: Path, code: str) -> str:
    """What `ELSEWHERE` tells of a dump."""
    path = folder / "dump"
    path.write_bytes(dump)
    arguments = (factory, str(path), code, str(WORLD.seed), NOW.isoformat())
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", ELSEWHERE, *arguments, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0
    told: str = json.loads(out)
    return told


async def seen_in(engine: Engine, world: World | None, *blocks: str) -> object:
    """The guest's `seen` after the blocks, in a fresh session."""
    session = await engine.open(host_functions=HOST, world=world)
    for block in blocks:
        event = await session.run(block)
        assert isinstance(event, Finished), event
    seen: object = await session.get("seen")
    await session.close()
    return seen


class WorldClauses(SandboxBinding):
    """Clause 11."""

    @pytest.mark.parametrize("sight", SIGHTS)
    async def test_world_shows_the_same_to_two_sessions(self, engine: Engine, sight: str) -> None:
        """Sessions of one world that run the same blocks see the same."""
        first = await seen_in(engine, WORLD, BEGIN, SIGHTS[sight])
        assert first == await seen_in(engine, WORLD, BEGIN, SIGHTS[sight])

    async def test_world_gives_the_same_ids_to_two_sessions(self, engine: Engine) -> None:
        """`uuid` and `secrets` draw from the world too, and not the same number twice."""
        first = await seen_in(engine, WORLD, IDS)
        assert first == await seen_in(engine, WORLD, IDS)
        assert isinstance(first, list)
        assert first[0] != first[1]
        assert first != await seen_in(engine, World(seed=8, now=NOW), IDS)

    @pytest.mark.parametrize("sight", ["random", "unseeded_generator", "reseeded"])
    async def test_world_of_another_seed_shows_other_numbers(self, engine: Engine, sight: str) -> None:
        """Random numbers are the seed's, and not the same in every world."""
        other = World(seed=WORLD.seed + 1, now=NOW)
        assert await seen_in(engine, WORLD, BEGIN, SIGHTS[sight]) != await seen_in(engine, other, BEGIN, SIGHTS[sight])

    async def test_world_shows_its_own_time(self, engine: Engine) -> None:
        """Every clock begins at the world's `now`, whatever the machine's."""
        code = (
            "seen = [datetime.datetime.now().year, str(datetime.date.today()), time.time(), time.localtime().tm_hour]"
        )
        seen = await seen_in(engine, WORLD, BEGIN, code)
        assert isinstance(seen, list)
        assert (seen[0], seen[1], seen[3]) == (2031, "2031-05-06", 7)
        assert 0 <= seen[2] - NOW.timestamp() < 1

    async def test_world_lets_a_guest_wait(self, engine: Engine) -> None:
        """A guest that watches the clock until a time has passed gets there; no two readings are the same."""
        code = "begun = time.time()\nwhile time.time() < begun + 0.5: pass\nseen = time.time() > begun + 0.5"
        assert await seen_in(engine, WORLD, BEGIN, code) is True

    async def test_world_goes_on_after_a_dump(self, engine: Engine, tmp_path: Path) -> None:
        """A session dumped after some draws and loaded with its world, in another process, goes on as the original."""
        session = await engine.open(host_functions=HOST, world=WORLD)
        await drive(session, f"{BEGIN}\n{EVERYTHING}")
        dump = await session.dump()
        there = await elsewhere(self.FACTORY, dump, tmp_path, EVERYTHING)
        here = (await drive(session, EVERYTHING)).stdout
        await session.close()
        assert here
        assert there == here

    async def test_world_goes_on_after_a_dump_in_a_call(self, engine: Engine, tmp_path: Path) -> None:
        """The same, when the session is dumped while a call waits for its answer, with draws on both sides of it."""
        session = await engine.open(host_functions=HOST, world=WORLD)
        await drive(session, f"{BEGIN}\nrandom.random()\nown.random()\ntime.time()")
        block = "before = [random.random(), own.random(), time.time()]\nask(before)\n"
        event = await session.run(f"{block}print(before)\n{EVERYTHING}")
        assert isinstance(event, HostCalls)
        there = await elsewhere(self.FACTORY, await session.dump(), tmp_path, EVERYTHING)
        here = (await drive_on(session, event)).stdout + (await drive(session, EVERYTHING)).stdout
        await session.close()
        assert here
        assert there == here

    async def test_world_with_a_later_now_shows_the_later_time(self, engine: Engine, session: SandboxSession) -> None:
        """A session that is loaded or goes on with a later `now` sees it; its random numbers go on."""
        later = World(seed=WORLD.seed, now=NOW + timedelta(days=400))
        latest = World(seed=WORLD.seed, now=NOW + timedelta(days=800))
        original = await engine.open(host_functions=HOST, world=WORLD)
        await drive(original, f"{BEGIN}\nrandom.random()")
        loaded = await engine.load(await original.dump(), host_functions=HOST, world=later)
        look = "print(datetime.date.today(), random.random(), own.random())"
        told = [(await drive(one, look)).stdout.split() for one in (original, loaded)]
        assert [one[0] for one in told] == ["2031-05-06", str(later.now.date())]
        assert told[0][1:] == told[1][1:]
        event = await loaded.run("print(datetime.date.today())", world=latest)
        assert event.stdout == f"{latest.now.date()}\n"
        assert (await drive(loaded, "print(datetime.date.today())")).stdout == event.stdout
        for one in (original, loaded):
            await one.close()

    async def test_world_of_a_load_is_that_of_a_dump_without_one(self, engine: Engine) -> None:
        """Copies of a session that had no world are in the world that they are loaded with, each in its own."""
        session = await engine.open(host_functions=HOST)
        await drive(session, "import random, time, datetime")
        dump = await session.dump()
        await session.close()
        seen = []
        for world in (WORLD, WORLD, World(seed=1, now=NOW)):
            copy = await engine.load(dump, host_functions=HOST, world=world)
            seen.append((await drive(copy, "print(random.random(), random.Random().random(), time.time())")).stdout)
            await copy.close()
        assert seen[0] == seen[1]
        assert seen[0].split()[2] == seen[2].split()[2]
        assert seen[0].split()[:2] != seen[2].split()[:2]

    async def test_without_a_world_the_machine_decides(self, engine: Engine) -> None:
        """Without a world, the time is the machine's and no two sessions draw the same numbers."""
        code = "seen = [random.random(), random.Random().random(), time.time(), str(datetime.datetime.now())]"
        first, second = await seen_in(engine, None, BEGIN, code), await seen_in(engine, None, BEGIN, code)
        assert isinstance(first, list)
        assert isinstance(second, list)
        assert not set(first[:2]) & set(second[:2])
        assert abs(first[2] - time.time()) < 60
        assert first[3][:4] == str(datetime.now(UTC).year)
