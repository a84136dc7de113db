"""Agents and their models as an operator and a hostile organisation have them, with real servers and workers."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from greatwheel.testing.servers import FakeModelServer

from .conftest import AGENTS, SECONDS, Installation

pytestmark = pytest.mark.heavy

GUEST = """
def handle(task):
    said = []
    for call in (lambda: llm.complete('x', model={name!r}), lambda: rlm_query('x', 'some data', model={name!r})):
        try:
            said.append('answered ' + call())
        except Exception as error:
            said.append(str(error))
    return said
"""


def until(what: Callable[[], bool]) -> None:
    """Wait until it is so."""
    end = time.monotonic() + SECONDS
    while not what():
        assert time.monotonic() < end
        time.sleep(0.2)


def test_a_worker_follows_agents_toml(installation: Installation) -> None:
    """An agent that is written into the file is there without a server; a mistake is told in one line."""

    def names() -> list[str]:
        return [each["name"] for each in json.loads(installation.run("agents", "list", "--json").stdout)]

    installation.run("agents", "load")
    file = installation.folder / "agents" / "agents.toml"
    with installation.started("worker") as worker:
        file.write_text(AGENTS + "[agents.more]\n")
        until(lambda: "more" in names())
        file.write_text("[agents.more]\nmodle = 'x'\n")
        assert worker.stderr is not None
        told = next(line for line in worker.stderr if "stay as they are" in line)
    assert "unknown key modle; did you mean model?" in told
    assert "more" in names()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """An address that nobody should connect to."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        yield listening


def api_of(server: subprocess.Popen[str], key: str = "") -> httpx.Client:
    """A client of a server that has just been started, with the key, else with the first one."""
    assert server.stderr is not None
    for line in server.stderr:
        if found := re.search(r"open (http://[^\s/]+)/(?:#key=(\S+))?", line):
            headers = {"authorization": f"Bearer {key or found[2]}"}
            return httpx.Client(base_url=found[1], headers=headers, timeout=SECONDS)
    raise AssertionError("the server has ended")


def done_by(api: httpx.Client, agent: str) -> Any:
    """The agent's task when it has ended."""
    order = {"message": "do it", "agent": agent, "stream": False, "wait_seconds": 60}
    return api.post("/api/chat", json=order).json()["task"]


def test_an_agents_model_is_the_operators_choice_on_every_machine(installation: Installation) -> None:
    """A worker whose settings name no folder of agents opens the address that agents.toml had elsewhere."""
    with FakeModelServer("```python\nown = 'by the agent\\'s own model'\nFINAL(own)\n```") as own:
        text = f"[agents.own]\nmodel = '{own.openai_url}#fake'\n"
        (installation.folder / "agents" / "agents.toml").write_text(text)
        key = json.loads(installation.run("orgs", "create", "other", "--json").stdout)["key"]
        start = installation.started("serve", "--port", "0", "--websocket-port", "0", GREATWHEEL_AGENTS__FOLDER="")
        with start as server, api_of(server, key) as api:
            assert done_by(api, "own")["answer"] == "by the agent's own model"


def test_no_organisation_has_what_address_it_likes_opened(installation: Installation, listener: socket.socket) -> None:
    """Agents, guests and orders get the models that the operator offers or configures; nothing connects elsewhere."""
    evil = f"http://127.0.0.1:{listener.getsockname()[1]}/v1#x"
    with FakeModelServer("own") as own:
        configured = (
            f"{AGENTS}[agents.own]\nmodel = '{own.openai_url}#fake'\nsource = '''{GUEST.format(name=evil)}'''\n"
        )
        (installation.folder / "agents" / "agents.toml").write_text(configured)
        with installation.started("serve", "--port", "0", "--websocket-port", "0") as server, api_of(server) as api:
            for name, model in (("address", evil), ("file", "/etc/passwd"), ("elsewhere", f"{own.openai_url}#fake")):
                told = api.post("/api/agents", json={"name": name, "model": model})
                assert told.status_code == 201, told.text
            for name in ("address", "file"):
                done = done_by(api, name)
                assert done["status"] in ("failed", "dead"), done
                assert "that may be named here, only fake." in done["error"]
            said = done_by(api, "own")["result"]
            assert ["that may be named here, only fake." in each for each in said] == [True, True]
            assert own.calls == 0
            assert done_by(api, "elsewhere")["status"] == "done"  # an address, but the operator's choice
            assert own.calls > 0
            refused = api.post("/api/tasks", json={"input": "x", "agent": "loop", "model": evil})
            assert refused.status_code == 400
        with pytest.raises(BlockingIOError):
            listener.accept()
