"""One Ouros session inside its worker process: blocks, calls, values and dumps over the engine's session API."""

from __future__ import annotations

import contextlib
import json
import keyword
import re
from dataclasses import dataclass
from typing import Any

from ouros._ouros import SessionManager

from greatwheel.sandbox import ouros_guest as guest
from greatwheel.sandbox.ouros_code import Rewritten, rewrite
from greatwheel.sandbox.ouros_errors import Failure, failure_of, failure_of_source
from greatwheel.sandbox.ouros_limits import empty_with_limits, limits_field, with_limits
from greatwheel.sandbox.ouros_storage import MemoryStorage
from greatwheel.sandbox.ouros_values import Wire, decode
from greatwheel.sandbox.ouros_wire import Message

_MISPLACED = (
    False,
    "RuntimeError",
    "a host function can't be called from inside this built-in function; call it in a loop or comprehension",
)
"""The engine mixes up values when a built-in that it does not know to pause calls back."""
_GLOBAL_NUMBER = re.compile(r"'<global (\d+)>'")
_WORD = re.compile(r"[^\W\d]\w*")
_MAIN, _SCRATCH = "main", "scratch"
_EXTERNAL = [guest.PAUSE, guest.DEFER, guest.TAKE]


class Refused(Exception):
    """The request can't be carried out; `kind` tells the host which of its errors this is."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class EngineFailure(Exception):
    """The engine's text for a block that failed."""


@dataclass(kw_only=True, slots=True)
class _Call:
    """A host call that waits."""

    engine_id: int
    deferred: bool
    wire: list[Wire]
    answer: tuple[Any, ...] | None = None


