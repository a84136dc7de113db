"""rlms 0.1.3 by its own public API: local REPL, default prompt, in a process of its own with a time cap.

It runs apart because its REPL executes the model's code in its own process, where an endless loop can't be stopped.
Tokens and calls are counted by a relay at the model server's door, so that those of a run that failed count too;
a request that was cut off unanswered is not counted, which is in its favour.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys

from greatwheel.bench.longcontext.meter import Meter, metered
from greatwheel.bench.longcontext.serving import Served
from greatwheel.bench.longcontext.systems.port import Outcome
from greatwheel.bench.longcontext.task import BenchTask

ITERATIONS = 6
SECONDS = 300.0
_WORKER = "greatwheel.bench.longcontext.systems.rlms_worker"


class Rlms:
    """One worker process a task."""

    def __init__(self, served: Served, *, iterations: int = ITERATIONS, seconds: float = SECONDS) -> None:
        self._served = served
        self._iterations = iterations
        self._seconds = seconds

    @property
    def name(self) -> str:
        """`rlms`."""
        return "rlms"

    async def answer(self, task: BenchTask) -> Outcome:
        """Run the task in a worker; one that takes too long is killed."""
        with metered(self._served.base_url, self._served.api_key) as meter:
            outcome = await self._run(task, meter)
            return Outcome(answer=outcome.answer, usage=meter.usage, error=outcome.error, steps=meter.usage.model_calls)

    async def _run(self, task: BenchTask, meter: Meter) -> Outcome:
        order = {
            "context": task.context,
            "question": task.question,
            "base_url": meter.base_url,
            "model": self._served.model,
            "iterations": self._iterations,
        }
        worker = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            _WORKER,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._seconds):
                out, _ = await worker.communicate(json.dumps(order).encode())
        except TimeoutError:
            return Outcome(answer="", error=f"stopped after {self._seconds:g} seconds")
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(worker.pid, signal.SIGKILL)
            await worker.wait()
        return _outcome(out)


def _outcome(out: bytes) -> Outcome:
    """What the worker's last line says."""
    try:
        said = json.loads(out.decode("utf-8", "replace").strip().rsplit("\n", 1)[-1])
        return Outcome(answer=str(said["answer"]), error=str(said["error"]))
    except (ValueError, KeyError, TypeError):
        return Outcome(answer="", error="the worker ended without an answer")
