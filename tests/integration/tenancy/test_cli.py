"""`greatwheel orgs`, `users`, `keys` and `secrets`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from greatwheel.channels.cli.app import app
from greatwheel.core.errors import BadInput, Conflict, GreatwheelError, KeyRefused, NotFound
from greatwheel.database.database import Database
from greatwheel.tenancy import api_keys
from greatwheel.tenancy.principal import Principal

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on an installation of the test's own."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("GREATWHEEL_SERVER__DATA", str(tmp_path))
    monkeypatch.delenv("GREATWHEEL_MASTER_KEY", raising=False)
    runner = CliRunner()

    def invoke(*arguments: str, stdin: str = "") -> Result:
        return runner.invoke(app, list(arguments), input=stdin)

    return invoke


def rows(result: Result) -> list[dict[str, Any]]:
    """The list that a command printed as JSON."""
    assert result.exception is None, result.exception
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def thing(result: Result) -> dict[str, Any]:
    """The one thing that a command printed as JSON."""
    assert result.exception is None, result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refused(result: Result, kind: type[GreatwheelError], said: str) -> None:
    """The command failed so."""
    assert isinstance(result.exception, kind)
    assert said in str(result.exception)


def holder(url: str, folder: Path, key: str) -> Principal:
    """Who holds the key."""

    async def ask() -> Principal:
        database = await Database.open(url, folder=folder)
        try:
            return await api_keys.authenticate(database, key)
        finally:
            await database.close()

    return asyncio.run(ask())


def test_the_first_command_tells_the_admins_key_once(run: Run, database_url: str, tmp_path: Path) -> None:
    """The first command on a fresh installation says the key on stderr; its output is as always, and later none."""
    first, second = run("orgs", "list", "--json"), run("orgs", "list", "--json")
    assert [org["name"] for org in rows(first)] == ["default"]
    assert rows(second) == rows(first)
    key = first.stderr.split()[-1]
    assert holder(database_url, tmp_path, key).role == "admin"
    assert second.stderr == ""


def test_a_new_organisation_has_the_agents(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be given tasks at once; a broken agents.toml is said, and the key is printed all the same."""
    run("orgs", "create", "acme")
    assert {"triage", "research"} <= {agent["name"] for agent in rows(run("agents", "list", "--org", "acme", "--json"))}
    (tmp_path / "agents.toml").write_text("no toml at all")
    monkeypatch.setenv("GREATWHEEL_AGENTS__FOLDER", str(tmp_path))
    made = run("orgs", "create", "other")
    assert made.stdout.startswith("gwk_")
    assert "no agents yet" in made.stderr


def test_an_organisation_its_user_and_a_key(run: Run, database_url: str, tmp_path: Path) -> None:
    """A new organisation has an admin; a user is made, changed and given a key, which is revoked at once."""
    made = thing(run("orgs", "create", "acme", "--json"))
    assert holder(database_url, tmp_path, made["key"]).org_id == made["org_id"]
    run("users", "create", "ada", "--org", "acme", "--allow", "web_*", "--allow", "mail", "--deny", "web_admin")
    key = run("keys", "create", "ada", "--org", "acme", "--label", "laptop", "--days", "2").stdout.strip()
    principal = holder(database_url, tmp_path, key)
    assert (principal.role, principal.allow, principal.deny) == ("member", ("web_*", "mail"), ("web_admin",))
    changed = thing(run("users", "update", "ada", "--org", "acme", "--role", "admin", "--no-deny", "--json"))
    assert (changed["role"], changed["allow"], changed["deny"]) == ("admin", ["web_*", "mail"], [])
    listed = {each["user_name"]: each for each in rows(run("keys", "list", "--org", "acme", "--json"))}
    assert (listed["ada"]["label"], listed["ada"]["revoked_at"]) == ("laptop", None)
    assert listed["ada"]["prefix"] in run("keys", "list", "--org", "acme").stdout
    assert "revoked" in run("keys", "revoke", listed["ada"]["prefix"], "--org", "acme").stdout
    with pytest.raises(KeyRefused):
        holder(database_url, tmp_path, key)


def test_a_secret_is_read_from_standard_input_and_never_shown(run: Run, tmp_path: Path) -> None:
    """Setting, listing, rotating and removing a secret never print its value."""
    said = [run("secrets", "set", "MAIL_KEY", stdin="hidden value\n"), run("secrets", "list", "--json")]
    (before,) = rows(said[1])
    said.append(run("secrets", "rotate", "--new-key"))
    assert "sealed anew: 1" in said[-1].stdout
    said.append(run("secrets", "list", "--json"))
    (after,) = rows(said[-1])
    assert (before["name"], after["name"]) == ("MAIL_KEY", "MAIL_KEY")
    assert "sealed anew: 0" in run("secrets", "rotate").stdout
    said.append(run("secrets", "remove", "MAIL_KEY"))
    assert run("secrets", "list").stdout == "none\n"
    assert not [result for result in said if "hidden value" in result.output]
    assert "hidden value" not in (tmp_path / "master.key").read_text()


def test_a_new_master_key_can_not_be_made_where_the_environment_has_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys of the environment are rotated there."""
    monkeypatch.setenv("GREATWHEEL_MASTER_KEY", "A" * 43 + "=")
    refused(run("secrets", "rotate", "--new-key"), BadInput, "GREATWHEEL_MASTER_KEY")
    assert "sealed anew: 0" in run("secrets", "rotate").stdout


def test_what_is_wrong_is_one_clear_error(run: Run) -> None:
    """Unknown names and values that can't be used are errors of ours, without the secret's value."""
    refused(run("users", "list", "--org", "nobody"), NotFound, "'nobody'")
    refused(run("keys", "create", "nobody"), NotFound, "'nobody'")
    assert "days" in run("keys", "create", "admin", "--days", "0").stderr
    refused(run("keys", "revoke", "123"), NotFound, "no such key")
    refused(run("orgs", "create", "default"), Conflict, "exists already")
    refused(run("orgs", "update", "default", "--concurrency", "0"), BadInput, "at least 1")
    refused(run("users", "update", "admin", "--disable"), Conflict, "only admin")
    refused(run("users", "create", "x", "--allow", "a b"), BadInput, "'a b'")
    refused(run("secrets", "set", "a b", stdin="hidden value"), BadInput, "'a b'")
    refused(run("secrets", "remove", "NONE"), NotFound, "NONE")
    short = run("secrets", "set", "MAIL_KEY", stdin="hidden")
    refused(short, BadInput, "this one has 6")
    assert "hidden" not in str(short.exception)