class Interpreter:
    """The session of one worker. `open` comes first; the other methods are the operations of the protocol."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._manager = SessionManager(script_name="block")
        self._manager.set_storage_backend(self._storage)
        self._limits = limits_field(seconds=60.0, memory_bytes=2**30, recursion=500)
        self._template = self._prepared(_EXTERNAL, guest.prelude())
        self._scratch = self._prepared([], [])
        self._forget()

    def _prepared(self, external: list[str], blocks: list[str]) -> bytes:
        """The dump of a session that ran the blocks, under limits that can be exchanged."""
        self._manager.create_session(_MAIN, external_functions=external)
        self._load(_MAIN, empty_with_limits(self._saved(_MAIN), self._limits))
        for block in blocks:
            self._manager.execute(block, session_id=_MAIN)
        dump = self._saved(_MAIN)
        self._manager.destroy_session(_MAIN)
        return dump

    def _forget(self) -> None:
        self._source = _MAIN
        self._forks = 0
        self._names: list[str] = []
        self._calls: dict[int, _Call] = {}
        self._idle: bytes | None = None
        self._code = ""
        self._has_value = False
        self._declared: set[str] = set()
        self._sources: dict[str, list[str]] = {}
        self._delivered = 0
        self._next_id = 1
        self._host_functions: frozenset[str] = frozenset()
        self._output_chars = 0
        self._loaded = False
        """Whether it comes from a dump, and has not run a block since."""

    # ---- opening and saving

    def open(self, request: Message) -> Message:
        """Make the session, fresh or from a dump; `invalid` when the dump can't be loaded."""
        limits = limits_field(
            seconds=request["seconds"], memory_bytes=request["memory_bytes"], recursion=request["recursion"]
        )
        self._output_chars = request["output_chars"]
        self._host_functions = frozenset(request["host_functions"])
        self._load(_SCRATCH, with_limits(self._scratch, self._limits, limits))
        if request["dump"]:
            self._load(_MAIN, with_limits(request["dump"], request["old_limits"], limits))
        else:
            self._load(_MAIN, with_limits(self._template, self._limits, limits))
        self._loaded = bool(request["dump"])
        self._names = list(request["names"])
        self._next_id = request["next_id"]
        for name in sorted(self._host_functions - set(request["bound"])):
            self._call(guest.binding(name))
        self._settle()
        return {"limits": limits}

    def _load(self, session: str, dump: bytes) -> None:
        self._storage.dumps["load"] = dump
        if any(entry["id"] == session for entry in self._manager.list_sessions()):
            self._manager.destroy_session(session)
        try:
            self._manager.load_session("load", session_id=session)
        except RuntimeError as error:
            raise Refused("invalid", str(error)) from None
        self._storage.delete("load")
        self._manager.set_history_depth(0, session_id=session)

    def _saved(self, session: str) -> bytes:
        self._manager.save_session(session_id=session, name="save")
        return self._storage.dumps.pop("save")

    def save(self) -> Message:
        """The session as it was before the paused block, or as it is when idle."""
        if self._idle is None:
            if not self._loaded:  # what the dump kept is not yet restored
                with contextlib.suppress(EngineFailure):  # a session whose memory is used up
                    self._call("_ouros_keep()")
            self._idle = self._saved(self._source)
        return {"dump": self._idle, "names": self._names}

    def prepare(self) -> Message:
        """Keep the session as it is, in case that a block is to be dumped while it is paused."""
        if self._host_functions:
            self.save()
        return {}

    # ---- blocks

    def run(self, code: str, world: list[int] | None) -> Message:
        """Run a block up to its next event."""
        try:
            rewritten = rewrite(code, self._host_functions, worldly=world is not None)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return self._raised(failure_of_source(error), "")
        self._begin(code, rewritten, world)
        return self._advance(lambda: self._execute(rewritten.code + "\n_ouros_value(_ouros_v)" * rewritten.has_value))

    def _begin(self, code: str, rewritten: Rewritten, world: list[int] | None) -> None:
        self._code, self._has_value, self._delivered = code, rewritten.has_value, 0
        lines = code.splitlines()
        self._sources.update(dict.fromkeys((*rewritten.functions, "<module>"), lines))
        later = [name for name in rewritten.later_globals if name not in self._declared and name not in self._names]
        self._declared.update(later)
        restored, self._loaded = "_ouros_restore()\n" * self._loaded, False
        with contextlib.suppress(EngineFailure):  # a session whose memory is used up may yet free some
            self._call(
                "".join(f"if 0: {name} = 0\n" for name in later)
                + f"_ouros_begin({self._output_chars})\n{restored}_ouros_enter({world})"
            )

    def resume(self, answers: list[list[Any]]) -> Message:
        """Deliver answers, `[id, True, value]` or `[id, False, type, message]`, and go on to the next event."""
        for number, *answer in answers:
            value = decode(answer[1]) if answer[0] else answer[1]
            self._calls[number].answer = (answer[0], value, *answer[2:])
        return self._advance(self._deliver)

    def abandon(self) -> Message:
        """Give the paused block up. A copy of the session has its bindings and no paused block."""
        if self._calls:
            self._forks += 1
            copy = f"{_MAIN}{self._forks}"
            self._manager.fork_session(self._source, copy)
            self._manager.destroy_session(self._source)
            self._manager.set_history_depth(0, session_id=copy)
            self._source = copy
            self._settle()
        return {}

    def _advance(self, step: Any) -> Message:
        """Take steps until the block ends or waits for the host."""
        stdout: list[str] = []
        while True:
            try:
                result = step()
            except EngineFailure as failure:
                return self._failed(str(failure), "".join(stdout))
            if result is None:
                return self._paused("".join(stdout))
            stdout.append(self._cut(result["stdout"]))
            progress = result["progress"]
            if progress["status"] == "complete":
                return self._finished(progress["result"], "".join(stdout))
            step = self._received(progress)

    def _received(self, progress: Message) -> Any:
        """What to do next with the engine's pause."""
        if progress["status"] != "function_call":
            return self._deliver
        engine_id, name, args = progress["call_id"], progress["function_name"], progress["args"]
        try:
            asked, request = args
            positional, named = json.loads(request)
            decode(["l", positional]), decode(["d", named])
        except (TypeError, ValueError, RecursionError):
            return lambda: self._resume(engine_id, _MISPLACED)
        if name == guest.TAKE or asked not in self._host_functions:
            return lambda: self._resume(engine_id, (False, "NameError", f"name {asked!r} is not defined"))
        deferred = name == guest.DEFER
        self._calls[self._next_id] = _Call(
            engine_id=engine_id, deferred=deferred, wire=[self._next_id, asked, positional, named]
        )
        self._next_id += 1
        return (lambda: self._defer(engine_id)) if deferred else self._deliver

    def _deliver(self) -> Message | None:
        """Hand answers over, or None when the block waits for more."""
        waiting = [number for number, call in self._calls.items() if not call.deferred]
        if waiting:
            call = self._calls[waiting[0]]
            if call.answer is None:
                return None
            del self._calls[waiting[0]]
            return self._resume(call.engine_id, call.answer)
        if any(call.answer is None for call in self._calls.values()):
            return None  # the engine loses coroutines when only some of their futures are resolved
        calls = list(self._calls.values())
        self._calls.clear()
        return self._step(lambda: self._resume_futures({call.engine_id: call.answer for call in calls}))

    # ---- the engine

    def _step(self, action: Any) -> Message:
        try:
            result: Message = action()
        except RuntimeError as error:
            raise EngineFailure(str(error)) from None
        return result

    def _execute(self, code: str) -> Message:
        """Run code by `call_session`: `execute` would copy the whole heap first, for an undo that nobody wants."""
        return self._step(
            lambda: self._manager.call_session(
                source=self._source, target=_SCRATCH, code=code, target_variable=guest.HIDDEN
            )
        )

    def _resume(self, engine_id: int, answer: Any) -> Message:
        return self._step(lambda: self._manager.resume(engine_id, answer, session_id=self._source))

    def _defer(self, engine_id: int) -> Message:
        return self._step(lambda: self._manager.resume_as_pending(engine_id, session_id=self._source))

    def _resume_futures(self, answers: dict[int, Any]) -> Message:
        return self._manager.resume_futures(answers, session_id=self._source)

    def _call(self, code: str) -> Any:
        """The result of a block of ours."""
        return self._execute(code)["progress"].get("result")

    # ---- events

    def _cut(self, stdout: str) -> str:
        """The output within the limit, for what the guest half does not see pass (`pprint`)."""
        slack = 200
        kept = stdout[: max(self._output_chars + slack - self._delivered, 0)]
        self._delivered += len(kept)
        return kept

    def _paused(self, stdout: str) -> Message:
        waiting = [call.wire for _, call in sorted(self._calls.items()) if call.answer is None]
        return {"kind": "calls", "calls": waiting, "stdout": stdout}

    def _finished(self, result: Any, stdout: str) -> Message:
        value = None
        if self._has_value:
            with contextlib.suppress(ValueError, TypeError, IndexError):  # of a guest that changed our functions
                value = _unwrapped(result)
                decode(value)
            self._manager.delete_variable(guest.VALUE.rstrip("="), session_id=self._source)
        self._settle()
        return {"kind": "finished", "value": value, "stdout": stdout}

    def _failed(self, text: str, stdout: str) -> Message:
        seen = self._delivered
        self._settle()
        try:
            tail = self._call(f"_ouros_tail({seen})")
        except EngineFailure:
            tail = ""
        failure = self._as_raised(failure_of(self._with_names(text), self._sources.get))
        return self._raised(failure, stdout + self._cut(tail if isinstance(tail, str) else ""))

    def _as_raised(self, failure: Failure) -> Failure:
        """The failure under the name of the guest's own exception, of which the engine tells the built-in base."""
        try:
            name, text = self._call("_ouros_last")
        except (EngineFailure, TypeError, ValueError):
            return failure
        same = isinstance(name, str) and text == failure.message
        return failure.reworded(name, failure.message) if same and failure.type in guest.ERRORS else failure

    def _with_names(self, text: str) -> str:
        """The text with names in place of the engine's numbers for globals that are not bound."""
        for number in set(_GLOBAL_NUMBER.findall(text)):
            for name in sorted({*self._declared, *_WORD.findall(self._code)} - set(self._names)):
                if name.isidentifier() and not keyword.iskeyword(name) and self._number_of(name) == number:
                    text = text.replace(f"'<global {number}>'", f"'{name}'")
        return text

    def _number_of(self, name: str) -> str | None:
        try:
            self._call(f"_ouros_probe = lambda: {name}\n_ouros_probe()\n0")
        except EngineFailure as failure:
            found = _GLOBAL_NUMBER.search(str(failure))
            return found[1] if found else None
        return None

    def _raised(self, failure: Failure, stdout: str) -> Message:
        return {
            "kind": "raised",
            "type": failure.type,
            "message": failure.message,
            "traceback": failure.traceback,
            "limit": failure.limit,
            "stdout": stdout,
        }

    def _settle(self) -> None:
        """The block is over: note its new names in the order of its text."""
        self._calls.clear()
        self._idle = None
        found = {entry["name"] for entry in self._manager.list_variables(session_id=self._source)}
        new = sorted(found - set(self._names), key=lambda name: (_place(name, self._code), name))
        self._names = [name for name in self._names if name in found] + new

    # ---- variables

    def bind(self, name: str, value: Wire) -> Message:
        """Bind a name. The value goes in as the answer of a call, the one way that keeps its type."""
        self._idle = None
        self._code = name
        try:
            paused = self._execute(f"{name} = {guest.TAKE}()")
            self._resume(paused["progress"]["call_id"], decode(value))
        except EngineFailure as failure:
            raise Refused("not_portable", str(failure)) from None
        finally:
            self._settle()
        return {}

    def read(self, name: str) -> Message:
        """A variable's value."""
        if name not in {entry["name"] for entry in self._manager.list_variables(session_id=self._source)}:
            raise Refused("missing", name)
        try:
            result = self._call(f"_ouros_encoded({name})")
        except EngineFailure as failure:
            raise Refused("not_portable", failure_of(str(failure)).message) from None
        try:
            return {"value": _unwrapped(result)}
        except (ValueError, TypeError, IndexError) as error:
            raise Refused("not_portable", str(error)) from None

    def describe(self) -> Message:
        """Name, type, size and preview of each variable."""
        kinds = self._variables()
        names = [name for name in self._names if name in kinds]
        items = ", ".join(f"({name!r}, {name}, {kinds[name]!r})" for name in names)
        try:
            told = json.loads(self._call(f"_ouros_describe([{items}])"))
            variables = [[str(name), str(kind), size, str(preview)] for name, kind, size, preview in told]
        except (EngineFailure, TypeError, ValueError):  # no memory left, or the guest changed our functions
            variables = [[name, kinds[name], None, f"<{kinds[name]}>"] for name in names]
        return {"variables": variables}

    def _variables(self) -> dict[str, str]:
        return {
            entry["name"]: entry["type_name"]
            for entry in self._manager.list_variables(session_id=self._source)
            if entry["type_name"] != "module" and not entry["name"].startswith(guest.HIDDEN)
        }


def _place(name: str, code: str) -> int:
    """Where a name stands first in a block."""
    found = re.search(rf"\b{re.escape(name)}\b", code)
    return found.start() if found else len(code)


def _unwrapped(result: Any) -> Wire:
    """The wire value from `_ouros_encoded`: a text is itself, anything else is JSON in a list."""
    return json.loads(result[0]) if isinstance(result, list) else result if isinstance(result, str) else None
