"""The workspace of a run: a sandbox session, the data in it, and what the model is told of it."""

from __future__ import annotations

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
from greatwheel.sandbox.port import Engine, Limits, SandboxSession, Variable

RESTORABLE_CHARS = 8_000_000
"""Above this much data a session is not dumped after each step; a lost one starts afresh with its data."""
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
    context: Any = None
    prepared: briefing.Prepared = field(default_factory=lambda: briefing.Prepared(values={}))
    history: list[tuple[str, str]] = field(default_factory=list)
    """Questions asked in this session and their answers."""
    _dump: bytes | None = None
    _restorable: bool = True
    _earlier: int = 0
    _variables: list[str] = field(default_factory=list)

    @classmethod
    async def open(
        cls,
        *,
        engine: Engine,
        context: Any,
        models: Callable[[str], Awaitable[ChatModel]],
        limits: Limits | None = None,
    ) -> Workspace:
        """A new session that holds the context and the tools."""
        limits = limits or Limits()
        prepared = briefing.prepare(context) if context is not None else briefing.Prepared(values={})
        session = await open_equipped(engine, limits)
        workspace = cls(
            engine=engine, session=session, limits=limits, models=models, context=context, prepared=prepared
        )
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
        for name, value in self.prepared.values.items():
            await session.set(name, value)
        await self._look()  # no dump yet: a session that is lost now is opened and filled again

    async def add(self, context: Any) -> None:
        """Give the session further data; the new data is `context` from now on, the old `context_1`, …"""
        if self.context is not None:
            self._earlier += 1
            await self.session.set(f"context_{self._earlier}", self.context)
        self.context = context
        self._dump, self._restorable = None, _small(context)
        self.prepared = briefing.prepare(context)
        for name, value in self.prepared.values.items():
            await self.session.set(name, value)
        await self.save()

    async def save(self) -> None:
        """Note the boundary: what the session can be restored to if its process is lost."""
        known = await self._look()
        # A dump copies what the session holds: one of more than that is not made, and an earlier one stays.
        if self._restorable and sum(each.size or 0 for each in known) <= 2 * RESTORABLE_CHARS:
            self._dump = await self.session.dump()

    async def _look(self) -> list[Variable]:
        known = [each for each in await self.session.describe() if each.name not in TOOL_NAMES]
        self._variables = [f"{each.name}: {each.type} {each.preview}" for each in known]
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
            self.session = await self.engine.load(self._dump, limits=self.limits)
            return
        self.session = await open_equipped(self.engine, self.limits)
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
        return self._variables

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


def _small(context: Any) -> bool:
    return context is None or contexts.size(context) <= RESTORABLE_CHARS
