"""The host side of the SDK: serves the calls that guest code makes.

Calls that arrive together are served together. An error of a service becomes an error in the guest at the call
site; only the end of the run (a budget that is used up, a lost model server) leaves the bridge as an exception.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol, TypeAlias

from greatwheel.core.clock import Clock
from greatwheel.core.context import CallContext
from greatwheel.core.errors import (
    AccessDenied,
    AgentFailed,
    BadInput,
    BudgetExceeded,
    InDoubt,
    KeyRefused,
    LimitReached,
    ModelNotFound,
    ModelRefused,
    NotAvailable,
    NotFound,
    ToolFailed,
)
from greatwheel.core.events import HostCallServed, HostCallStarted, Observer
from greatwheel.core.ids import RunId
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatModel, ChatRequest, Message
from greatwheel.llm.sizing import CHARS_PER_TOKEN, chat_size
from greatwheel.runtime.arguments import as_list, as_text, asks_only, bind, choice_grammar, model_name
from greatwheel.runtime.desk import Desk, Served, finished_row
from greatwheel.runtime.ledger import Ledger
from greatwheel.runtime.paid import paid_chat, paid_embed
from greatwheel.runtime.record import Prefix
from greatwheel.runtime.services import Effect
from greatwheel.runtime.telling import WORTH_TELLING_SECONDS, Deltas, told_call
from greatwheel.sandbox.port import Answer, Failed, HostCall, HostCalls, Returned

SUB_MAX_TOKENS = 512
"""Longest reply of a sub-model unless the call says otherwise."""
GUEST_ERRORS = (
    AccessDenied,
    AgentFailed,
    BudgetExceeded,
    InDoubt,
    LimitReached,
    ModelNotFound,
    ModelRefused,
    NotAvailable,
    NotFound,
    ToolFailed,
)
"""Errors of ours that a guest may see and catch, by their names."""
STREAMED = frozenset({"llm_query", "llm.complete"})
"""Calls with one reply, which people may watch coming."""
_ONE_CALL = Usage(host_calls=1)


class ChildRunner(Protocol):
    """Runs a child loop; given by the loop, which knows engines and models."""

    async def __call__(self, question: str, context: Any, model: str | None, ledger: Ledger) -> str:
        """The child's answer; what it uses is drawn from `ledger`."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class FinalCalled:
    """The guest called FINAL: the block does not go on."""

    value: Any


@dataclass(frozen=True, slots=True)
class Suspended:
    """A call waits for somebody else: the block can't go on now. The others that came with it were served."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Job:
    """What a model call is charged to, and the key by which a server knows it again."""

    ledger: Ledger
    key: str
    heard: Deltas | None = None
    """Told the reply's pieces."""

    def part(self, place: int) -> _Job:
        """One of a batch."""
        return replace(self, key=f"{self.key}-{place}", heard=None)


