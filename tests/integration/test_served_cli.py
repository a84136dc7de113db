"""Commands that look after an organisation of a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from greatwheel.channels.cli.app import app
from greatwheel.core.errors import BadInput, KeyRefused, NotFound, PermissionDenied


class Served:
    """A server, and commands that reach it with a key."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key

    def __call__(self, *arguments: str, stdin: str | bytes = "", key: str | None = None) -> Result:
        """Run a command; an error of the product is in `exception`."""
        named = {"GREATWHEEL_URL": self.url, "GREATWHEEL_API_KEY": self.key if key is None else key, "COLUMNS": "200"}
        return CliRunner().invoke(app, arguments, input=stdin, env=named)

    def said(self, *arguments: str, stdin: str = "") -> str:
        """What a command that ends well printed."""
        done = self(*arguments, stdin=stdin)
        assert done.exit_code == 0, (done.exception, done.stderr)
        return done.stdout

    def json(self, *arguments: str, stdin: str = "") -> Any:
        """What it printed with --json."""
        return json.loads(self.said(*arguments, "--json", stdin=stdin))


@contextmanager
def process(url: str, folder: Path, *arguments: str) -> Iterator[tuple[dict[str, Any], str]]:
    """A process of the installation with --json: its first line, and what it has said on stderr till then."""
    command = [sys.executable, "-m", "greatwheel.channels.cli.app", *arguments, "--json"]
    environment = os.environ | {"DATABASE_URL": url, "GREATWHEEL_SERVER__DATA": str(folder)}
    told = folder / "told"
    with told.open("w") as errors:
        running = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=errors, text=True
        )  # fmt: skip
    try:
        assert running.stdout is not None
        line = running.stdout.readline()
        assert line, told.read_text()
        yield json.loads(line), told.read_text()
    finally:
        running.terminate()
        running.communicate(timeout=60)


@pytest.fixture
def served(database_url: str, tmp_path: Path) -> Iterator[Served]:
    """`greatwheel serve` on a fresh installation, and its first admin."""
    with process(database_url, tmp_path, "serve", "--port", "0", "--websocket-port", "0") as (ready, told):
        key = next(word for word in told.split() if word.startswith("gwk_"))
        yield Served(f"http://{ready['host']}:{ready['port']}", key)


def test_a_worker_tells_that_it_is_ready(database_url: str, tmp_path: Path) -> None:
    """With --json it says so in one line."""
    with process(database_url, tmp_path, "worker") as (ready, _):
        assert ready == {"type": "worker.ready"}


def test_an_organisation_is_looked_after_by_its_server(served: Served) -> None:
    """Users, keys, secrets and limits are a server's as well, as the key's holder may."""
    assert served.json("users", "create", "ada", "--deny", "web_*")["deny"] == ["web_*"]
    assert served.json("users", "update", "ada", "--no-deny")["deny"] == []
    assert [each["name"] for each in served.json("users", "list")] == ["ada", "admin"]
    key = served.json("keys", "create", "ada", "--label", "laptop")["key"]
    assert isinstance(served("users", "list", key=key).exception, PermissionDenied)
    (prefix,) = [each["prefix"] for each in served.json("keys", "list") if each["label"] == "laptop"]
    assert served.said("keys", "revoke", prefix) == "revoked\n"
    assert isinstance(served("agents", "list", key=key).exception, KeyRefused)

    assert served.said("secrets", "set", "MAIL_KEY", stdin="hidden value\n") == "set\n"
    assert "MAIL_KEY" in served.said("secrets", "list")
    assert served.said("secrets", "remove", "MAIL_KEY") == "removed\n"
    assert isinstance(served("secrets", "remove", "MAIL_KEY").exception, NotFound)

    served.said("limits", "set", "tasks", "day", "--user", "ada", "--hard", "5")
    assert [(each["who"], each["hard"]) for each in served.json("limits", "list")] == [("ada", 5)]


def test_webhooks_are_made_listed_and_removed(served: Served) -> None:
    """A webhook tells its secret when it is made; a subscription has a log of deliveries; both can be removed."""
    made = served.json("webhooks", "add", "reviews", "--user", "admin", "--input", "Review {title}")
    assert made["secret"].startswith("whsec_")
    own = served.json(
        "webhooks", "add", "pulls", "--user", "admin", "--scheme", "github", "--own-secret",
        stdin="the sender's own secret\n",
    )  # fmt: skip
    assert own["secret"] == "the sender's own secret"
    url = "https://1.1.1.1/in"
    told = served.json("webhooks", "subscribe", url, "--event", "task.ended", "--event", "question.asked")
    listed = served.said("webhooks", "list")
    assert made["webhook_id"] in listed
    assert f"question.asked task.ended to {url}" in listed
    assert served.said("webhooks", "deliveries", told["subscription_id"]) == "none\n"
    lost = served("webhooks", "retry", told["subscription_id"], "dlv_none")
    assert isinstance(lost.exception, NotFound)
    for webhook in (made, own):
        served.said("webhooks", "remove", webhook["webhook_id"])
    served.said("webhooks", "unsubscribe", told["subscription_id"])
    assert served.json("webhooks", "list") == {"webhooks": [], "subscriptions": []}


def test_memories_are_stored_recalled_and_forgotten(served: Served) -> None:
    """Memories are the caller's own unless an agent, a session or another scope is named."""
    served.said("memories", "store", "people/ada", "She wrote the first program.")
    served.said("memories", "store", "tone", "-", "--agent", "research", stdin="Be brief.")
    assert [each["key"] for each in served.json("memories", "list")] == ["people/ada"]
    assert "first program" in served.said("memories", "recall", "who wrote a program?")
    (kept,) = served.json("memories", "list", "--agent", "research")
    assert kept["value"] == "Be brief."
    assert served.said("memories", "forget", "people/ada") == "people/ada is forgotten\n"
    assert served.said("memories", "list") == "none\n"
    assert isinstance(served("memories", "forget", "people/ada").exception, NotFound)
    assert isinstance(served("memories", "store", "tone", "-", stdin=b"\xff").exception, BadInput)
