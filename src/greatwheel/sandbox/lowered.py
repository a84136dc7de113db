"""Lowering as a wrapper of the sandbox port: any engine, with the SDK prelude and with the language that it lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from greatwheel.core.errors import DumpInvalid, SandboxMisuse
from greatwheel.sandbox import prelude
from greatwheel.sandbox.lowering import guest
from greatwheel.sandbox.lowering.bindings import module_names
from greatwheel.sandbox.lowering.envelope import open_envelope, seal
from greatwheel.sandbox.lowering.pipeline import Lowered, Refused, lower
from greatwheel.sandbox.lowering.rewrite import PREFIX
from greatwheel.sandbox.lowering.state import State
from greatwheel.sandbox.lowering.tracebacks import Texts
from greatwheel.sandbox.port import (
    Answer,
    Engine,
    Event,
    Failed,
    Finished,
    HostCall,
    HostCalls,
    Limits,
    Raised,
    SandboxSession,
    Variable,
    World,
)

LONG_SOURCE = 20_000
"""Characters; rewriting that much takes some tenths of a second."""
_KEPT = 128
"""Blocks that are remembered as they were lowered, of some tens of kilobytes each at most."""
_LIMITS = Limits()
_CORE = guest.source("core")
_HIDDEN = prelude.NAMES | frozenset(module_names(_CORE))


class LoweredSession:
    """A session whose blocks are rewritten before they run."""

    def __init__(self, inner: SandboxSession, state: State, texts: Texts) -> None:
        self._inner = inner
        self._state = state
        self._texts = texts

    @property
    def pending(self) -> HostCalls | None:
        """The calls that wait for an answer, or None when idle."""
        calls = self._inner.pending
        return None if calls is None else _on_the_wire(calls)

    async def run(self, code: str, *, world: World | None = None) -> Event:
        """Run a block up to the next event."""
        if self._inner.pending is not None:
            raise SandboxMisuse()
        lowered = await _lowered(code, self._state)
        if isinstance(lowered, Refused):
            return Raised(type=lowered.type, message=lowered.message, traceback=f"{lowered.type}: {lowered.message}")
        for setup in lowered.setups:
            self._texts.add_own(setup.source)
            event = await self._inner.run(setup.source, world=world)
            if not isinstance(event, Finished):
                return await self._outward(event)
            self._state.loaded.add(setup.name)
        if lowered.lines is not None:
            self._texts.add(code, lowered.source, lowered.lines)
        return await self._outward(await self._inner.run(lowered.source, world=world))

    async def resume(self, answers: Mapping[int, Answer]) -> Event:
        """Answer pending calls, by id, and go on to the next event."""
        return await self._outward(await self._inner.resume({key: _inward(answers[key]) for key in answers}))

    async def abandon(self) -> None:
        """Give up the paused block."""
        await self._inner.abandon()

    async def set(self, name: str, value: Any) -> None:
        """Bind a name in the guest."""
        await self._inner.set(name, value)
        self._state.deleted.discard(name)
        if name not in prelude.NAMES:
            self._state.names.setdefault(name)

    async def get(self, name: str) -> Any:
        """The value of a guest variable; KeyError when there is none."""
        if name in self._state.deleted:
            raise KeyError(name)
        return await self._inner.get(name)

    async def describe(self) -> list[Variable]:
        """The guest's variables; ours are left out until the guest binds them."""
        order = {name: place for place, name in enumerate(self._state.names)}
        found = [each for each in await self._inner.describe() if self._is_guests(each.name)]
        found.sort(key=lambda each: order.get(each.name, len(order)))
        return [replace(each, type=each.type.removeprefix(PREFIX)) for each in found]

    def _is_guests(self, name: str) -> bool:
        if name.startswith(PREFIX) or name in self._state.deleted:
            return False
        return name not in _HIDDEN or name in self._state.names

    async def dump(self) -> bytes:
        """The session as bytes, with what lowering knows of it."""
        return seal(self._state.to_json(), self._texts.to_json(), await self._inner.dump())

    async def close(self) -> None:
        """Free everything."""
        await self._inner.close()

    async def _outward(self, event: Event) -> Event:
        if isinstance(event, HostCalls):
            return _on_the_wire(event)
        if not isinstance(event, Raised):
            return event
        told = replace(event, traceback=self._texts.told(event.traceback))
        return _named(told, await self._raised_by_guest(event))

    async def _raised_by_guest(self, event: Raised) -> str:
        """The guest's own name of the exception that a built-in one carried, or an empty string."""
        base = prelude.SDK_ERRORS.get(event.message.partition(": ")[0])
        if base is not None and base == event.type:
            return event.message.partition(": ")[0]
        if "exceptions" not in self._state.specials or event.limit is not None:
            return ""
        try:
            last = await self._inner.get(f"{PREFIX}last")
        except KeyError:
            return ""
        return str(last[0]) if last and last[1] == event.message else ""


