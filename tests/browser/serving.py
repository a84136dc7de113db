"""A real server as a process, with a model that says what it is told to."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from greatwheel.testing.server_formats import FakeRequest
from greatwheel.testing.servers import FakeModelServer

START_SECONDS = 60.0
STOP_SECONDS = 20.0
_STEP = re.compile(r"-step-(\d+)$")

Reply = str | Callable[[FakeRequest], str]


class Script:
    """What the model says to whom: the newest entry whose mark stands in the request tells it."""

    def __init__(self) -> None:
        self._loops: dict[str, Sequence[Reply]] = {}
        self._calls: dict[str, Sequence[Reply]] = {}
        self._lock = threading.Lock()

    def say(self, mark: str, *replies: Reply) -> None:
        """To loops whose task has the mark reply so, step by step; the last one again and again."""
        with self._lock:
            self._loops = {mark: replies, **self._loops}

    def answer(self, mark: str, reply: Reply) -> None:
        """To an agent's own calls that have the mark reply so."""
        with self._lock:
            self._calls = {mark: (reply,), **self._calls}

    def __call__(self, request: FakeRequest) -> str:
        """The reply."""
        asked = "\n".join(str(message["content"]) for message in request.body["messages"])
        step = _STEP.search(request.headers.get("idempotency-key", ""))
        with self._lock:
            entries = self._loops if step else self._calls
        found = next((replies for mark, replies in entries.items() if mark in asked), ("I can't say.",))
        reply = found[min(int(step[1]) if step else 1, len(found)) - 1]
        return reply if isinstance(reply, str) else reply(request)


@dataclass(kw_only=True)
class Wheel:
    """A running server."""

    url: str
    key: str
    """The admin's."""
    model: FakeModelServer
    script: Script
    log: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, status: int = 200, key: str | None = None, **request: Any) -> Any:
        """The JSON that a call of the API gives."""
        headers = {"authorization": f"Bearer {key or self.key}", **request.pop("headers", {})}
        answer = httpx.request(method, self.url + path, headers=headers, timeout=30, **request)
        assert answer.status_code == status, (answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def member(self, name: str) -> str:
        """The key of a new member."""
        self.call("POST", "/api/users", 201, json={"name": name})
        made: str = self.call("POST", "/api/keys", 201, json={"user": name})["key"]
        return made

    def agent(self, name: str, source: str | None = None, **more: Any) -> None:
        """Make an agent; without source a loop."""
        entry = {"name": name, **more} | ({} if source is None else {"source": source})
        self.call("POST", "/api/agents", 201, json=entry)

    def submit(self, text: str, **order: Any) -> dict[str, Any]:
        """A new task."""
        task: dict[str, Any] = self.call("POST", "/api/tasks", 202, json={"input": text, **order})
        return task

    def ended(self, task_id: str, seconds: float = 60.0) -> dict[str, Any]:
        """The task, once it has ended or waits for a person."""
        until = time.monotonic() + seconds
        while True:
            task: dict[str, Any] = self.call("GET", f"/api/tasks/{task_id}")
            if task["status"] in ("done", "failed", "dead", "cancelled", "waiting"):
                return task
            assert time.monotonic() < until, task
            time.sleep(0.05)


@contextmanager
def serving(
    database_url: str,
    folder: Path,
    *,
    pause: float = 0.0,
    model_name: str = "fake",
    real_model: str | None = None,
    on_ollama: bool = False,
) -> Iterator[Wheel]:
    """A server with that database; stopped at the end.

    `pause`: seconds between the words of the model; `real_model`: takes its place; `on_ollama`: the model, and another
    one that is offered with it, are an Ollama's.
    """
    script = Script()
    with FakeModelServer(script, pause=pause, models=(model_name, "other")) as model:
        given = {
            **os.environ,
            "DATABASE_URL": database_url,
            "GREATWHEEL_SERVER__DATA": str(folder),
            "GREATWHEEL_LLM__MODEL": real_model or _model_of(model, model_name, on_ollama),
            "OPENAI_BASE_URL": "" if real_model else model.openai_url,
            "OPENAI_API_KEY": "none",
            "GREATWHEEL_SESSION__IN_MEMORY": "8",
            "GREATWHEEL_WEBHOOKS__NETWORKS": '["127.0.0.0/8"]',
            "GREATWHEEL_WEBHOOKS__ATTEMPTS": "2",
            "GREATWHEEL_WEBHOOKS__BACKOFF_SECONDS": "0.1",
            **({"OLLAMA_HOST": model.url, "GREATWHEEL_CACHE": str(folder)} if on_ollama else {}),  # nothing is pulled
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "greatwheel.channels.cli.app", "serve", "--port", "0"],
            env=given, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        try:
            yield _started(process, model, script)
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stderr is not None:
                process.stderr.close()


def _model_of(server: FakeModelServer, name: str, on_ollama: bool) -> str:
    return f"ollama:{name}" if on_ollama else f"{server.openai_url}#{name}"


def _started(process: subprocess.Popen[str], model: FakeModelServer, script: Script) -> Wheel:
    log: list[str] = []
    lines = process.stderr
    assert lines is not None
    threading.Thread(target=_read, args=(lines, log), daemon=True).start()
    until = time.monotonic() + START_SECONDS
    while True:
        told = "".join(log)
        url, key = re.search(r"listening on (http://\S+)", told), re.search(r"gwk_[A-Za-z0-9_-]+", told)
        if url and key:
            return Wheel(url=url[1], key=key[0], model=model, script=script, log=log)
        assert process.poll() is None, told
        assert time.monotonic() < until, told
        time.sleep(0.05)


def _read(lines: Any, log: list[str]) -> None:
    for line in lines:
        log.append(line)
