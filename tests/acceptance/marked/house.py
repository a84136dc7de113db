"""An installation in a folder of its own, its processes, and everything that it says to whom it serves."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import environ
from pathlib import Path
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from greatwheel.database import embedded
from greatwheel.testing.servers import FakeModelServer

from . import programs
from .outside import Outside, outside

SECONDS = 90.0
COMMAND = [sys.executable, "-m", "greatwheel.channels.cli.app"]


@dataclass
class House:
    """An installation with the organisation `acme`."""

    folder: Path
    environment: Mapping[str, str]
    outside: Outside
    model: FakeModelServer
    key: str = ""
    """Of acme's admin."""
    url: str = ""
    """Of the server that runs."""
    heard: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """What was said, by where: `output`, `http`, `sse`, `ws`. Answers that show a secret once are left out."""
    _processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _listening: list[threading.Thread] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The settings' file."""
        return self.folder / "greatwheel.toml"

    def run(self, *arguments: str, stdin: str = "", shown: bool = False) -> str:
        """A command's output, kept unless it shows a secret."""
        done = subprocess.run(
            [*COMMAND, *arguments, "--config", str(self.config)],
            env=self.environment, cwd=self.folder, input=stdin, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.heard["output"] += [] if shown else [done.stdout, done.stderr]
        return done.stdout

    def start(self, command: str) -> None:
        """Start `serve` or a `worker`, whose words go to a file; a server listens when this returns."""
        name = self.folder / f"{command}-{len(self._processes)}.log"
        with name.open("wb") as log:
            order = [*COMMAND, command, "--config", str(self.config)]
            process = subprocess.Popen(order, env=self.environment, cwd=self.folder, stdout=log, stderr=log)
            self._processes.append(process)
        if command == "serve":
            self.url = self.until(lambda: re.search(r"listening on (http://\S+)", name.read_text()))[1]

    def kill(self) -> None:
        """Kill all processes at once."""
        for process in self._processes:
            process.kill()
            process.wait()

    def stop(self) -> None:
        """End all processes, and hear what they say to the last."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            process.wait(30)
        for listening in self._listening:
            listening.join(30)

    def call(self, method: str, path: str, status: int = 200, *, shown: bool = False, **request: Any) -> Any:
        """An answer of the API, kept unless it shows a secret."""
        answer = self.request(method, path, **request)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        self.heard["http"] += [] if shown else [path, str(answer.headers), answer.text]
        return answer.json() if answer.text.startswith("{") else answer.text

    def request(self, method: str, path: str, **request: Any) -> httpx.Response:
        """A request of acme's admin."""
        headers = {"authorization": f"Bearer {self.key}", **request.pop("headers", {})}
        return httpx.request(method, self.url + path, headers=headers, timeout=SECONDS, **request)

    def follow(self, task: str) -> None:
        """Hear all events of a task, by a stream and by a web socket, for as long as the server runs."""
        for each in (self._stream, self._socket):
            self._listening.append(threading.Thread(target=each, args=(self.url, task), daemon=True))
            self._listening[-1].start()

    def _stream(self, url: str, task: str) -> None:
        headers = {"authorization": f"Bearer {self.key}", "accept": "text/event-stream"}
        try:
            with httpx.stream("GET", f"{url}/api/tasks/{task}/events", headers=headers, timeout=SECONDS) as stream:
                for text in stream.iter_text():
                    self.heard["sse"].append(text)
        except httpx.TransportError:
            pass  # the server was killed

    def _socket(self, url: str, task: str) -> None:
        headers = {"authorization": f"Bearer {self.key}"}
        try:
            with connect(f"{url.replace('http', 'ws')}/ws", additional_headers=headers, max_size=None) as socket:
                socket.send(json.dumps({"type": "watch", "task_id": task}))
                for text in socket:
                    self.heard["ws"].append(str(text))
        except (OSError, ConnectionClosed):
            pass  # the server was killed

    def until(self, look: Callable[[], Any]) -> Any:
        """What a look finds, once it finds something."""
        end = time.monotonic() + SECONDS
        while not (found := look()):
            assert time.monotonic() < end, "it did not come in time"
            time.sleep(0.1)
        return found


@contextmanager
def furnished(mcp_token: str) -> Iterator[House]:
    """A fresh installation; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="greatwheel-test-"))
    own = ("DATABASE_URL", "GREATWHEEL_")
    given = {name: value for name, value in environ.items() if not name.startswith(own)} | {"PYTHONPATH": str(folder)}
    try:
        with outside(mcp_token) as around, FakeModelServer(programs.reply) as model:
            _furnish(folder, around.url, f"{model.openai_url}#fake")
            house = House(folder, given, around, model)
            try:
                house.key = house.run("orgs", "create", "acme", shown=True).strip()
                yield house
            finally:
                house.kill()
    finally:
        embedded.stop(folder / "data" / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


def _furnish(folder: Path, receiver: str, model: str) -> None:
    """Write the settings, the tools and the agents."""
    texts = {
        "tools.toml": programs.TOOLS.format(url=receiver),
        "marked_tools.py": programs.FUNCTIONS,
        "agents.toml": programs.AGENTS,
        "keeper.py": programs.KEEPER,
        "helper.py": programs.HELPER,
        "failing.py": programs.FAILING,
        "greatwheel.toml": programs.SETTINGS.format(folder=folder, model=model, receiver=receiver),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
