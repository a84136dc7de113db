"""An installation that commands are run on: a database of its own, and a model that says what it is told to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from greatwheel.database.embedded import EmbeddedServer
from greatwheel.testing.server_formats import FakeRequest
from greatwheel.testing.servers import FakeModelServer

from ..integration.postgres import fresh_database, shared_server

SECONDS = 120.0
AGENTS = """
[agents.loop]
description = "The loop alone."
[agents.asker]
file = "asker.py"
[agents.slow]
file = "slow.py"
"""
ASKER = """
def handle(task):
    channel.send("working on " + task["input"])
    return "you chose " + channel.ask("Which?", choices=["red", "green"])
"""
SLOW = """
def handle(task):
    channel.send("starting")
    for number in range(1000):
        llm_query("number " + str(number))
    return "never"
"""
COLOUR = "```python\nprint('\\n'.join('line ' + str(n) for n in range(30)))\ncolour = 'blue'\nFINAL(colour + '!')\n```"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """What commands are run on."""

    folder: Path
    environment: dict[str, str]
    model: FakeModelServer

    def run(
        self, *arguments: str, stdin: str = "", code: int = 0, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """A command that ends with that exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "greatwheel.channels.cli.app", *arguments],
            input=stdin,
            env={**self.environment, **environment},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        return done

    @contextmanager
    def started(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """A command that goes on; at the end it is stopped."""
        process = subprocess.Popen(
            [sys.executable, "-m", "greatwheel.channels.cli.app", *arguments],
            env={**self.environment, **environment},
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def _reply(request: FakeRequest) -> str:
    return COLOUR


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[EmbeddedServer]:
    """A Postgres that all tests share."""
    with shared_server() as server:
        yield server


@pytest.fixture
def installation(tmp_path: Path, postgres_server: EmbeddedServer) -> Iterator[Installation]:
    """An installation with a loop, an agent that asks, and one that takes long."""
    agents = tmp_path / "agents"
    agents.mkdir()
    for name, text in (("agents.toml", AGENTS), ("asker.py", ASKER), ("slow.py", SLOW)):
        (agents / name).write_text(text)
    with fresh_database(postgres_server) as url, FakeModelServer(_reply) as model:
        own = {name: value for name, value in os.environ.items() if not name.startswith("GREATWHEEL_")}
        environment = {
            **own,
            "DATABASE_URL": url,
            "GREATWHEEL_SERVER__DATA": str(tmp_path / "data"),
            "GREATWHEEL_AGENTS__FOLDER": str(agents),
            "GREATWHEEL_LLM__MODEL": model.openai_url,
            "XDG_DATA_HOME": str(tmp_path / "own"),
            "COLUMNS": "200",
            "PYTHONUNBUFFERED": "1",
        }
        yield Installation(folder=tmp_path, environment=environment, model=model)