@dataclass(kw_only=True, slots=True)
class Bridge:
    """Serves one run's host calls."""

    context: CallContext
    model: ChatModel
    ledger: Ledger
    clock: Clock
    observer: Observer
    child: ChildRunner
    show_vars: Callable[[], list[str]]
    prefix: Prefix = field(default_factory=Prefix)
    desk: Desk | None = None
    """Services and journal of a durable task."""
    models: Callable[[str], Awaitable[ChatModel]] | None = None
    """Opens a model that the guest names, if it may be used; None: the run's own server has what it will of them."""
    checkpoint: Callable[[], Awaitable[None]] | None = None
    streams: bool = False
    """Replies to the guest's single model calls are told while they come."""
    parallel: int = 64
    """Sub-calls of one batch that are under way at once; the gate has the server's own limit."""
    calls: int = 0
    step: int = 0

    @property
    def run_id(self) -> RunId:
        """The run that is served."""
        return self.context.run_id

    async def serve(self, calls: HostCalls) -> dict[int, Answer] | FinalCalled | Suspended:
        """Answers for all calls; or the final value when one of them is FINAL; or that some must wait for others."""
        for call in calls.calls:
            if call.name == "FINAL":
                return await self._final(call)
        if self.desk is not None:
            await self.desk.journal.live()
        first = self.calls + 1
        self.calls += len(calls.calls)
        answers = await _gather([self._serve_one(number, call) for number, call in enumerate(calls.calls, first)])
        if None in answers:
            self.calls = first - 1  # they get the same numbers when the block goes on
            return Suspended()
        return {call.id: answer for call, answer in zip(calls.calls, answers, strict=True)}

    async def _final(self, call: HostCall) -> dict[int, Answer] | FinalCalled:
        try:
            bound = bind(call)
        except TypeError as error:
            return {call.id: Failed(type="TypeError", message=str(error))}
        return FinalCalled(value=bound.get("answer"))

    async def _serve_one(self, number: int, call: HostCall) -> Answer | None:
        """The call's answer; None while it must wait for somebody else's."""
        self._started(number, call)
        recorded = self.prefix.answer_to(number, call.name, call.args, call.kwargs)
        if recorded is None or (recorded.state == "started" and self._repeatable(call.name)):
            return await self._serve_new(number, call)
        if recorded.state == "waiting":
            return None
        if recorded.state == "started":
            failure = f"InDoubt: {call.name} was cut off by a crash; it may or may not have happened."
            return self._answered(number, call, Served(), failure, self.ledger.leaf(), 0.0)
        self.ledger.add(recorded.usage)
        self._served(number, call, recorded.result, recorded.error, Usage(), 0.0, replayed=True)
        return _answer_of(recorded.result, recorded.error)

    async def _serve_new(self, number: int, call: HostCall) -> Answer | None:
        began, ledger, heard = self.clock.monotonic(), self.ledger.leaf(), self._listener(number, call)
        served = Served()
        failure: str | None = None
        try:
            served = await self._handle(number, call, ledger, heard)
        except (TypeError, ValueError, KeyError, OverflowError, TimeoutError) as error:
            failure = f"{type(error).__name__}: {error}"
        except KeyRefused:
            raise  # the end of the run, which the guest can't catch
        except GUEST_ERRORS as error:
            failure = f"{type(error).__name__}: {error}"
        except BadInput as error:
            failure = f"ValueError: {error}"
        if served.waits:
            return None
        seconds = self.clock.monotonic() - began
        streamed = heard is not None and heard.told
        return self._answered(number, call, served, failure, ledger, seconds, streamed=streamed)

    def _listener(self, number: int, call: HostCall) -> Deltas | None:
        if self.desk is None or not self.streams or call.name not in STREAMED:
            return None
        return Deltas(self.desk.journal, self.clock, {"call": number}, self.desk.task.epoch)

    def _answered(
        self,
        number: int,
        call: HostCall,
        served: Served,
        failure: str | None,
        ledger: Ledger,
        seconds: float,
        *,
        streamed: bool = False,
    ) -> Answer:
        ledger.add(_ONE_CALL)
        result = served.value
        if self.desk is not None and (not served.kept or seconds >= WORTH_TELLING_SECONDS):
            row = finished_row(number, self.step, call, result, failure, ledger.usage, seconds)
            told = served.told or told_call(row)
            if not served.kept:
                self.desk.journal.served(replace(row, told=told, streamed=streamed) if told or streamed else row)
            elif told is not None:
                self.desk.journal.event(told.type, told.data)
        self._served(number, call, result, failure, ledger.usage, seconds, replayed=False)
        return _answer_of(result, failure)

    def _repeatable(self, name: str) -> bool:
        """Whether a call that was cut off may be made again: the other side knows it by its key."""
        service = self.desk.find(name) if self.desk is not None else None
        return isinstance(service, Effect) and service.repeatable

    def _started(self, number: int, call: HostCall) -> None:
        self.observer(
            HostCallStarted(
                run_id=self.run_id,
                step=self.step,
                call=number,
                name=call.name,
                args=list(call.args),
                kwargs=call.kwargs,
            )
        )

    def _served(
        self,
        number: int,
        call: HostCall,
        result: Any,
        error: str | None,
        usage: Usage,
        seconds: float,
        *,
        replayed: bool,
    ) -> None:
        self.observer(
            HostCallServed(
                run_id=self.run_id, step=self.step, call=number, name=call.name, result=result, error=error,
                usage=usage, seconds=seconds, replayed=replayed,
            )
        )  # fmt: skip

    async def _handle(self, number: int, call: HostCall, ledger: Ledger, heard: Deltas | None) -> Served:
        bound = bind(call)
        service = None
        if self.desk is not None and not asks_only(call.name, bound):
            service = self.desk.find(call.name)
        if self.desk is not None and service is not None:
            return await self.desk.serve(number, self.step, call, bound, service)
        handler = _HANDLERS.get(call.name)
        if handler is None:
            name = call.name.split(".")[0]
            raise NotAvailable(f"{call.name} is not available here: this installation has no {name} service.")
        key = self.run_id if self.desk is None else self.desk.task.run_key
        return Served(value=await handler(self, bound, _Job(ledger=ledger, key=f"{key}-{number}", heard=heard)))

    async def _llm_query(self, bound: Mapping[str, Any], job: _Job) -> str:
        return await self._ask([Message(role="user", content=as_text(bound["prompt"]))], bound, job)

    async def _batch_llm_query(self, bound: Mapping[str, Any], job: _Job) -> list[str]:
        prompts = as_list(bound["prompts"])
        return await self._together(
            [self._llm_query({**bound, "prompt": prompt}, job.part(place)) for place, prompt in enumerate(prompts)]
        )

    async def _complete(self, bound: Mapping[str, Any], job: _Job) -> str:
        messages = [
            Message(role=item["role"], content=as_text(item["content"])) for item in bound.get("messages") or ()
        ]
        if bound.get("system"):
            messages.insert(0, Message(role="system", content=as_text(bound["system"])))
        if bound.get("prompt") is not None:
            messages.append(Message(role="user", content=as_text(bound["prompt"])))
        if not any(message.role == "user" for message in messages):
            raise ValueError("llm.complete needs messages=[{'role': 'user', 'content': …}] or a prompt")
        return await self._ask(messages, bound, job)

    async def _ask(self, messages: Sequence[Message], bound: Mapping[str, Any], job: _Job) -> str:
        choices = bound.get("choices")
        model, named = await self._named(model_name(bound))
        max_tokens = int(bound.get("max_tokens") or SUB_MAX_TOKENS)
        if max_tokens < 1:
            raise ValueError("max_tokens is the number of tokens that the reply may have, at least 1")
        request = ChatRequest(
            messages=messages,
            model=named,
            temperature=float(bound.get("temperature") or 0.0),
            max_tokens=max_tokens,
            idempotency_key=job.key,
            grammar=choice_grammar(choices) if choices and "grammar" in model.capabilities else None,
        )
        _require_readable(request, model.window)
        reply = await paid_chat(model, self.context, request, ledger=job.ledger, heard=job.heard)
        return reply.text.strip()

    async def _named(self, name: str | None) -> tuple[ChatModel, str | None]:
        """Which model a call is for, and the name that its request has."""
        if name is None or self.models is None:
            return self.model, name
        return (self.model if name == self.model.model else await self.models(name)), None

    async def _embed(self, bound: Mapping[str, Any], job: _Job) -> Any:
        text = bound["text"]
        texts = [text] if isinstance(text, str) else [as_text(each) for each in as_list(text)]
        vectors = await paid_embed(self.model, self.context, texts, ledger=job.ledger)
        return vectors[0] if isinstance(text, str) else vectors

    async def _rlm_query(self, bound: Mapping[str, Any], job: _Job) -> str:
        context = bound.get("context")
        if context is None:
            # A child without data of its own has only its question to think about: one model call does that.
            return await self._ask([Message(role="user", content=as_text(bound["question"]))], bound, job)
        return await self.child(as_text(bound["question"]), context, model_name(bound), job.ledger)

    async def _batch_rlm_query(self, bound: Mapping[str, Any], job: _Job) -> list[str]:
        questions = as_list(bound["questions"])
        contexts = bound.get("contexts")
        each = as_list(contexts) if isinstance(contexts, (list, tuple)) else [contexts] * len(questions)
        if len(each) != len(questions):
            raise ValueError(f"batch_rlm_query got {len(questions)} questions and {len(each)} contexts")
        return await self._together(
            [
                self._rlm_query({**bound, "question": question, "context": context}, job.part(place))
                for place, (question, context) in enumerate(zip(questions, each, strict=True))
            ]
        )

    async def _together(self, jobs: Sequence[Awaitable[str]]) -> list[str]:
        gate = asyncio.Semaphore(self.parallel)

        async def one(job: Awaitable[str]) -> str:
            async with gate:
                return await job

        return await _gather([one(job) for job in jobs])

    async def _show_vars(self, bound: Mapping[str, Any], job: _Job) -> list[str]:
        return self.show_vars()

    async def _budget(self, bound: Mapping[str, Any], job: _Job) -> dict[str, Any]:
        return asdict(job.ledger.left())

    async def _checkpoint(self, bound: Mapping[str, Any], job: _Job) -> None:
        if self.checkpoint is None:
            raise NotAvailable("state.checkpoint needs the durable runtime; this run keeps its state in memory.")
        await self.checkpoint()


