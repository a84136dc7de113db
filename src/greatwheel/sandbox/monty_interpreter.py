"""One Monty interpreter, driven synchronously; `monty` drives it from the event loop.

A *turn* goes from an answer to the next event. Within it, whatever Monty asks for that is no host call is answered
here: names that don't exist, files, imports. A host call whose result is awaited is answered by a future, and the
guest goes on until every one of its tasks waits, so that calls in flight come in one event.
"""

from __future__ import annotations

import keyword
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from pydantic_monty import (
    ExternalSettledResult,
    FunctionSnapshot,
    FutureSnapshot,
    MontyComplete,
    MontyError,
    MontySession,
    NameLookupSnapshot,
)

from greatwheel.core.errors import DumpInvalid, SandboxMisuse, ValueNotPortable
from greatwheel.sandbox import monty_probe
from greatwheel.sandbox.monty_block import Block, Range
from greatwheel.sandbox.monty_dump import MontyDump, decode_value, encode_value, pack_dump
from greatwheel.sandbox.monty_errors import Failure, monty_error, read_failure
from greatwheel.sandbox.monty_output import Output
from greatwheel.sandbox.monty_values import check_portable, from_guest, refuse_doubtful
from greatwheel.sandbox.monty_world import MontyWorld
from greatwheel.sandbox.port import (
    Answer,
    Event,
    Failed,
    Finished,
    HostCall,
    HostCalls,
    LimitName,
    Limits,
    Raised,
    Returned,
    Variable,
    World,
)

_Snapshot: TypeAlias = FunctionSnapshot | FutureSnapshot | NameLookupSnapshot | MontyComplete
_TRANSFER_GRACE = 0.5
"""Seconds beyond the limit that a block may take for what it sends to and fro."""
_NO_CALL = 2**31 - 1
"""An id that no call of Monty has: settling it makes Monty give the block up, past every handler of the guest."""


