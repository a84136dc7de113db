"""The workspace of a run: a sandbox session, the data in it, and what the model is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from greatwheel.core.errors import SandboxError, SandboxLost
from greatwheel.core.ids import SessionId, new_session_id
from greatwheel.llm.port import ChatModel
from greatwheel.runtime import briefing, contexts, finals, linking, prompts, recipes
from greatwheel.runtime.asked import wants as asked_for
from greatwheel.runtime.equipped import open_equipped
from greatwheel.runtime.guest_source import TOOL_NAMES
from greatwheel.runtime.inventory import inventory_of
from greatwheel.sandbox.port import Engine, Event, Limits, SandboxSession, Variable, World

RESTORABLE_CHARS = 8_000_000
"""Above this much data a session is not dumped after each step; a lost one starts afresh with its data."""
LARGE_CHARS = 64_000
"""An injected value of more than this is left out of a durable session's dumps, and set again from the context."""
PAUSED_CHARS = 1_000_000
"""Up to this much data a session that waits in a call is dumped as it is; else its step runs again from the journal."""
FEW_LINES, MANY_LINES = 3, 12
"""Lines of the first search that are shown: few where code will count or add up, many where they are the answer."""


@dataclass(kw_only=True, slots=True)
class Workspace:
    """A live session and its data. Made by `open`; `close` frees the session."""

    engine: Engine
    session: SandboxSession
    limits: Limits
    models: Callable[[str], Awaitable[ChatModel]]
    """Another model by name, for calls that ask for one."""
    session_id: SessionId = field(default_factory=new_session_id)
    world: World | None = None
    """Clock and random numbers of a session that is replayed; None: the machine's."""
    context: Any = None
    prepared: briefing.Prepared = field(default_factory=lambda: briefing.Prepared(values={}))
    history: list[tuple[str, str]] = field(default_factory=list)
    """Questions asked in this session and their answers."""
    durable: bool = False
    """Its boundaries are kept in a database: large injected values are kept there once, not in every dump."""
    given: Mapping[str, Any] = field(default_factory=dict)
    """Further values that the session has from its start, beside the context."""
    _next_world: World | None = None
    _dump: bytes | None = None
    _paused_dump: bytes | None = None
    """What a session was loaded from that waited in a call; it serves until the next boundary."""
    _restorable: bool = True
    _known: list[Variable] | None = None
    """The variables as they were last looked at; None: not yet."""

    @classmethod
    async def open(
        cls,
        *,
        engine: Engine,
        context: Any,
        models: Callable[[str], Awaitable[ChatModel]],
        limits: Limits | None = None,
        world: World | None = None,
        session_id: SessionId | None = None,
        given: Mapping[str, Any] | None = None,
        durable: bool = False,
    ) -> Workspace:
        """A new session that holds the context and the tools."""
        limits = limits or Limits()
        prepared = await _prepared(context)
        session = await open_equipped(engine, limits, world)
        workspace = cls(
            engine=engine, session=session, limits=limits, models=models, context=context, prepared=prepared,
            session_id=session_id or new_session_id(), world=world, given=given or {}, durable=durable,
        )  # fmt: skip
        workspace._restorable = _small(context)
        try:
            await workspace._fill(session)
        except BaseException:
            await session.close()
            raise
        return workspace

    async def sibling(self, context: Any) -> Workspace:
        """A workspace of its own for a child, on the same engine."""
        return await Workspace.open(
            engine=self.engine, context=contexts.checked(context), models=self.models, limits=self.limits
        )

    async def _fill(self, session: SandboxSession) -> None:
        for name, value in {**self.prepared.values, **self.given}.items():
            await session.set(name, value)
        await self._look()  # no dump yet: a session that is lost now is opened and filled again

    async def add(self, context: Any) -> None:
        """Give the session further data; the new data is `context` from now on, the old `context_1`, …"""
        if self.context is not None:
            await self.session.set(await self._free_name(), self.context)
        self.context = context
        self._dump, self._restorable = None, _small(context)
        self.prepared = await _prepared(context)
        for name, value in self.prepared.values.items():
            await self.session.set(name, value)
        await self.save()

    async def _free_name(self) -> str:
        taken = {each.name for each in await self.session.describe()}
        number = 1
        while f"context_{number}" in taken:
            number += 1
        return f"context_{number}"

    @classmethod
    async def load(
        cls,
        *,
        engine: Engine,
        dump: bytes,
        context: Any,
        models: Callable[[str], Awaitable[ChatModel]],
        limits: Limits,
        world: World,
        session_id: SessionId,
    ) -> Workspace:
        """A durable session as it was at a boundary."""
        prepared = await _prepared(context)
        session = await engine.load(dump, limits=limits, world=world)
        workspace = cls(
            engine=engine, session=session, limits=limits, models=models, context=context, prepared=prepared,
            session_id=session_id, world=world, durable=True,
        )  # fmt: skip
        if session.pending is None:
            workspace._dump = dump
        else:
            workspace._paused_dump = dump
        try:
            if session.pending is None:  # one that waits was dumped whole
                await workspace._inject(session)
                await workspace._look()
        except BaseException:
            await session.close()
            raise
        return workspace

    async def save(self) -> None:
        """Note the boundary: what the session can be restored to if its process is lost."""
        known = await self._look()
        if self.durable:
            self._dump = await self._lean_dump()
            return
        # A dump copies what the session holds: one of more than that is not made, and an earlier one stays.
        if self._restorable and sum(each.size or 0 for each in known) <= 2 * RESTORABLE_CHARS:
            self._dump = await self.session.dump()

    async def kept(self) -> bytes:
        """The dump of the last boundary of a durable session."""
        if self._dump is None:
            self._dump = await self._lean_dump()
        return self._dump

    def turn_to(self, world: World) -> None:
        """Another world from the next block on: the session is used for another task."""
        self.world = self._next_world = world

    async def run(self, code: str) -> Event:
        """Run a block up to the next event."""
        world, self._next_world = self._next_world, None
        return await self.session.run(code, world=world)

    @property
    def now(self) -> str | None:
        """What its world's clock began at, for a boundary (`LoopState.now`)."""
        return None if self.world is None else self.world.now.isoformat()

    @property
    def pausable(self) -> bool:
        """Whether the session may be dumped whole while it waits."""
        return contexts.size(self.context) <= PAUSED_CHARS if self.context is not None else True

    async def _lean_dump(self) -> bytes:
        """The session without its large injected values, which it gets back afterwards as they were given."""
        large = self._large()
        for name in large:
            await self.session.set(name, None)
        dump = await self.session.dump()
        await self._inject(self.session)
        return dump

    def _large(self) -> list[str]:
        return [name for name, value in self.prepared.values.items() if contexts.size(value) > LARGE_CHARS]

    async def _inject(self, session: SandboxSession) -> None:
        for name in self._large():
            await session.set(name, self.prepared.values[name])

    async def _look(self) -> list[Variable]:
        known = [each for each in await self.session.describe() if each.name not in TOOL_NAMES]
        self._known = known
        return known

    async def restore(self) -> None:
        """Replace a lost session by the one of the last boundary, or by a fresh one with the data."""
        await self.session.close()
        try:
            await self._reopen()
        except SandboxLost:
            await self._reopen()  # what killed one process may have killed another that was kept for later

    async def _reopen(self) -> None:
        if self._dump is not None:
            self.session = await self.engine.load(self._dump, limits=self.limits, world=self.world)
            if self.durable:
                await self._inject(self.session)
            return
        if self._paused_dump is not None:
            self.session = await self.engine.load(self._paused_dump, limits=self.limits, world=self.world)
            await self.session.abandon()
            return
        self.session = await open_equipped(self.engine, self.limits, self.world)
        await self._fill(self.session)

    async def give_up(self) -> None:
        """Leave a block that was interrupted, so that the session can be used again."""
        try:
            await self.session.abandon()
        except SandboxLost:
            await self.restore()
        except SandboxError:
            await self.session.close()

    async def close(self) -> None:
        """Free the session."""
        await self.session.close()

    @property
    def protected(self) -> frozenset[str]:
        """Names that a block must not assign to."""
        return frozenset(self.prepared.values)

    def counting(self, question: str) -> bool:
        """Whether the question asks for a count that code makes."""
        asked = asked_for(question)
        return self.context is not None and asked.count and not (asked.judge and not self.prepared.tables)

    def reading(self, question: str) -> bool:
        """Whether the answer may stand in the lines that a search finds: plain text, and nothing to count or judge."""
        asked = asked_for(question)
        return self.context is not None and not self.prepared.tables and not asked.count and not asked.judge

    def opening(self, question: str) -> prompts.Opening:
        """How a run for a question begins."""
        prepared, reading, counting = self.prepared, self.reading(question), self.counting(question)
        found = linking.links(question, prepared.tables)
        look, code = prompts.Look(), list[str]()
        if self.context is not None:
            searched = prepared.values.get("files", self.context)
            look = prompts.look(question, searched, MANY_LINES if reading else FEW_LINES)
            code = recipes.recipes(question, searched, prepared.tables, found, look.counts)
            if "files" in prepared.values:
                code = [line.replace("context.", "files.") for line in code]
            reading = reading and code[0] == recipes.COPY
        said = "".join(f"Earlier question: {asked}\nAnswer: {answer}\n\n" for asked, answer in self.history[-3:])
        linked = [*linking.date_lines(question, prepared.tables), *(link.line() for link in found)]
        text = prompts.first_message(
            brief=prepared.text or "(no data was given; use what you know, or llm_query)",
            question=question,
            look=look,
            links=linked,
            code=code,
        )
        return prompts.Opening(
            text=said + text,
            prefill=prompts.first_prefill(question, look, code, counting=counting, reading=reading),
            evidence="\n".join([look.text(), *linked]),
            example=code[0] if code else "",
            reading=reading,
            counting=counting,
            absent=bool(look.absent),
        )

    async def begun(self, question: str) -> prompts.Opening:
        """As `opening`; the search through much data is made in a thread."""
        if self.context is None or contexts.size(self.context) <= LARGE_CHARS:
            return self.opening(question)
        return await asyncio.to_thread(self.opening, question)

    def inventory(self) -> list[Mapping[str, Any]]:
        """The data by name, type, size and content hash."""
        return [
            {
                "name": name,
                "type": type(value).__name__,
                "chars": contexts.size(value),
                "sha256": contexts.digest(value),
            }
            for name, value in self.prepared.values.items()
            if name not in self.prepared.derived
        ]

    async def model_named(self, name: str) -> ChatModel:
        """Another model."""
        return await self.models(name)

    def variable_lines(self) -> list[str]:
        """The session's variables as of the last boundary."""
        return [f"{each.name}: {each.type} {each.preview}" for each in self._known or ()]

    @property
    def variables(self) -> list[Mapping[str, Any]] | None:
        """What people are told of the variables, as of the last boundary; None: they have not been looked at."""
        return None if self._known is None else inventory_of(self._known)

    async def rekey(self, key: str) -> None:
        """Give a session that was another's until now its own key."""
        if await self.session.get("SESSION_KEY") != key:
            await self.session.set("SESSION_KEY", key)
            await self.save()

    def holds(self, text: str) -> bool:
        """Whether the text occurs in the context."""
        return finals.occurs(text, self.context)

    def sample(self) -> str:
        """One record, or some first lines, exactly as they are."""
        if self.prepared.tables:
            named = self.prepared.tables[0]
            return f"{named.name}[0] is {named.table.records[0]!r}"
        return f"The data begins: {str(self.context)[:200]!r}"

    def keys_hint(self) -> str:
        """The keys of each table."""
        return "\n".join(
            f"The keys of {named.name} are {', '.join(map(repr, named.table.columns))}."
            for named in self.prepared.tables
        )

    def names(self) -> Sequence[str]:
        """The variables that the session was given."""
        return list(self.prepared.values)


async def _prepared(context: Any) -> briefing.Prepared:
    """What a session is given of a context. Much data is read in a thread: the event loop has others to serve."""
    if context is None:
        return briefing.Prepared(values={})
    if contexts.size(context) <= LARGE_CHARS:
        return briefing.prepare(context)
    return await asyncio.to_thread(briefing.prepare, context)


def _small(context: Any) -> bool:
    return context is None or contexts.size(context) <= RESTORABLE_CHARS
