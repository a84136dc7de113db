"""The loop: a question is answered by blocks of Python that a model writes, one step at a time.

A step: ask the model, take the code from its reply, check it, run it, serve its host calls, show the model what it
printed. What comes next is decided by pure functions (`steps.py`); this module carries the decisions out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from greatwheel.core.clock import Clock, SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.errors import BudgetExceeded, GreatwheelError, StepsUsedUp
from greatwheel.core.events import (
    ModelReplied,
    Observer,
    RunCompleted,
    RunOutcome,
    RunStarted,
    StepCompleted,
    StepStarted,
)
from greatwheel.core.ids import RunId, new_run_id
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatModel, ChatReply, ChatRequest, Message
from greatwheel.runtime import prompts
from greatwheel.runtime.bridge import Bridge
from greatwheel.runtime.desk import Desk
from greatwheel.runtime.driving import Driver
from greatwheel.runtime.journal import CallRow, encoded
from greatwheel.runtime.ledger import Ledger
from greatwheel.runtime.paid import paid_chat
from greatwheel.runtime.record import Prefix
from greatwheel.runtime.session import Workspace
from greatwheel.runtime.state import LoopState, Paused, TaskWaits, restore_talk, talk_state
from greatwheel.runtime.steps import Block, Conversation, Ran, Verdict, judge
from greatwheel.runtime.telling import Deltas, told

STOPPED = "The run was stopped."


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How a run ended."""

    run_id: RunId
    outcome: RunOutcome
    answer: str
    usage: Usage
    steps: int
    seconds: float
    reason: str = ""
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class LoopSettings:
    """How the loop talks to its model."""

    max_tokens: int = 400
    """Longest reply: a block of some 40 lines."""
    temperatures: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6)
    """By how many times the model has gone wrong; the last one stays."""
    seed: int = 1
    history: int = 3
    """Earlier steps that are shown whole; older ones are left out."""