async def _lowered(code: str, state: State) -> Lowered | Refused:
    """Long sources are rewritten in a thread: they take seconds, and the event loop has others to serve."""
    if len(code) > LONG_SOURCE:
        return await asyncio.to_thread(lower, code, state)
    try:
        lowered, after = _lowered_after(code, state.to_json())
    except _Refusal as refusal:
        return refusal.refused
    state.become(State.from_json(after))
    return lowered


@lru_cache(maxsize=_KEPT)
def _lowered_after(code: str, before: str) -> tuple[Lowered, str]:
    """The block, and the state that follows. An agent's code is lowered for each of its tasks, in the same state."""
    state = State.from_json(before)
    lowered = lower(code, state)
    if isinstance(lowered, Refused):
        raise _Refusal(lowered)  # and is not kept: it may have been for want of memory
    return lowered, state.to_json()


class _Refusal(Exception):
    """A block is refused."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


def _named(event: Raised, name: str) -> Raised:
    """The event under the exception's own name."""
    if not name:
        return event
    message = event.message.removeprefix(f"{name}: ")
    shown = event.traceback.rstrip("\n")
    head, colon, _ = shown.rpartition(f"{event.type}:")
    shown = f"{head}{name}: {message}" if colon else shown.removesuffix(event.type) + name
    return replace(event, type=name, message=message, traceback=shown)


def _on_the_wire(calls: HostCalls) -> HostCalls:
    return HostCalls(calls=tuple([_wire_call(call) for call in calls.calls]), stdout=calls.stdout)


def _wire_call(call: HostCall) -> HostCall:
    name = prelude.ENGINE_FUNCTIONS.get(call.name, call.name)
    if name == "tool" and call.args:
        return replace(call, name=f"tool.{call.args[0]}", args=call.args[1:])
    return call if name == call.name else replace(call, name=name)


def _inward(answer: Answer) -> Answer:
    if isinstance(answer, Failed) and answer.type in prelude.SDK_ERRORS:
        return Failed(type=prelude.SDK_ERRORS[answer.type], message=f"{answer.type}: {answer.message}")
    return answer


class LoweredEngine:
    """An engine under lowering. A fresh session is a copy of one that has run the prelude."""

    def __init__(self, inner: Engine) -> None:
        self._inner = inner
        self._prepared: dict[tuple[frozenset[str], Limits], bytes] = {}

    @property
    def name(self) -> str:
        """The inner engine's."""
        return self._inner.name

    async def open(
        self, *, host_functions: frozenset[str] = frozenset(), limits: Limits = _LIMITS, world: World | None = None
    ) -> LoweredSession:
        """A fresh session with the SDK, and with further host functions."""
        names = self._names(host_functions)
        key = (names, limits)
        if key not in self._prepared:
            self._prepared[key] = await self._prepare(names, limits)
        inner = await self._inner.load(self._prepared[key], host_functions=names, limits=limits, world=world)
        guests = (*prelude.SIGNATURES, *prelude.ALIASES, *sorted(host_functions))
        state = State(engine=self.name, host_names=guests)
        return LoweredSession(inner, state, Texts(own=self._own_sources()))

    async def load(
        self,
        dump: bytes,
        *,
        host_functions: frozenset[str] = frozenset(),
        limits: Limits = _LIMITS,
        world: World | None = None,
    ) -> LoweredSession:
        """A session as it was when dumped."""
        header, texts, inner_dump = open_envelope(dump)
        try:
            state = State.from_json(header)
            told = Texts.from_json(texts, own=self._own_sources())
        except (ValueError, KeyError, TypeError) as error:
            raise DumpInvalid() from error
        if state.engine != self.name:
            raise DumpInvalid(f"The dump comes from the engine {state.engine}; this is {self.name}.")
        names = self._names(host_functions)
        inner = await self._inner.load(inner_dump, host_functions=names, limits=limits, world=world)
        return LoweredSession(inner, state, told)

    async def close(self) -> None:
        """End every session and worker."""
        await self._inner.close()

    def _names(self, host_functions: frozenset[str]) -> frozenset[str]:
        return host_functions | frozenset(prelude.ENGINE_FUNCTIONS)

    def _own_sources(self) -> tuple[str, ...]:
        return (_CORE, prelude.SOURCE) if self.name == "monty" else (prelude.SOURCE,)

    async def _prepare(self, names: frozenset[str], limits: Limits) -> bytes:
        session = await self._inner.open(host_functions=names, limits=limits)
        try:
            for source in self._own_sources():
                event = await session.run(source)
                if not isinstance(event, Finished):
                    raise DumpInvalid(f"The SDK prelude did not run: {event}")
            return await session.dump()
        finally:
            await session.close()