_Handler: TypeAlias = Callable[[Bridge, Mapping[str, Any], _Job], Awaitable[Any]]
_HANDLERS: Mapping[str, _Handler] = MappingProxyType(
    {
        "llm_query": Bridge._llm_query,
        "batch_llm_query": Bridge._batch_llm_query,
        "llm.complete": Bridge._complete,
        "llm.embed": Bridge._embed,
        "rlm_query": Bridge._rlm_query,
        "batch_rlm_query": Bridge._batch_rlm_query,
        "SHOW_VARS": Bridge._show_vars,
        "budget": Bridge._budget,
        "state.checkpoint": Bridge._checkpoint,
    }
)


async def _gather(jobs: Sequence[Awaitable[Any]]) -> list[Any]:
    """All results in order; the first failure cancels the rest and is raised by itself, not in a group."""
    if len(jobs) == 1:
        return [await jobs[0]]
    tasks = [asyncio.ensure_future(job) for job in jobs]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _require_readable(request: ChatRequest, window: int) -> None:
    """Raise ValueError for a prompt that is much longer than what the model reads."""
    if chat_size(request).likely > window * 2:
        chars = sum([len(message.content) for message in request.messages])
        raise ValueError(
            f"the prompt has {chars:,} characters and the model reads about {window * CHARS_PER_TOKEN:,}"
            " at once; use chunks(text, 4000) and batch_llm_query"
        )


def _answer_of(result: Any, error: str | None) -> Answer:
    if error is None:
        return Returned(value=result)
    kind, _, message = error.partition(": ")
    return Failed(type=kind, message=message)
