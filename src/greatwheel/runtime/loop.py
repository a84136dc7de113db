"""The loop: a question is answered by blocks of Python that a model writes, one step at a time.

A step: ask the model, take the code from its reply, check it, run it, serve its host calls, show the model what it
printed. What comes next is decided by pure functions (`steps.py`); this module carries the decisions out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from greatwheel.core.clock import Clock, SystemClock
from greatwheel.core.context import CallContext
from greatwheel.core.errors import BudgetExceeded, GreatwheelError, SandboxLost, StepsUsedUp
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
from greatwheel.runtime.bridge import Bridge, FinalCalled
from greatwheel.runtime.ledger import Ledger
from greatwheel.runtime.paid import paid_chat
from greatwheel.runtime.record import Prefix, RecordedReply
from greatwheel.runtime.session import Workspace
from greatwheel.runtime.steps import Conversation, Ran, Verdict, judge
from greatwheel.sandbox.port import Finished, HostCalls, Raised


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

    async def run(self) -> Outcome:
        """Ask, run and judge until there is an answer or the budget is used up."""
        self._announce()
        talk = self._conversation()
        bridge = self._bridge()
        outcome: RunOutcome = "failed"
        reason = ""
        try:
            verdict = await self._steps(talk, bridge)
            outcome, talk.best = "answered", verdict.answer
        except BudgetExceeded as error:
            outcome, reason = ("steps" if isinstance(error, StepsUsedUp) else "budget"), str(error)
        except GreatwheelError as error:
            reason = str(error)
            self._complete(talk, "failed", reason)
            raise
        except BaseException:
            self._complete(talk, "cancelled", "The run was stopped.")
            raise
        return self._complete(talk, outcome, reason)

    def _conversation(self) -> Conversation:
        return Conversation(
            opening=self.workspace.opening(self.question),
            prefills="prefill" in self.model.capabilities,
            settings_history=self.settings.history,
        )

    async def _steps(self, talk: Conversation, bridge: Bridge) -> Verdict:
        while True:
            bridge.step = number = self.ledger.step()
            reply, code = await self._ask(talk, number)
            ran = await self._run(talk, bridge, code, cut=reply.finish == "length")
            verdict = judge(talk, ran, self.workspace)
            self._completed(number, ran, verdict)
            if verdict.answer is not None:
                return verdict
            talk.add(code or reply.text, verdict)

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
        reply = await self._reply(messages, number, temperature, seed)
        recorded = self.prefix.replies.get(number)
        # Which part of a reply is code depends on the model that gave it, so a replayed step takes what was run.
        code = talk.block_of(reply) if recorded is None else recorded.code
        self.observer(ModelReplied(run_id=self.run_id, step=number, text=reply.text, code=code, usage=reply.usage))
        return reply, code

    async def _reply(self, messages: list[Message], number: int, temperature: float, seed: int) -> ChatReply:
        recorded: RecordedReply | None = self.prefix.replies.get(number)
        if recorded is not None:
            return ChatReply(text=recorded.text, usage=Usage(), model=self.model.model)
        request = ChatRequest(
            messages=messages,
            temperature=temperature,
            max_tokens=self.settings.max_tokens,
            stop=prompts.STOP if messages[-1].role == "assistant" else (),
            seed=seed,
            think=False,
        )
        chars = sum(len(message.content) for message in messages)
        estimate = chars // 3 + self.settings.max_tokens
        return await paid_chat(self.model, self._context(), request, ledger=self.ledger, estimate=estimate)

    async def _run(self, talk: Conversation, bridge: Bridge, code: str, *, cut: bool) -> Ran:
        """Run a block to its end, its host calls served."""
        block = talk.admit(code, self.workspace.protected, cut=cut)
        began = self.clock.monotonic()
        if block.refusal is not None:
            return Ran(block=block, outcome="no_code" if not code else "refused")
        try:
            ran = await self._drive(block.code, bridge)
            if ran.outcome != "final":
                await self.workspace.save()
        except SandboxLost as error:
            await self.workspace.restore()
            ran = Ran(outcome="lost", error=str(error))
        except BaseException:
            await self.workspace.give_up()
            raise
        return replace(ran, block=block, seconds=self.clock.monotonic() - began)

    async def _drive(self, code: str, bridge: Bridge) -> Ran:
        session = self.workspace.session
        printed: list[str] = []
        event = await session.run(code)
        while isinstance(event, HostCalls):
            printed.append(event.stdout)
            answers = await bridge.serve(event)
            if isinstance(answers, FinalCalled):
                await session.abandon()
                return Ran(outcome="final", stdout="".join(printed), final=answers)
            self.ledger.check_time()
            event = await session.resume(answers)
        printed.append(event.stdout)
        match event:
            case Finished(value=value):
                return Ran(outcome="finished", stdout="".join(printed), value=value)
            case Raised() as raised:
                return Ran(outcome="limit" if raised.limit else "raised", stdout="".join(printed), raised=raised)

    def _bridge(self) -> Bridge:
        return Bridge(
            context=self._context(),
            model=self.model,
            ledger=self.ledger,
            clock=self.clock,
            observer=self.observer,
            child=self._child,
            show_vars=self._show_vars,
            prefix=self.prefix,
        )

    def _context(self) -> CallContext:
        return CallContext(session_id=self.workspace.session_id, run_id=self.run_id)

    async def _show_vars(self) -> list[str]:
        # The guest is paused in this call, so its variables can't be described now: these are the step's first ones.
        return self.workspace.variable_lines()

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
