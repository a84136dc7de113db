"""`RLM`: the loop as a library, without a database or a server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from greatwheel.core.budgets import Budget
from greatwheel.core.clock import SystemClock
from greatwheel.core.errors import BadInput, ModelNotFound
from greatwheel.core.events import Event, Observer, RunOutcome
from greatwheel.core.ids import RunId, new_run_id
from greatwheel.core.usage import Usage
from greatwheel.llm.port import ChatModel
from greatwheel.runtime import contexts
from greatwheel.runtime.ledger import Ledger
from greatwheel.runtime.loop import Loop, LoopSettings, Outcome
from greatwheel.runtime.record import Prefix
from greatwheel.runtime.session import Workspace
from greatwheel.runtime.trajectory import TrajectoryWriter, keep_context, kept_context, read_trajectory
from greatwheel.sandbox.port import Engine, Limits
from greatwheel.server.composition import open_engine, open_model

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """An answer and how it came about."""

    answer: str
    """Empty when the run ended without any."""
    outcome: RunOutcome
    """`answered`, or what ended the run: `budget`, `steps`."""
    reason: str
    """Why it ended when not answered: one line for people."""
    usage: Usage
    steps: int
    seconds: float
    run_id: RunId
    flags: tuple[str, ...] = ()
    """Doubts that the loop could not settle, such as `not_in_data`."""
    trajectory: Path | None = None
    """The run as JSON lines, when a folder for trajectories was given."""

    @property
    def answered(self) -> bool:
        """Whether the model gave an answer (else `answer` is the best guess so far)."""
        return self.outcome == "answered"


class RLM:
    """A recursive language model: it answers questions about contexts that it never sees whole.

        with RLM() as rlm:
            print(rlm.completion(context=Path("big.txt").read_text(), question="Who wrote it?").answer)

    Args:
        model: a `ChatModel`, or a name as the command line takes it; None: the model that is there.
        engine: `monty` or `ouros`, or an opened `Engine`.
        budget: hard limits of each completion, children included.
        limits: what each sandbox session may use.
        persistent: keep the session between completions: variables stay, and earlier answers are told.
        trajectories: a folder in which each run is written.
        observer: told of each event as it happens.
        settings: how the loop talks to its model.
        tell: given a line for people, such as which model was chosen and why.

    `completion` is for synchronous code, `acompletion` for code in an event loop; use one of them with an instance.
    """

    def __init__(
        self,
        *,
        model: ChatModel | str | None = None,
        engine: Engine | str = "monty",
        budget: Budget | None = None,
        limits: Limits | None = None,
        persistent: bool = False,
        trajectories: Path | str | None = None,
        observer: Observer | None = None,
        settings: LoopSettings | None = None,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._model_given = model
        self._engine_given = engine
        self._budget = budget or Budget()
        self._limits = limits or Limits()
        self._persistent = persistent
        self._folder = Path(trajectories) if trajectories is not None else None
        self._observer = observer
        self._settings = settings or LoopSettings()
        self._tell = tell
        self._clock = SystemClock()
        self._model: ChatModel | None = None
        self._engine: Engine | None = None
        self._workspace: Workspace | None = None
        self._others: dict[str, ChatModel] = {}
        self._portal: BlockingPortal | None = None
        self._stack = ExitStack()

    def completion(self, *, question: str, context: contexts.Context | None = None) -> Completion:
        """Answer a question about a context; blocks until it is there.

        Raises:
            BadInput: an empty question, or a context that is not data.
            ModelError: the model server failed for good. The trajectory is kept.
        """
        return self._wait(self.acompletion(question=question, context=context))

    async def acompletion(self, *, question: str, context: contexts.Context | None = None) -> Completion:
        """As `completion`, in an event loop."""
        return await self._complete(question, context, Prefix(), new_run_id())

    def fork(self, trajectory: Path | str, *, call: int | None = None, step: int | None = None) -> Completion:
        """Run a recorded run again from before one of its host calls, or from before one of its steps.

        What came before is answered from the record and not paid for. The run is left as it is; this is a new one.
        """
        return self._wait(self.afork(trajectory, call=call, step=step))

    async def afork(self, trajectory: Path | str, *, call: int | None = None, step: int | None = None) -> Completion:
        """As `fork`, in an event loop."""
        return await self._again(Path(trajectory), call, step, new_run_id())

    def rewind(self, trajectory: Path | str, *, call: int | None = None, step: int | None = None) -> Completion:
        """As `fork`, but the run itself goes on from there: its trajectory is replaced, the old one kept as `.old`."""
        return self._wait(self.arewind(trajectory, call=call, step=step))

    async def arewind(self, trajectory: Path | str, *, call: int | None = None, step: int | None = None) -> Completion:
        """As `rewind`, in an event loop."""
        path = Path(trajectory)
        old = read_trajectory(path)
        done = await self._again(path, call, step, new_run_id())
        if done.trajectory is None:
            return done
        _take_place(done.trajectory, path, done.run_id, old.start.run_id)
        return replace(done, run_id=old.start.run_id, trajectory=path)

    async def aclose(self) -> None:
        """Free the session, the engine and the model server, as far as they were opened here."""
        if self._workspace is not None:
            await self._workspace.close()
        if self._engine is not None and self._engine is not self._engine_given:
            await self._engine.close()
        for model in [self._model, *self._others.values()]:
            if model is not None and model is not self._model_given:
                await model.close()
        self._workspace = self._engine = self._model = None
        self._others.clear()

    def close(self) -> None:
        """As `aclose`, for synchronous code."""
        if self._portal is not None:
            self._portal.call(self.aclose)
            self._stack.close()
            self._portal = None

    def __enter__(self) -> RLM:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    async def __aenter__(self) -> RLM:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def _again(self, path: Path, call: int | None, step: int | None, run_id: RunId) -> Completion:
        if (call is None) == (step is None):
            raise BadInput("Name the host call, or the step, from which to go on: one of the two.")
        recorded = read_trajectory(path)
        prefix = recorded.before_call(call) if call is not None else recorded.before_step(step or 0)
        digests = [each["sha256"] for each in recorded.start.variables]
        context = kept_context(path.parent, digests[0]) if digests else None
        return await self._complete(recorded.start.question, context, prefix, run_id)

    async def _complete(self, question: str, context: Any, prefix: Prefix, run_id: RunId) -> Completion:
        if not isinstance(question, str) or not question.strip():
            raise BadInput("The question is empty; ask something about the context.")
        if context is not None:
            context = contexts.checked(context)
        workspace = await self._open(context)
        writer = self._writer(run_id, context)
        loop = Loop(
            workspace=workspace,
            model=await self._main_model(),
            question=question.strip(),
            ledger=Ledger(self._budget, self._clock),
            observer=_all_of(writer, self._observer),
            settings=self._settings,
            run_id=run_id,
            prefix=prefix,
        )
        try:
            outcome = await loop.run()
        finally:
            if writer is not None:
                writer.close()
            if not self._persistent:
                await workspace.close()
        if self._persistent:
            workspace.history.append((question.strip(), outcome.answer))
        return _completion(outcome, writer)

    async def _open(self, context: Any) -> Workspace:
        if self._workspace is not None:
            if context is not None:
                await self._workspace.add(context)
            return self._workspace
        await self._main_model()
        workspace = await Workspace.open(
            engine=self._opened_engine(), context=context, models=self._other_model, limits=self._limits
        )
        if self._persistent:
            self._workspace = workspace
        return workspace

    def _opened_engine(self) -> Engine:
        if self._engine is None:
            given = self._engine_given
            self._engine = open_engine(given) if isinstance(given, str) else given
        return self._engine

    async def _main_model(self) -> ChatModel:
        if self._model is None:
            given = self._model_given
            if given is None or isinstance(given, str):
                given = await open_model(given, tell=self._tell)
            self._model = given
        return self._model

    async def _other_model(self, name: str) -> ChatModel:
        main = await self._main_model()
        if name in (main.model, self._model_given):
            return main
        if "://" in name or name.startswith(("/", ".", "~")) or name.endswith(".gguf"):
            # The name may come from a guest, which must not make the host connect to an address or open a file.
            raise ModelNotFound(f"{name!r} is not the name of a model; a call may not give an address or a file.")
        if name not in self._others:
            try:
                self._others[name] = await open_model(name)
            except BadInput as error:
                raise ModelNotFound(str(error)) from error
        return self._others[name]

    def _writer(self, run_id: RunId, context: Any) -> TrajectoryWriter | None:
        if self._folder is None:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        if context is not None:
            keep_context(self._folder, context)
        return TrajectoryWriter(self._folder / f"{run_id}.jsonl")

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run async work on this instance's own event loop; Ctrl-C cancels it cleanly."""
        if self._portal is None:
            portal: AbstractContextManager[BlockingPortal] = start_blocking_portal()
            self._portal = self._stack.enter_context(portal)
        future: Future[T] = self._portal.start_task_soon(_run, work)
        try:
            return future.result()
        except KeyboardInterrupt:
            future.cancel()
            raise


