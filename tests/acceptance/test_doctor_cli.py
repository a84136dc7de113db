"""`greatwheel doctor`, as users run it."""

from __future__ import annotations

import json
import socket
from typing import Any

import psycopg

from .conftest import Installation


def findings(installation: Installation, code: int, **environment: str) -> dict[str, Any]:
    """What it found, by check."""
    told = installation.run("doctor", "--json", code=code, **environment)
    return {found["check"]: found for found in json.loads(told.stdout)}


def test_a_machine_that_can_do_all_is_told_so(installation: Installation) -> None:
    """Where nothing is missing every line is ok, and nothing was made."""
    told = installation.run("doctor", GREATWHEEL_SERVER__PORT="0", GREATWHEEL_SERVER__WEBSOCKET_PORT="0")
    states = {line.split()[0] for line in told.stdout.splitlines()}
    assert states == {"ok"}, told.stdout
    for check in ("sandbox monty", "sandbox ouros", "model", "schema", "database role", "database clock", "disk"):
        assert f"ok    {check} " in told.stdout
    assert not (installation.folder / "data").exists()


def test_what_is_missing_is_told_with_a_remedy(installation: Installation) -> None:
    """A taken port, a lost model, a key that others may read and an agent without its file fail with what to do."""
    key = installation.folder / "data" / "master.key"
    key.parent.mkdir()
    key.write_text("AAAA")
    key.chmod(0o644)
    (installation.folder / "agents" / "slow.py").unlink()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        model = {"GREATWHEEL_LLM__MODEL": "http://127.0.0.1:1/v1", "OLLAMA_HOST": "127.0.0.1:1"}
        found = findings(installation, 1, GREATWHEEL_SERVER__PORT=port, **model)
    failed = {name: f"{each['detail']} {each['remedy']}" for name, each in found.items() if each["state"] == "fail"}
    assert failed.keys() == {f"port {port}", "model", "ollama", "master key", "agents"}
    assert "set [server] port" in failed[f"port {port}"]
    assert "chmod 600" in failed["master key"]
    assert "has no slow.py" in failed["agents"]
    assert "ollama serve" in failed["ollama"]


def test_a_database_that_needs_something_is_told(installation: Installation) -> None:
    """No schema yet is a warning, a schema of a newer version and a Postgres that is not there are failures."""
    url = installation.environment["DATABASE_URL"]
    free = {"GREATWHEEL_SERVER__PORT": "0", "GREATWHEEL_SERVER__WEBSOCKET_PORT": "0"}
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("update alembic_version set version_num = '9999'")
    assert "newer than this" in findings(installation, 1, **free)["database"]["detail"]
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("update alembic_version set version_num = '0004'")
    old = findings(installation, 0, **free)["schema"]
    assert (old["state"], old["remedy"]) == ("warn", "Run `greatwheel migrate`.")
    gone = findings(installation, 1, **free, DATABASE_URL="postgresql://127.0.0.1:1/none")["database"]
    assert gone["state"] == "fail"
    assert "DATABASE_URL" in gone["remedy"]


def test_settings_that_are_wrong_are_told(installation: Installation) -> None:
    """A setting that does not exist is a failure that names the nearest one."""
    found = findings(installation, 1, GREATWHEEL_SERVER__PROT="1")
    assert "GREATWHEEL_SERVER__PORT" in found["settings"]["detail"]
