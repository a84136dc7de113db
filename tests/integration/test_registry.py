"""The registry on a real Postgres."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from greatwheel.core.errors import BadInput, Conflict, GitFailed, NotFound, SourceRefused
from greatwheel.core.ids import AgentId, OrgId, new_id
from greatwheel.database.database import Database
from greatwheel.registry.agents import AgentVersion, DefineAgent, File, Git, Inline
from greatwheel.registry.registry import Registry, RegistrySettings


def code(number: int) -> str:
    """Code that tells its number."""
    return f"def handle(task):\n    return {number}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of agents with one file."""
    folder = tmp_path / "agents"
    folder.mkdir()
    (folder / "one.py").write_text(code(1))
    return folder


def registry_of(database: Database, folder: Path) -> Registry:
    """A registry as a process has one."""
    return Registry(database, RegistrySettings(folder=folder, git_protocols=("file",), git_interval=0.1))


@pytest.fixture
def registry(database: Database, folder: Path) -> Registry:
    """The registry under test."""
    return registry_of(database, folder)


async def another_org(database: Database) -> OrgId:
    """One more organisation."""
    org_id = OrgId(new_id("org"))
    async with database.org(org_id) as conn:
        await conn.execute("insert into orgs (org_id, name) values (%s, %s)", (org_id, org_id))
    return org_id


async def history(registry: Registry, org_id: OrgId, name: str) -> list[tuple[int, str, str]]:
    """Version, trigger and source, oldest first."""
    return [(each.version, each.trigger, each.source) for each in reversed(await registry.versions(org_id, name))]