def _take_place(new: Path, old: Path, new_id: RunId, old_id: RunId) -> None:
    """Put a new course of a run in the place of its old one, which is kept beside it."""
    os.replace(old, _free_place(old))
    new.write_text(new.read_text(encoding="utf-8").replace(new_id, old_id), encoding="utf-8")
    os.replace(new, old)


def _free_place(path: Path) -> Path:
    """`run.old.jsonl`, or `run.old-2.jsonl` and so on: no course of a run is lost."""
    place, number = path.with_suffix(".old.jsonl"), 2
    while place.exists():
        place, number = path.with_suffix(f".old-{number}.jsonl"), number + 1
    return place


async def _run(work: Coroutine[Any, Any, T]) -> T:
    return await asyncio.ensure_future(work)


def _all_of(*observers: Callable[[Event], None] | None) -> Observer:
    told = [observer for observer in observers if observer is not None]

    def tell(event: Event) -> None:
        for observer in told:
            observer(event)

    return tell


def _completion(outcome: Outcome, writer: TrajectoryWriter | None) -> Completion:
    return Completion(
        answer=outcome.answer,
        outcome=outcome.outcome,
        reason=outcome.reason,
        usage=outcome.usage,
        steps=outcome.steps,
        seconds=outcome.seconds,
        run_id=outcome.run_id,
        flags=outcome.flags,
        trajectory=writer.path if writer is not None else None,
    )