class MontyInterpreter:
    """The state of one session. `token` names the probe; `stopper` is a guest object that no longer exists."""

    def __init__(
        self, session: MontySession, stopper: object, host: frozenset[str], limits: Limits, world: World | None
    ) -> None:
        self._session = session
        self._world = MontyWorld(world)
        self._stopper = stopper
        self._host = host
        self._limits = limits
        self._token = ""
        self._output = Output(limits.output_chars)
        self._inputs = 0
        """Blocks fed to Monty, trusted ones included; Monty names them `<python-input-N>`."""
        self._deferred: dict[str, frozenset[Range]] = {}
        """Name of the input → its calls that are answered by futures."""
        self._names: dict[str, None] = {}
        self._next_id = 1
        self._calls = 0
        self._turn_begun = self._spent = 0.0
        """Seconds of this block's turns, what it sends to and fro included; Monty's own clock leaves that out."""
        self._waiting: dict[int, HostCall] = {}
        self._monty_ids: dict[int, int] = {}
        self._answers: dict[int, Answer] = {}
        """Answers to calls that Monty can't take yet."""
        self._snapshot: FunctionSnapshot | FutureSnapshot | None = None

    @property
    def paused(self) -> bool:
        """Whether calls wait."""
        return self._snapshot is not None

    @property
    def pending(self) -> HostCalls | None:
        """The calls that wait."""
        if self._snapshot is None:
            return None
        return HostCalls(calls=tuple(call for id, call in sorted(self._waiting.items()) if id not in self._answers))

    # Opening

    def prepare(self) -> None:
        """Define the probe; the first thing in a fresh session."""
        self._token = f"_gw_{secrets.token_hex(6)}"
        self._trusted(monty_probe.preparing(self._token))

    def restore(self, dump: MontyDump) -> None:
        """Take a dump's state; the first thing in a fresh session."""
        header = dump.header
        self._token, self._inputs, self._next_id = header["token"], header["inputs"], header["next_id"]
        self._calls = header["calls"]
        self._world.draws, self._world.clock = header["draws"], header["clock"]
        self._deferred = {name: frozenset((a, b) for a, b in ranges) for name, ranges in header["deferred"].items()}
        self._names = dict.fromkeys(header["names"])
        self._output.start(header["printed"])
        for id, monty_id, name, args, kwargs in header["waiting"]:
            self._monty_ids[id] = monty_id
            self._waiting[id] = HostCall(id=id, name=name, args=decode_value(args), kwargs=decode_value(kwargs))
        for id, kind, value in header["answers"]:
            self._answers[id] = Failed(type=kind, message=value) if kind else Returned(value=decode_value(value))
        try:
            if header["paused"]:
                snapshot = self._session.load_snapshot(dump.state, print_callback=self._output.write)
                assert isinstance(snapshot, FunctionSnapshot | FutureSnapshot)
                self._snapshot = snapshot
            else:
                self._session.load_session(dump.state)
        except (MontyError, RuntimeError) as error:
            raise DumpInvalid from error

    def dump(self) -> bytes:
        """The session as bytes."""
        state = self._session.dump() if self._snapshot is None else self._snapshot.dump()
        waiting = [
            [call.id, self._monty_ids[call.id], call.name, encode_value(call.args), encode_value(dict(call.kwargs))]
            for call in self._waiting.values()
        ]
        answers = [
            [id, "", encode_value(a.value)] if isinstance(a, Returned) else [id, a.type, a.message]
            for id, a in self._answers.items()
        ]
        header = {
            "paused": self._snapshot is not None,
            "token": self._token,
            "inputs": self._inputs,
            "next_id": self._next_id,
            "calls": self._calls,
            "draws": self._world.draws,
            "clock": self._world.clock,
            "deferred": {name: sorted(ranges) for name, ranges in self._deferred.items()},
            "names": list(self._names),
            "printed": self._output.kept,
            "waiting": waiting,
            "answers": answers,
        }
        return pack_dump(header, state)

    # Running

    def run(self, code: str, block: Block, world: World | None) -> Event:
        """Run a block up to its first event."""
        self._world.world = world or self._world.world
        self._names.update(dict.fromkeys(name for name in block.names if not name.startswith("_gw_")))
        if block.deferred:
            self._deferred[f"<python-input-{self._inputs}>"] = block.deferred
        self._inputs += 1
        self._calls = 0
        self._spent = 0.0
        self._output.start()
        return self._turn(lambda: self._session.feed_start(code, print_callback=self._output.write))

    def resume(self, answers: Mapping[int, Answer]) -> Event:
        """Take answers and go on, where the guest can, to the next event."""
        for id, answer in answers.items():
            if id not in self._waiting or id in self._answers:
                raise SandboxMisuse(f"No call {id} waits for an answer.")
            if isinstance(answer, Returned):
                check_portable(answer.value)
            else:
                check_portable(answer.message)
        self._answers.update(answers)
        snapshot = self._snapshot
        if isinstance(snapshot, FunctionSnapshot):
            id = next(id for id, monty_id in self._monty_ids.items() if monty_id == snapshot.call_id)
            if id not in self._answers:
                return self._pause()
            settled = self._settle(id)
            return self._turn(lambda: snapshot.resume(settled))
        assert snapshot is not None
        return self._turn(lambda: snapshot)

    def abandon(self) -> None:
        """Give the paused block up, past every handler of the guest."""
        if self._snapshot is not None:
            self._stop(self._snapshot)
            self._idle()

    def _turn(self, step: Callable[[], _Snapshot]) -> Event:
        self._turn_begun = time.monotonic()
        event = self._advance(step)
        self._spent += time.monotonic() - self._turn_begun
        return event

    def _advance(self, step: Callable[[], _Snapshot]) -> Event:
        self._snapshot = None
        try:
            snapshot = step()
            while not isinstance(snapshot, MontyComplete):
                following = self._follow(snapshot)
                if isinstance(following, HostCalls | Raised):
                    return following
                snapshot = following
        except MontyError as error:
            self._idle()
            return self._raised(read_failure(error, self._limits))
        self._idle()
        return Finished(value=_portable_or_none(snapshot.output), stdout=self._output.take())

    def _follow(self, snapshot: _Snapshot) -> _Snapshot | HostCalls | Raised:
        """The next snapshot, or the event at which the turn ends."""
        if isinstance(snapshot, FutureSnapshot):
            return self._settle_futures(snapshot)
        if isinstance(snapshot, NameLookupSnapshot):
            return self._look_up(snapshot)
        assert isinstance(snapshot, FunctionSnapshot)
        if snapshot.is_os_function:
            return self._ask_world(snapshot)
        if snapshot.function_name not in self._host:
            message = f"name '{snapshot.function_name}' is not defined"
            return snapshot.resume({"exc_type": "NameError", "message": message})
        return self._call(snapshot)

    def _ask_world(self, snapshot: FunctionSnapshot) -> _Snapshot | Raised:
        if self._overrun():
            return self._stopped(snapshot, "seconds", f"the block ran longer than {self._limits.seconds:g} s")
        answer = self._world.answer(str(snapshot.function_name), snapshot.args)
        return snapshot.resume_not_handled() if answer is None else snapshot.resume(answer)

    def _overrun(self) -> bool:
        """Whether the block's turns took too long; Monty's own clock leaves out what is sent to and fro."""
        return self._spent + time.monotonic() - self._turn_begun > self._limits.seconds + _TRANSFER_GRACE

    def _call(self, snapshot: FunctionSnapshot) -> _Snapshot | HostCalls | Raised:
        if self._calls >= self._limits.host_calls:
            return self._stopped(snapshot, "host_calls", f"the block made more than {self._calls} host calls")
        if self._overrun():
            return self._stopped(snapshot, "seconds", f"the block ran longer than {self._limits.seconds:g} s")
        try:
            args, kwargs = from_guest([snapshot.args, snapshot.kwargs], refuse_doubtful)
        except ValueNotPortable as error:
            return snapshot.resume({"exc_type": "TypeError", "message": f"{snapshot.function_name}(): {error}"})
        self._calls += 1
        call = HostCall(id=self._next_id, name=str(snapshot.function_name), args=tuple(args), kwargs=kwargs)
        self._next_id += 1
        self._waiting[call.id] = call
        self._monty_ids[call.id] = snapshot.call_id
        where = snapshot.position
        if (where.start, where.end) in self._deferred.get(where.filename, ()):
            return snapshot.resume({"future": ...})
        self._snapshot = snapshot
        return self._pause()

    def _settle_futures(self, snapshot: FutureSnapshot) -> _Snapshot | HostCalls:
        wanted = set(snapshot.pending_call_ids)
        ready = [id for id in self._answers if self._monty_ids[id] in wanted]
        if ready:
            return snapshot.resume({self._monty_ids[id]: self._settle(id) for id in ready})
        self._snapshot = snapshot
        return self._pause()

    def _settle(self, id: int) -> ExternalSettledResult:
        answer = self._answers.pop(id)
        del self._waiting[id], self._monty_ids[id]
        if isinstance(answer, Returned):
            return {"return_value": answer.value}
        name, message = monty_error(answer)
        return {"exc_type": name, "message": message}  # type: ignore[typeddict-item]  # a name of KNOWN_ERRORS

    def _look_up(self, snapshot: NameLookupSnapshot) -> _Snapshot:
        name = snapshot.variable_name
        if snapshot.object_id is None and name in self._host:
            return snapshot.resume(value=_named_function(name))
        return snapshot.resume()

    def _pause(self) -> HostCalls:
        pending = self.pending
        assert pending is not None
        return HostCalls(calls=pending.calls, stdout=self._output.take())

    def _stopped(self, snapshot: FunctionSnapshot, limit: LimitName, message: str) -> Raised:
        self._stop(snapshot)
        self._idle()
        name = "TimeoutError" if limit == "seconds" else "RuntimeError"
        failure = Failure(type=name, message=message, traceback=f"{name}: {message}", limit=limit)
        return self._raised(failure)

    def _stop(self, snapshot: FunctionSnapshot | FutureSnapshot) -> None:
        """Make Monty give the block up: an answer that it can't take ends the block but not the session."""
        try:
            if isinstance(snapshot, FutureSnapshot):
                snapshot.resume({_NO_CALL: {"return_value": None}})
            else:
                snapshot.resume({"return_value": self._stopper})
        except MontyError as error:
            read_failure(error, self._limits)

    def _idle(self) -> None:
        self._snapshot = None
        self._waiting.clear()
        self._monty_ids.clear()
        self._answers.clear()

    def _raised(self, failure: Failure) -> Raised:
        return Raised(
            type=failure.type,
            message=failure.message,
            traceback=failure.traceback,
            limit=failure.limit,
            stdout=self._output.take(),
        )

    # Variables

    def set(self, name: str, value: Any) -> None:
        """Bind a name."""
        if not _is_name(name):
            raise ValueNotPortable(f"{name!r} is not the name of a variable.")
        check_portable(value)
        self._trusted("pass", {name: value})
        self._names[name] = None

    def get(self, name: str) -> Any:
        """A variable's value."""
        if not _is_name(name):
            raise KeyError(name)
        try:
            kind, value = self._trusted(monty_probe.getting(self._token, name))
        except KeyError:
            raise KeyError(name) from None
        doubts: list[str] = []
        result = from_guest(value, doubts.append)
        if kind == "str":
            return result
        if type(result) is str:
            raise ValueNotPortable(f"{name} is a {kind}, which can't leave the sandbox.")
        if doubts:
            self._settle_doubts(name, doubts)
        return result

    def _settle_doubts(self, name: str, doubts: list[str]) -> None:
        """Whether texts that look like Monty's stand-ins are the guest's own texts."""
        stranger, found = self._trusted(monty_probe.doubting(self._token, name, sorted(set(doubts))))
        if stranger:
            raise ValueNotPortable(f"{name} holds a {stranger}, which can't leave the sandbox.")
        if found < len(doubts):
            raise ValueNotPortable(f"{name} contains itself, or is nested too deeply to leave the sandbox.")

    def describe(self) -> list[Variable]:
        """The guest's variables."""
        told = self._trusted(monty_probe.describing(self._token, list(self._names)))
        variables = [monty_probe.variable(name, value) for name, value in told]
        return [v for v in variables if v.type != "module" and not (v.type == "function" and v.name in self._host)]

    def _trusted(self, code: str, inputs: dict[str, Any] | None = None) -> Any:
        """The value of a block of ours; KeyError when it reads a name that is not bound."""
        self._inputs += 1
        try:
            snapshot = self._session.feed_start(code, inputs=inputs, print_callback=lambda _stream, _text: None)
            while not isinstance(snapshot, MontyComplete):
                assert isinstance(snapshot, NameLookupSnapshot)
                snapshot = snapshot.resume()
            return snapshot.output
        except MontyError as error:
            failure = read_failure(error, self._limits)
            if failure.type == "NameError":
                raise KeyError from None
            raise ValueNotPortable(f"The sandbox refused: {failure.type}: {failure.message}.") from error


def _is_name(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _portable_or_none(value: Any) -> Any:
    try:
        return from_guest(value, refuse_doubtful)
    except ValueNotPortable:
        return None


def _named_function(name: str) -> Callable[..., None]:
    """Monty knows a host function by its `__name__`."""

    def function() -> None: ...

    function.__name__ = name
    return function