async def eventually(what: Callable[[], Awaitable[bool]]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(20):
        while not await what():  # noqa: ASYNC110 - what is waited for happens in the database
            await asyncio.sleep(0.02)


class TestVersions:
    """Changes and what they make."""

    async def test_an_agent_begins_with_version_1(self, registry: Registry, org_id: OrgId) -> None:
        """A definition through the API is kept as it was ordered, with its code as version 1."""
        order = DefineAgent(
            name="one", origin=Inline(source=code(1)), description="it", model="m", engine="ouros",
            tools=("web_*",), denied=("web_x",), budget={"tokens": 5},
            instructions="Be brief.",
        )  # fmt: skip
        agent = await registry.define(org_id, order)
        assert agent == await registry.get(org_id, "one")
        assert list(await registry.list(org_id)) == [agent]
        assert (agent.source_kind, agent.description, agent.model, agent.engine) == ("inline", "it", "m", "ouros")
        assert (agent.tools, agent.denied, agent.budget) == (("web_*",), ("web_x",), {"tokens": 5})
        assert agent.instructions == "Be brief."
        assert await history(registry, org_id, "one") == [(1, "api_update", code(1))]

    async def test_a_bare_agent_has_a_version_without_code(self, registry: Registry, org_id: OrgId) -> None:
        """The loop alone is version 1 with empty code, and code that comes later is version 2."""
        await registry.define(org_id, DefineAgent(name="one"))
        await registry.update(org_id, DefineAgent(name="one", origin=Inline(source=code(1))))
        assert await history(registry, org_id, "one") == [(1, "api_update", ""), (2, "api_update", code(1))]

    async def test_unchanged_code_makes_no_version(self, registry: Registry, org_id: OrgId) -> None:
        """An update of other things than code, and of code to itself, leaves the version."""
        order = DefineAgent(name="one", origin=Inline(source=code(1)))
        await registry.define(org_id, order)
        agent = await registry.update(org_id, replace(order, tools=("a",), model="other"))
        assert (agent.current_version, agent.tools, agent.model) == (1, ("a",), "other")

    async def test_a_name_is_taken_once(self, registry: Registry, org_id: OrgId) -> None:
        """A second definition of a name is refused, and an update of a missing one too."""
        await registry.define(org_id, DefineAgent(name="one"))
        with pytest.raises(Conflict, match="an agent one already"):
            await registry.define(org_id, DefineAgent(name="one"))
        with pytest.raises(NotFound, match="no agent 'two'"):
            await registry.update(org_id, DefineAgent(name="two"))

    async def test_refused_code_changes_nothing(self, registry: Registry, org_id: OrgId) -> None:
        """Code that does not parse is refused with line and reason; version and definition stay as they were."""
        order = DefineAgent(name="one", origin=Inline(source=code(1)))
        before = await registry.define(org_id, order)
        with pytest.raises(SourceRefused, match="one, line 2: "):
            await registry.update(org_id, replace(order, model="m", origin=Inline(source="x = 1\ndef handle(task")))
        assert await registry.get(org_id, "one") == before
        with pytest.raises(SourceRefused):
            await registry.define(org_id, DefineAgent(name="two", origin=Inline(source="x = 1")))
        assert list(await registry.list(org_id)) == [before]

    async def test_a_rollback_is_a_new_version(self, registry: Registry, org_id: OrgId) -> None:
        """Version 3 has the code of version 1; rolling back to what is there makes nothing."""
        order = DefineAgent(name="one", origin=Inline(source=code(1)))
        await registry.define(org_id, order)
        await registry.update(org_id, replace(order, origin=Inline(source=code(2))))
        made = await registry.rollback(org_id, "one", 1)
        assert (made.version, made.trigger, made.note, made.source) == (3, "rollback", "back to version 1", code(1))
        assert await registry.rollback(org_id, "one", 1) == made
        assert (await registry.version(org_id, "one")).version == 3
        with pytest.raises(NotFound, match="no version 9; its newest is 3"):
            await registry.rollback(org_id, "one", 9)

    async def test_a_task_keeps_the_version_it_began_with(
        self, registry: Registry, database: Database, org_id: OrgId
    ) -> None:
        """The code of each version is there after changes and after the agent's removal."""
        order = DefineAgent(name="one", origin=Inline(source=code(1)))
        agent = await registry.define(org_id, order)
        await registry.update(org_id, replace(order, origin=Inline(source=code(2))))
        await registry.remove(org_id, "one")
        async with database.org(org_id) as conn:
            first = await registry.at(conn, agent.agent_id, 1)
            second = await registry.at(conn, agent.agent_id, 2)
            with pytest.raises(NotFound, match="no version 3"):
                await registry.at(conn, agent.agent_id, 3)
            with pytest.raises(NotFound, match="no agent agt_x"):
                await registry.at(conn, AgentId("agt_x"), 1)
        assert (first.version.source, second.version.source) == (code(1), code(2))
        assert first.agent.name == "one"

    async def test_a_removed_name_is_free(self, registry: Registry, org_id: OrgId) -> None:
        """After its removal an agent is not found, and its name is given to another."""
        first = await registry.define(org_id, DefineAgent(name="one"))
        await registry.remove(org_id, "one")
        for lost in [registry.get, registry.remove, registry.versions, registry.sync]:
            with pytest.raises(NotFound, match="no agent 'one'"):
                await lost(org_id, "one")
        assert (await registry.define(org_id, DefineAgent(name="one"))).agent_id != first.agent_id

    async def test_changes_at_once_are_numbered_without_gaps(self, registry: Registry, org_id: OrgId) -> None:
        """Twenty updates that come together make twenty versions, and the current one is the last."""
        await registry.define(org_id, DefineAgent(name="one"))
        orders = [DefineAgent(name="one", origin=Inline(source=code(number))) for number in range(20)]
        await asyncio.gather(*[registry.update(org_id, order) for order in orders])
        made = await history(registry, org_id, "one")
        assert [number for number, _, _ in made] == list(range(1, 22))
        assert (await registry.get(org_id, "one")).current_version == 21

    async def test_no_other_organisation_sees_an_agent(
        self, registry: Registry, database: Database, org_id: OrgId
    ) -> None:
        """Another organisation can neither read nor change an agent, and may use its name."""
        agent = await registry.define(org_id, DefineAgent(name="one", origin=Inline(source=code(1))))
        other = await another_org(database)
        assert list(await registry.list(other)) == []
        for lost in [registry.get, registry.remove, registry.versions, registry.version, registry.sync]:
            with pytest.raises(NotFound):
                await lost(other, "one")
        with pytest.raises(NotFound):
            await registry.rollback(other, "one", 1)
        async with database.org(other) as conn:
            with pytest.raises(NotFound):
                await registry.at(conn, agent.agent_id, 1)
        assert (await registry.define(other, DefineAgent(name="one"))).agent_id != agent.agent_id
        assert await registry.get(org_id, "one") == agent


class TestFiles:
    """Agents whose code is a file."""

    async def test_a_change_makes_a_version_and_a_touch_none(
        self, registry: Registry, folder: Path, org_id: OrgId
    ) -> None:
        """New text in the file is a version by file_watch; the same text written again is none."""
        await registry.define(org_id, DefineAgent(name="one", origin=File(path="one.py")))
        (folder / "one.py").write_text(code(1))
        await registry.follow_files(["one.py"])
        (folder / "one.py").write_text(code(2))
        await registry.follow_files(["other.py"])
        assert (await registry.get(org_id, "one")).current_version == 1
        await registry.follow_files(["one.py"])
        assert await history(registry, org_id, "one") == [(1, "api_update", code(1)), (2, "file_watch", code(2))]

    async def test_refused_text_is_left_until_it_is_mended(
        self, registry: Registry, folder: Path, org_id: OrgId, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A file that does not parse, or is gone, leaves the version and a warning; the next good text counts."""
        await registry.define(org_id, DefineAgent(name="one", origin=File(path="one.py")))
        (folder / "one.py").write_text("def handle(task:\n")
        await registry.follow_files()
        (folder / "one.py").unlink()
        await registry.follow_files()
        assert (await registry.get(org_id, "one")).current_version == 1
        assert "one.py, line 1: " in caplog.text
        assert "There is no file one.py" in caplog.text
        with pytest.raises(BadInput, match=r"no file one\.py"):
            await registry.sync(org_id, "one")
        (folder / "one.py").write_text(code(3))
        assert (await registry.sync(org_id, "one")).current_version == 2

    async def test_a_rollback_stays_until_the_file_is_edited(
        self, registry: Registry, folder: Path, org_id: OrgId
    ) -> None:
        """The text that was rolled back is not taken again for being in the file; an edit is, also back to it."""
        order = DefineAgent(name="one", origin=File(path="one.py"))
        await registry.define(org_id, order)
        (folder / "one.py").write_text(code(2))
        await registry.follow_files()
        await registry.rollback(org_id, "one", 1)
        await registry.follow_files()
        await registry.update(org_id, replace(order, model="m"))
        assert (await registry.get(org_id, "one")).current_version == 3
        for number in [1, 2]:
            (folder / "one.py").write_text(code(number))
            await registry.follow_files()
        made = await history(registry, org_id, "one")
        assert [(trigger, source) for _, trigger, source in made[2:]] == [
            ("rollback", code(1)),
            ("file_watch", code(2)),
        ]

    async def test_processes_that_see_one_change_make_one_version(
        self, database: Database, folder: Path, org_id: OrgId
    ) -> None:
        """Of four registries that follow the same change at once, in many rounds, each change is one version."""
        processes = [registry_of(database, folder) for _ in range(4)]
        await processes[0].define(org_id, DefineAgent(name="one", origin=File(path="one.py")))
        for number in range(2, 18):
            (folder / "one.py").write_text(code(number))
            await asyncio.gather(*[process.follow_files(["one.py"]) for process in processes])
        made = await history(processes[0], org_id, "one")
        assert [(version, source) for version, _, source in made] == [(n, code(n)) for n in range(1, 18)]

    async def test_every_organisation_follows_its_own_agents(
        self, registry: Registry, database: Database, folder: Path, org_id: OrgId
    ) -> None:
        """A changed file is a version for each organisation that reads it, and for no other."""
        other, third = await another_org(database), await another_org(database)
        for each in (org_id, other):
            await registry.define(each, DefineAgent(name="one", origin=File(path="one.py")))
        await registry.define(third, DefineAgent(name="one", origin=Inline(source=code(1))))
        (folder / "one.py").write_text(code(2))
        await registry.follow_files(["one.py"])
        found = [(await registry.get(each, "one")).current_version for each in (org_id, other, third)]
        assert found == [2, 2, 1]

    async def test_watching_follows_files_and_stops(self, registry: Registry, folder: Path, org_id: OrgId) -> None:
        """While it watches, changes before and after its start become versions, and it ends when it is told to."""
        await registry.define(org_id, DefineAgent(name="one", origin=File(path="one.py")))
        (folder / "one.py").write_text(code(2))
        stop = asyncio.Event()
        watching = asyncio.create_task(registry.watch(stop))

        async def is_at(version: int) -> bool:
            return (await registry.get(org_id, "one")).current_version == version

        await eventually(lambda: is_at(2))
        (folder / "new.py").write_text(code(3))
        (folder / "new.py").replace(folder / "one.py")
        await eventually(lambda: is_at(3))
        assert [trigger for _, trigger, _ in await history(registry, org_id, "one")][1:] == ["file_watch"] * 2
        stop.set()
        await asyncio.wait_for(watching, 5)

    async def test_an_agent_without_a_file_can_not_be_read_again(self, registry: Registry, org_id: OrgId) -> None:
        """Only code that is somewhere else is read again."""
        await registry.define(org_id, DefineAgent(name="one"))
        with pytest.raises(Conflict, match="has its code here"):
            await registry.sync(org_id, "one")


class TestRepositories:
    """Agents whose code is in git."""

    async def test_commits_become_versions(self, registry: Registry, tmp_path: Path, org_id: OrgId) -> None:
        """A commit that changes the file is a version by git_sync that names it; one that does not is none."""
        place = tmp_path / "repository"
        place.mkdir()
        commit(place, "one.py", code(1))
        origin = Git(repository=str(place), path="one.py")
        await registry.define(org_id, DefineAgent(name="one", origin=origin))
        commit(place, "README", "more")
        await registry.follow_git()
        head = commit(place, "one.py", code(2))
        agent = await registry.sync(org_id, "one")
        made = await registry.versions(org_id, "one")
        assert [(each.trigger, each.source) for each in made] == [("git_sync", code(2)), ("api_update", code(1))]
        assert made[0].note == f"one.py at {head[:12]}"
        assert agent.location == {"repository": str(place), "path": "one.py", "revision": "HEAD", "commit": head}

    async def test_watching_looks_at_repositories(self, registry: Registry, tmp_path: Path, org_id: OrgId) -> None:
        """While it watches, a new commit becomes a version."""
        place = tmp_path / "repository"
        place.mkdir()
        commit(place, "one.py", code(1))
        origin = Git(repository=str(place), path="one.py")
        await registry.define(org_id, DefineAgent(name="one", origin=origin))
        stop = asyncio.Event()
        watching = asyncio.create_task(registry.watch(stop))
        commit(place, "one.py", code(2))

        async def is_new() -> bool:
            return (await registry.get(org_id, "one")).current_version == 2

        await eventually(is_new)
        stop.set()
        await asyncio.wait_for(watching, 10)

    async def test_a_lost_repository_leaves_the_version(
        self, registry: Registry, tmp_path: Path, org_id: OrgId, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A repository that is gone is told of; the agent stays as it was."""
        place = tmp_path / "repository"
        place.mkdir()
        commit(place, "one.py", code(1))
        origin = Git(repository=str(place), path="one.py")
        before = await registry.define(org_id, DefineAgent(name="one", origin=origin))
        place.rename(tmp_path / "elsewhere")
        await registry.follow_git()
        assert "does not appear to be a git repository" in caplog.text
        with pytest.raises(GitFailed):
            await registry.sync(org_id, "one")
        assert await registry.get(org_id, "one") == before


class TestAgentsToml:
    """What is loaded at the start."""

    FILE = (
        "[agents.one]\nfile = 'one.py'\n\n[agents.two]\n\n[agents.three]\nsource = '''def handle(task): return 3'''\n"
    )

    @pytest.fixture(autouse=True)
    def file(self, folder: Path) -> Path:
        """The file itself."""
        file = folder / "agents.toml"
        file.write_text(self.FILE)
        return file

    async def load(self, registry: Registry, org_id: OrgId) -> dict[str, str]:
        """Name → outcome."""
        return {each.name: each.outcome for each in await registry.load([org_id])}

    async def test_the_first_load_defines_and_the_next_finds_it_done(self, registry: Registry, org_id: OrgId) -> None:
        """Each agent gets a version by config, once."""
        assert await self.load(registry, org_id) == dict.fromkeys(["one", "two", "three"], "defined")
        assert await self.load(registry, org_id) == dict.fromkeys(["one", "two", "three"], "unchanged")
        for name in ("one", "two", "three"):
            made: AgentVersion = await registry.version(org_id, name)
            assert (made.version, made.trigger) == (1, "config")

    async def test_processes_that_start_together_define_once(
        self, database: Database, folder: Path, org_id: OrgId
    ) -> None:
        """Of four starts at once, none fails and each agent is there once."""
        processes = [registry_of(database, folder) for _ in range(4)]
        done = await asyncio.gather(*[self.load(process, org_id) for process in processes])
        assert all("refused" not in each.values() for each in done)
        agents = await processes[0].list(org_id)
        assert [(agent.name, agent.current_version) for agent in agents] == [("one", 1), ("three", 1), ("two", 1)]

    async def test_what_changed_meanwhile_is_taken_in(
        self, registry: Registry, folder: Path, file: Path, org_id: OrgId
    ) -> None:
        """A file edited between two starts is a version by file_watch; a changed entry changes the definition."""
        await self.load(registry, org_id)
        (folder / "one.py").write_text(code(2))
        file.write_text(self.FILE.replace("[agents.two]", "[agents.two]\nmodel = 'm'").replace("return 3", "return 4"))
        assert await self.load(registry, org_id) == dict.fromkeys(["one", "two", "three"], "changed")
        triggers = [(await registry.version(org_id, name)).trigger for name in ("one", "three")]
        assert triggers == ["file_watch", "config"]
        assert (await registry.get(org_id, "two")).model == "m"

    async def test_what_was_done_by_hand_stays(self, registry: Registry, folder: Path, org_id: OrgId) -> None:
        """An agent that was changed, rolled back or removed through the API is left so by later starts."""
        await self.load(registry, org_id)
        (folder / "one.py").write_text(code(2))
        await self.load(registry, org_id)
        await registry.rollback(org_id, "one", 1)
        await registry.update(org_id, DefineAgent(name="two", model="mine"))
        await registry.remove(org_id, "three")
        assert await self.load(registry, org_id) == {"one": "unchanged", "two": "kept", "three": "removed"}
        assert (await registry.version(org_id, "one")).source == code(1)
        assert (await registry.get(org_id, "two")).model == "mine"
        await registry.remove(org_id, "two")
        assert (await self.load(registry, org_id))["two"] == "removed"

    async def test_every_organisation_gets_the_agents(
        self, registry: Registry, database: Database, org_id: OrgId
    ) -> None:
        """One load defines the agents of several organisations, each its own."""
        other = await another_org(database)
        loaded = await registry.load([org_id, other])
        assert [(each.org_id, each.name) for each in loaded] == [
            (each, name) for name in ("one", "two", "three") for each in (org_id, other)
        ]
        ids = [(await registry.get(each, "one")).agent_id for each in (org_id, other)]
        assert len(set(ids)) == 2

    async def test_a_lost_repository_is_told_of(
        self, registry: Registry, tmp_path: Path, file: Path, org_id: OrgId
    ) -> None:
        """An agent whose repository can't be read is refused with git's words."""
        file.write_text(f"[agents.one]\ngit = '{tmp_path}/none'\npath = 'one.py'")
        (refused,) = await registry.load([org_id])
        assert refused.outcome == "refused"
        assert "git fetch: " in refused.reason

    async def test_what_is_kept_needs_no_file(self, registry: Registry, folder: Path, org_id: OrgId) -> None:
        """An agent that was changed by hand is kept, whatever became of the file that agents.toml names."""
        await self.load(registry, org_id)
        await registry.update(org_id, DefineAgent(name="one", origin=Inline(source=code(9))))
        (folder / "one.py").unlink()
        assert (await self.load(registry, org_id))["one"] == "kept"

    async def test_one_fault_leaves_the_others(self, registry: Registry, folder: Path, org_id: OrgId) -> None:
        """An agent whose file is missing is refused with the reason; the others are loaded."""
        (folder / "one.py").unlink()
        done = {each.name: each for each in await registry.load([org_id])}
        assert [done[name].outcome for name in ("one", "two", "three")] == ["refused", "defined", "defined"]
        assert "There is no file one.py" in done["one"].reason

    async def test_a_change_is_taken_in_once_by_all_who_watch(
        self, database: Database, folder: Path, file: Path, org_id: OrgId
    ) -> None:
        """Two processes that watch make one version of each change, and an organisation that is new gets its agents."""
        other, stop = await another_org(database), asyncio.Event()
        processes = [registry_of(database, folder) for _ in range(2)]
        watching = [asyncio.create_task(process.watch(stop)) for process in processes]

        async def are_at(versions: dict[str, int]) -> bool:
            found = [{each.name: each.current_version for each in await processes[0].list(org)} for org in orgs]
            return found == [versions] * 2

        orgs = (org_id, other)
        await eventually(lambda: are_at({"one": 1, "two": 1, "three": 1}))
        (folder / "new.toml").write_text(self.FILE.replace("return 3", "return 4"))
        (folder / "new.toml").replace(file)
        await eventually(lambda: are_at({"one": 1, "two": 1, "three": 2}))
        file.write_text(self.FILE.replace("return 3", "return 5") + "[agents.four]")
        await eventually(lambda: are_at({"one": 1, "two": 1, "three": 3, "four": 1}))
        stop.set()
        await asyncio.wait_for(asyncio.gather(*watching), 10)
        assert await are_at({"one": 1, "two": 1, "three": 3, "four": 1})

    async def test_a_wrong_file_is_told_of_once_and_changes_nothing(
        self, registry: Registry, file: Path, org_id: OrgId, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The agents stay as they are, and so do the models that the operator gave them, until the file is right."""
        file.write_text(self.FILE.replace("[agents.two]", "[agents.two]\nmodel = 'http://gpu/v1#m'"))
        await registry.follow_definitions()
        before = await registry.list(org_id)
        file.write_text(self.FILE.replace("[agents.two]", "[agents.two]\nmodle = 'm'"))
        for _ in range(2):
            await registry.follow_definitions()
        assert caplog.text.count("unknown key modle; did you mean model?") == 1
        file.unlink()
        await registry.follow_definitions()
        assert caplog.text.count("can't be read") == 1
        assert await registry.list(org_id) == before
        assert await registry.configured_models() == {"http://gpu/v1#m"}
        file.write_text(self.FILE)
        await registry.follow_definitions()
        assert (await registry.get(org_id, "two")).model is None
        assert await registry.configured_models() == set()

    async def test_who_read_it_before_it_was_changed_undoes_nothing(
        self, registry: Registry, database: Database, file: Path, folder: Path, org_id: OrgId
    ) -> None:
        """A process that is slow between reading the file and taking it in leaves what is newer alone."""
        await registry.load([org_id])
        slow, newer = registry_of(database, folder), self.FILE.replace("return 3", "return 4")
        async with database.org(org_id) as conn:
            await conn.execute("select from agent_defs for update")  # so the slow one waits after its reading
            loading = asyncio.create_task(slow.load([org_id]))
            await eventually(lambda: _is_waiting(database))
            file.write_text(newer)
        assert {each.outcome for each in await loading} == {"overtaken"}
        assert await self.load(registry, org_id) == {"one": "unchanged", "two": "unchanged", "three": "changed"}


async def _is_waiting(database: Database) -> bool:
    """Whether some transaction waits for another one's lock."""
    waits = "select from pg_locks join pg_stat_activity using (pid) where not granted and datname = current_database()"
    async with database.system() as conn:
        row = await (await conn.execute(f"select exists ({waits}) as found")).fetchone()
    return row is not None and bool(row["found"])


def commit(place: Path, name: str, text: str) -> str:
    """Commit a file to the repository of a folder; the commit's id."""
    (place / name).write_text(text)
    who = ["git", "-C", str(place), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "more"]):
        subprocess.run([*who, *arguments], check=True, capture_output=True)
    return subprocess.run([*who, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
