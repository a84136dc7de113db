"""The API keeps to its own description, whatever it is sent: played by schemathesis against a server that listens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from greatwheel.database.database import Database

from ..websocket.conftest import key_of, served_of
from .conftest import SOURCE, House
from .test_tenants import slack_app, webhooks

EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "24"))
"""Requests to each operation, in each of the two modes."""
OFFERED = ("agent", "user", "session_id", "task_id", "upload_id")
"""Names of things in bodies."""
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
Things = Mapping[str, str]


async def made_in(house: House) -> tuple[str, Things]:
    """An organisation with some things: its admin's key, and what the names of paths can stand for."""
    admin = await house.organisation("acme")
    await admin("POST", "/api/agents", 201, json={"name": "special", "source": SOURCE})
    await admin("POST", "/api/users", 201, json={"name": "bob"})
    other = await admin("POST", "/api/keys", 201, json={"user": "bob"})
    await admin("PUT", "/api/secrets/SPECIAL", 204, json={"value": "a secret value"})
    await admin("POST", "/api/memory", 204, json={"key": "k", "value": "v"})
    await admin("POST", "/api/mcp-servers", 201, json={"name": "special", "url": "https://8.8.8.8/mcp"})
    upload = await admin("POST", "/api/uploads", 201, files={"file": ("a.txt", b"content")})
    made = await admin.submit("x", agent="special")
    task = await house.begin(admin.org_id, made["task_id"])
    await house.tell(task, "noted", text="x")
    await house.ask(task, "well?")
    return key_of(admin), {
        "task_id": made["task_id"], "session_id": made["session_id"], "agent": "special", "version": "1",
        "user": "bob", "key": other["key_id"], "name": "SPECIAL", "server": "special", "model": "special",
        "upload_id": upload["upload_id"], **await webhooks(house, admin, "bob"), **await slack_app(admin, "bob"),
    }  # fmt: skip


@pytest.mark.heavy
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
async def test_the_api_keeps_to_its_description(database: Database, tmp_path: Path, mode: GenerationMode) -> None:
    """Requests as described, and others: never a fault of the server, no status or body that is not described."""
    async with served_of(database, tmp_path) as served:
        key, things = await made_in(served.house)
        base = f"http://127.0.0.1:{served.port}"
        faults = await asyncio.to_thread(lambda: list(explored(base, key, things, mode)))
    assert not faults, "\n\n".join(faults)


def explored(base: str, key: str, things: Things, mode: GenerationMode) -> Iterator[str]:
    """What is wrong, by operation."""
    schema = schemathesis.openapi.from_url(f"{base}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 50
    for operation in sorted(operations, key=lambda operation: operation.method.upper() == "DELETE"):
        try:
            explore(operation, key, things, mode)
        except Unsatisfiable:
            continue  # nothing of it can be wrong
        except Exception as error:
            yield f"{operation.label}: {error}"


def explore(operation: APIOperation, key: str, things: Things, mode: GenerationMode) -> None:
    """Send requests to an operation, half of them with ids of things that are there. Raises what is wrong."""
    names = {parameter.name for parameter in operation.path_parameters}
    known = {name: value for name, value in things.items() if name in names}

    @settings(
        max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(data=st.data())
    def send(data: st.DataObject) -> None:
        ids = known if data.draw(st.booleans()) else None
        case = data.draw(operation.as_strategy(mode, path_parameters=ids))
        if ids is not None and isinstance(case.body, dict):
            case.body = {**case.body, **{name: things[name] for name in OFFERED if name in case.body}}
        tame(case)
        headers = {"authorization": f"Bearer {key}"}
        case.call_and_validate(headers=headers, checks=CHECKS, timeout=30)  # type: ignore[arg-type]

    send()


def tame(case: Any) -> None:
    """A chat that is streamed lasts as long as its task, and here nobody carries tasks out."""
    if case.path == "/api/chat" and isinstance(case.body, dict):
        case.body = {**case.body, "stream": False, "wait_seconds": 0.01}
    if case.path == "/v1/chat/completions" and isinstance(case.body, dict) and "model" in case.body:
        case.body = {**case.body, "model": "nobody"}