@dataclass(kw_only=True, slots=True)
class Loop:
    """One run. `workspace` is the session it works in, and outlives it."""

    workspace: Workspace
    model: ChatModel
    question: str
    ledger: Ledger
    observer: Observer
    settings: LoopSettings = field(default_factory=LoopSettings)
    clock: Clock = field(default_factory=SystemClock)
    run_id: RunId = field(default_factory=new_run_id)
    prefix: Prefix = field(default_factory=Prefix)
    depth: int = 0
    parent: RunId | None = None
    desk: Desk | None = None
    """Services and journal of a durable task; None: its calls are made for nobody in particular."""
    resume: LoopState | None = None
    """Where an earlier attempt left off; the workspace is the session as it was then."""
    instructions: str = ""
    """What the model is told after the loop's own prompt; children of this run are not."""
    tools: str = ""
    """The tools that it may call, as lines; a run that goes on from a boundary has them there."""
    over: Callable[[BaseException], bool] = lambda error: True
    """Whether what stops the run also ends it: a task may go on elsewhere."""

    async def run(self) -> Outcome:
        """Ask, run and judge until there is an answer or the budget is used up.

        Raises:
            TaskWaits: a call waits for somebody else's answer; a later attempt goes on.
        """
        talk = await self._conversation()
        driver = Driver(workspace=self.workspace, bridge=self._bridge(), clock=self.clock)
        driver.bridge.checkpoint = self._checkpointing(talk, driver)
        if self.resume is None:
            self._announce()
        else:
            self._restore(talk, driver.bridge, self.resume)
        outcome: RunOutcome = "failed"
        reason = ""
        try:
            verdict = await self._steps(talk, driver)
            outcome, talk.best = "answered", verdict.answer
        except TaskWaits:
            await self._keep_waiting(talk, driver)
            raise
        except BudgetExceeded as error:
            outcome, reason = ("steps" if isinstance(error, StepsUsedUp) else "budget"), str(error)
        except BaseException as error:
            if self.over(error):
                failed = isinstance(error, GreatwheelError)
                self._complete(talk, "failed" if failed else "cancelled", str(error) if failed else STOPPED)
            raise
        return self._complete(talk, outcome, reason)

    async def _conversation(self) -> Conversation:
        return Conversation(
            opening=await self.workspace.begun(self.question),
            prefills="prefill" in self.model.capabilities,
            settings_history=self.settings.history,
            instructions=self.instructions,
            tools=self.tools,
        )

    async def _steps(self, talk: Conversation, driver: Driver) -> Verdict:
        if self.resume is not None and self.resume.paused is not None:
            paused = self.resume.paused
            driver.bridge.step = number = self.resume.step
            block = Block(code=paused.code, rebound=paused.rebound)
            ran = await driver.go_on(block, printed=paused.printed, reply=paused.reply)
            verdict = await self._judged(talk, driver, number, ran, paused.reply)
            if verdict.answer is not None:
                return verdict
        while True:
            driver.bridge.step = number = self.ledger.step()
            reply, code = await self._ask(talk, number)
            ran = await self._run(talk, driver, code or reply.text, code, cut=reply.finish == "length")
            verdict = await self._judged(talk, driver, number, ran, code or reply.text)
            if verdict.answer is not None:
                return verdict

    async def _run(self, talk: Conversation, driver: Driver, reply: str, code: str, *, cut: bool) -> Ran:
        block = talk.admit(code, self.workspace.protected, cut=cut)
        if block.refusal is not None:
            return Ran(block=block, outcome="no_code" if not code else "refused")
        return await driver.run(block, reply=reply)

    async def _judged(self, talk: Conversation, driver: Driver, number: int, ran: Ran, reply: str) -> Verdict:
        """What the model is told of a step; the boundary after it."""
        verdict = judge(talk, ran, self.workspace)
        self._completed(number, ran, verdict)
        if verdict.answer is None:
            talk.add(reply, verdict)
            if self.desk is not None:
                state = self._state(talk, driver.bridge)
                await self.desk.journal.boundary(state.to_wire(), await self.workspace.kept())
        return verdict

    def _restore(self, talk: Conversation, bridge: Bridge, state: LoopState) -> None:
        restore_talk(talk, state.talk)
        bridge.calls = state.calls
        self.ledger.restore(state.usage, state.seconds, state.step)

    def _state(self, talk: Conversation, bridge: Bridge, paused: Paused | None = None) -> LoopState:
        return LoopState(
            step=self.ledger.steps,
            calls=bridge.calls,
            seconds=self.ledger.seconds,
            usage=self.ledger.usage,
            talk=talk_state(talk),
            paused=paused,
            now=self.workspace.now,
        )

    def _checkpointing(self, talk: Conversation, driver: Driver) -> Callable[[], Awaitable[None]] | None:
        if self.desk is None:
            return None
        journal = self.desk.journal

        async def checkpoint() -> None:
            state = self._state(talk, driver.bridge, driver.paused())
            # The calls that are pending now get their numbers again when the block goes on.
            state = replace(state, calls=state.calls - driver.pending)
            await journal.boundary(state.to_wire(), await self.workspace.session.dump())

        return checkpoint

    async def _keep_waiting(self, talk: Conversation, driver: Driver) -> None:
        """A session that is small is kept as it waits; a large one runs its step again from the journal."""
        if self.desk is None:
            return
        if self.workspace.pausable:
            state = replace(self._state(talk, driver.bridge, driver.paused()), now=None)
            await self.desk.journal.boundary(state.to_wire(), await self.workspace.session.dump())
        await self.desk.journal.committed()

    async def _ask(self, talk: Conversation, number: int) -> tuple[ChatReply, str]:
        messages = talk.messages()
        temperature = self.settings.temperatures[min(talk.trouble, len(self.settings.temperatures) - 1)]
        seed = self.settings.seed + number
        self.observer(
            StepStarted(
                run_id=self.run_id,
                step=number,
                messages=[{"role": message.role, "content": message.content} for message in messages],
                temperature=temperature,
                seed=seed,
            )
        )
        heard = self._listener(number)
        reply = await self._reply(messages, number, temperature, seed, heard)
        recorded = self.prefix.replies.get(number)
        # Which part of a reply is code depends on the model that gave it, so a replayed step takes what was run.
        code = talk.block_of(reply) if recorded is None else recorded.code
        replied = ModelReplied(run_id=self.run_id, step=number, text=reply.text, code=code, usage=reply.usage)
        if self.desk is None or recorded is not None:
            self.observer(replied)
        else:
            self.desk.journal.served(_reply_row(replied, streamed=heard is not None and heard.told))
        return reply, code

    def _listener(self, number: int) -> Deltas | None:
        if self.desk is None:
            return None
        return Deltas(self.desk.journal, self.clock, {"step": number}, self.desk.task.epoch)

    async def _reply(
        self, messages: list[Message], number: int, temperature: float, seed: int, heard: Deltas | None
    ) -> ChatReply:
        recorded = self.prefix.replies.get(number)
        if recorded is not None:
            self.ledger.add(recorded.usage)
            return ChatReply(text=recorded.text, usage=recorded.usage, model=self.model.model)
        if self.desk is not None:
            await self.desk.journal.live()
        request = ChatRequest(
            messages=messages,
            temperature=temperature,
            max_tokens=self.settings.max_tokens,
            stop=prompts.STOP if messages[-1].role == "assistant" else (),
            seed=seed,
            think=False,
            idempotency_key=f"{self._run_key}-step-{number}",
        )
        return await paid_chat(self.model, self._context(), request, ledger=self.ledger, heard=heard)

    def _bridge(self) -> Bridge:
        return Bridge(
            context=self._context(),
            model=self.model,
            ledger=self.ledger,
            clock=self.clock,
            observer=self.observer,
            child=self._child,
            # The guest is paused in this call, so its variables can't be described now: these are the step's first.
            show_vars=self.workspace.variable_lines,
            prefix=self.prefix,
            desk=self.desk,
            models=None if self.desk is None else self.workspace.model_named,
        )

    @property
    def _run_key(self) -> str:
        return self.run_id if self.desk is None else self.desk.task.run_key

    def _context(self) -> CallContext:
        if self.desk is not None:
            return self.desk.context
        return CallContext(session_id=self.workspace.session_id, run_id=self.run_id)

    async def _child(self, question: str, context: Any, model: str | None, ledger: Ledger) -> str:
        share = ledger.child()
        workspace = await self.workspace.sibling(context)
        try:
            loop = replace(
                self,
                workspace=workspace,
                model=await self.workspace.model_named(model) if model else self.model,
                question=question,
                ledger=share,
                run_id=new_run_id(),
                prefix=Prefix(),
                depth=self.depth + 1,
                parent=self.run_id,
                desk=None,
                instructions="",
                tools="",  # without a desk it can call none
                resume=None,
            )
            return (await loop.run()).answer
        finally:
            await workspace.close()

    def _announce(self) -> None:
        self.observer(
            RunStarted(
                run_id=self.run_id,
                session_id=self.workspace.session_id,
                question=self.question,
                model=self.model.name,
                engine=self.workspace.engine.name,
                depth=self.depth,
                parent=self.parent,
                variables=self.workspace.inventory(),
            )
        )

    def _completed(self, number: int, ran: Ran, verdict: Verdict) -> None:
        self.observer(
            StepCompleted(
                run_id=self.run_id,
                step=number,
                outcome=ran.outcome,
                stdout=ran.stdout,
                observation=verdict.observation,
                error=ran.error or None,
                hint=verdict.hint or None,
                seconds=ran.seconds,
            )
        )

    def _complete(self, talk: Conversation, outcome: RunOutcome, reason: str) -> Outcome:
        answer = talk.best or ""
        flags = tuple(talk.flags)
        self.observer(
            RunCompleted(
                run_id=self.run_id,
                outcome=outcome,
                answer=answer,
                usage=self.ledger.usage,
                seconds=self.ledger.seconds,
                reason=reason,
                flags=flags,
            )
        )
        return Outcome(
            run_id=self.run_id,
            outcome=outcome,
            answer=answer,
            usage=self.ledger.usage,
            steps=self.ledger.steps,
            seconds=self.ledger.seconds,
            reason=reason,
            flags=flags,
        )


def _reply_row(replied: ModelReplied, *, streamed: bool) -> CallRow:
    """The journal's row of a reply to a step."""
    return CallRow(
        seq=-replied.step,
        step=replied.step,
        name="model",
        digest=b"",
        state="done",
        answer=encoded({"text": replied.text, "code": replied.code}),
        usage=replied.usage,
        seconds=replied.usage.model_seconds,
        told=told(replied),
        streamed=streamed,
    )
