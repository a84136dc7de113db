"""Greatwheel as an MCP server: the SDK's client against the API under uvicorn; a worker is played by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitRequestParams, ElicitResult, TextContent, TextResourceContents

from greatwheel.channels.http.app import create_app
from greatwheel.channels.http.serving import listening, server_of
from greatwheel.core.tasks import Task
from greatwheel.database.database import Database

from ..http.conftest import Caller, House, parts_of

MODES = pytest.mark.parametrize("mode", ["legacy", "auto"], ids=["handshake", "modern"])


@dataclass
class Served:
    """The API at an address."""

    house: House
    url: str
    server: uvicorn.Server

    async def organisation(self, name: str) -> Caller:
        """The admin of a new organisation with the agent `worker`."""
        return await self.house.organisation(name)

    @asynccontextmanager
    async def client(self, caller: Caller, mode: str = "auto", **options: Any) -> AsyncIterator[Client]:
        """An MCP client with the caller's key."""
        headers = {"authorization": caller.client.headers["authorization"]}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            transport = streamable_http_client(f"{self.url}/mcp", http_client=http)
            async with Client(transport, mode=mode, cache=None, **options) as client:
                yield client

    async def begun(self, caller: Caller, earlier: int = 0) -> Task:
        """The caller's newest task, once it is there, as a worker begins it."""
        for _ in range(200):
            tasks = (await caller("GET", "/api/tasks"))["items"]
            if len(tasks) > earlier:
                return await self.house.begin(caller.org_id, tasks[0]["task_id"])
            await asyncio.sleep(0.05)
        raise AssertionError("no task came")


@pytest.fixture
async def served(database: Database, tmp_path: Path) -> AsyncIterator[Served]:
    """The API under uvicorn, on a real socket."""
    parts = parts_of(database, tmp_path)
    app = create_app(parts, origins=["https://wheel.example.com"])
    server = server_of(app)
    with listening("127.0.0.1", 0) as open_socket:
        serving = asyncio.create_task(server._serve([open_socket]))
        house = House(app=app, parts=parts)
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag alone
            await asyncio.sleep(0.01)
        yield Served(house=house, url=f"http://127.0.0.1:{open_socket.getsockname()[1]}", server=server)
        for client in house.clients:
            await client.aclose()
        server.should_exit = True
        await serving


def text_of(result: Any) -> str:
    """What the client's model reads."""
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


async def while_calling(call: Awaitable[Any], work: Callable[[], Awaitable[Any]]) -> Any:
    """The call's result; the worker works meanwhile."""
    async with asyncio.timeout(30):
        calling = asyncio.ensure_future(call)
        await work()
        return await calling


@MODES
async def test_an_agent_is_a_tool_and_its_answer_the_result(served: Served, mode: str) -> None:
    """The tool has the agent's name; progress is told while it works; the result has text and facts."""
    admin = await served.organisation("acme")
    told: list[str | None] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append(message)

    async def work() -> None:
        task = await served.begun(admin)
        assert task.input == "do it"
        await served.house.tell(task, "step.started", step=1)
        await served.house.tell(task, "message.sent", text="half way")
        await asyncio.sleep(0.3)
        await served.house.end(task, answer="42", usage={"prompt_tokens": 7})

    async with served.client(admin, mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"worker", "answer", "wait"}
        assert tools["worker"].input_schema["required"] == ["input"]
        call = client.call_tool("worker", {"input": "do it", "context": ["a", 1]}, progress_callback=note)
        result = await while_calling(call, work)
    assert text_of(result) == "42"
    assert not result.is_error
    facts = result.structured_content
    assert (facts["status"], facts["usage"], facts["messages"]) == ("done", {"prompt_tokens": 7}, ["half way"])
    assert (await admin("GET", f"/api/tasks/{facts['task_id']}"))["session_id"] == facts["session_id"]
    assert told == ["step 1", "half way"]


@MODES
async def test_a_task_that_fails_is_an_error_in_one_line(served: Served, mode: str) -> None:
    """So are arguments that do not fit, sessions that are not there, and tools that are none."""
    admin = await served.organisation("acme")

    async def work() -> None:
        await served.house.end(await served.begun(admin), "failed", error="ValueError: no\nway", error_code="x")

    async with served.client(admin, mode) as client:
        failed = await while_calling(client.call_tool("worker", {"input": "do it"}), work)
        assert failed.is_error
        assert text_of(failed) == "The task failed: ValueError: no way"
        for arguments, said in (
            ({}, "input: Field required."),
            ({"input": "x", "colour": 1}, "colour: Extra inputs"),
            ({"input": "x", "session_id": "ses_0"}, "There is no session ses_0 of yours."),
        ):
            refused = await client.call_tool("worker", arguments)
            assert refused.is_error
            assert said in text_of(refused)
        with pytest.raises(MCPError, match="There is no tool 'nothing'"):
            await client.call_tool("nothing", {})


@MODES
async def test_a_client_that_cancels_cancels_the_task(served: Served, mode: str) -> None:
    """The task is stopped, not only the call."""
    admin = await served.organisation("acme")
    async with served.client(admin, mode) as client:
        calling = asyncio.create_task(client.call_tool("worker", {"input": "do it"}))
        task = await served.begun(admin)
        calling.cancel()
        await asyncio.wait({calling})
        for _ in range(100):
            if (await served.house.task(admin.org_id, task.task_id)).cancel_requested:
                break
            await asyncio.sleep(0.05)
    assert (await served.house.task(admin.org_id, task.task_id)).cancel_requested


async def test_a_client_of_a_handshake_that_goes_away_cancels_nothing(served: Served) -> None:
    """Its connection broke, perhaps: the task goes on, and its result can be had by `wait`."""
    admin = await served.organisation("acme")
    headers = {
        "authorization": admin.client.headers["authorization"],
        "accept": "application/json, text/event-stream",
    }
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    async with httpx2.AsyncClient(base_url=served.url, headers=headers, timeout=30) as http:
        begun = await http.post("/mcp", json=rpc("initialize", hello))
        session = {"mcp-session-id": begun.headers["mcp-session-id"]}
        call = rpc("tools/call", {"name": "worker", "arguments": {"input": "do it"}})
        async with http.stream("POST", "/mcp", json=call, headers=session):
            task = await served.begun(admin)
    await asyncio.sleep(1)
    assert not (await served.house.task(admin.org_id, task.task_id)).cancel_requested

    async with served.client(admin) as client:
        result = await while_calling(
            client.call_tool("wait", {"task_id": task.task_id}), lambda: served.house.end(task, answer="at last")
        )
    assert text_of(result) == "at last"


@MODES
async def test_a_server_that_stops_cancels_nothing(served: Served, mode: str) -> None:
    """The call's result says that the task goes on, and how its answer can be had."""
    admin = await served.organisation("acme")
    tasks: list[Task] = []

    async def stop() -> None:
        tasks.append(await served.begun(admin))
        served.server.should_exit = True

    async with served.client(admin, mode) as client:
        await client.list_tools()  # the SDK checks the result by it, and could not ask for it later
        result = await while_calling(client.call_tool("worker", {"input": "do it"}), stop)
    assert "The task goes on" in text_of(result)
    assert tasks[0].task_id in text_of(result)
    assert not (await served.house.task(admin.org_id, tasks[0].task_id)).cancel_requested


@MODES
async def test_a_question_is_put_to_the_clients_user(served: Served, mode: str) -> None:
    """The agent gets what the user answered in the form, and the call goes on to the answer."""
    admin = await served.organisation("acme")
    asked: list[ElicitRequestParams] = []

    async def show(context: Any, params: ElicitRequestParams) -> ElicitResult:
        asked.append(params)
        return ElicitResult(action="accept", content={"answer": "blue"})

    async def work() -> None:
        task = await served.begun(admin)
        await served.house.ask(task, "Which colour?", choices=["red", "blue"])
        await served.house.end(await answered(served, admin, task), answer="painted")

    async with served.client(admin, mode, elicitation_callback=show) as client:
        result = await while_calling(client.call_tool("worker", {"input": "paint"}), work)
    assert text_of(result) == "painted"
    assert len(asked) == 1
    assert asked[0].message == "Which colour?"
    assert asked[0].requested_schema["properties"]["answer"]["enum"] == ["red", "blue"]  # type: ignore[union-attr]


@MODES
async def test_a_question_that_can_not_be_put_is_told_and_answered_by_a_tool(served: Served, mode: str) -> None:
    """A client without forms is told which question waits; its model answers it with `answer`."""
    admin = await served.organisation("acme")
    tasks: list[Task] = []

    async def ask() -> None:
        tasks.append(await served.begun(admin))
        await served.house.ask(tasks[0], "Which colour?", choices=["red", "blue"])

    async def finish() -> None:
        await served.house.end(await answered(served, admin, tasks[0]), answer="painted")

    async with served.client(admin, mode) as client:
        waiting = await while_calling(client.call_tool("worker", {"input": "paint"}), ask)
        assert not waiting.is_error
        assert "Which colour? (one of: red, blue)" in text_of(waiting)
        [question] = waiting.structured_content["questions"]
        assert waiting.structured_content["status"] == "waiting"
        arguments = {"task_id": question["task_id"], "call": question["call"]}
        refused = await client.call_tool("answer", {**arguments, "answer": "green"})
        assert "must be one of: red, blue" in text_of(refused)
        result = await while_calling(client.call_tool("answer", {**arguments, "answer": "red"}), finish)
    assert text_of(result) == "painted"


@MODES
async def test_a_question_that_the_user_declines_waits_on(served: Served, mode: str) -> None:
    """Nothing is answered in the user's name."""
    admin = await served.organisation("acme")

    async def decline(context: Any, params: ElicitRequestParams) -> ElicitResult:
        return ElicitResult(action="decline")

    async def ask() -> None:
        await served.house.ask(await served.begun(admin), "Which colour?")

    async with served.client(admin, mode, elicitation_callback=decline) as client:
        waiting = await while_calling(client.call_tool("worker", {"input": "paint"}), ask)
    assert waiting.structured_content["status"] == "waiting"
    assert len((await admin("GET", "/api/questions"))["items"]) == 1


async def test_a_question_of_an_agent_that_was_called_is_put_too(served: Served) -> None:
    """The user is asked whichever task of the tree asks, and that task gets the answer."""
    admin = await served.organisation("acme")

    async def show(context: Any, params: ElicitRequestParams) -> ElicitResult:
        return ElicitResult(action="accept", content={"answer": "blue"})

    async def work() -> None:
        root = await served.begun(admin)
        child = await admin.submit("child")
        async with served.house.parts.database.org(admin.org_id) as conn:
            ids = {"root": root.task_id, "child": child["task_id"]}
            await conn.execute(
                "update tasks set root_id = %(root)s, parent_id = %(root)s, depth = 1 where task_id = %(child)s",
                ids,
            )
        asking = await served.house.begin(admin.org_id, child["task_id"])
        await served.house.ask(asking, "Which colour?")
        await answered(served, admin, asking)
        await served.house.end(root, answer="painted")

    async with served.client(admin, "legacy", elicitation_callback=show) as client:
        result = await while_calling(client.call_tool("worker", {"input": "paint"}), work)
    assert text_of(result) == "painted"


async def test_a_form_is_taken_back_when_somebody_answers_elsewhere(served: Served) -> None:
    """The call goes on although its user never looked at the form."""
    admin = await served.organisation("acme")
    shown = asyncio.Event()

    async def stare(context: Any, params: ElicitRequestParams) -> ElicitResult:
        shown.set()
        await asyncio.sleep(60)
        raise AssertionError("it was taken back")

    async def work() -> None:
        task = await served.begun(admin)
        await served.house.ask(task, "Which colour?")
        await shown.wait()
        await admin("POST", f"/api/tasks/{task.task_id}/answer", json={"answer": "red"})
        await served.house.end(await answered(served, admin, task), answer="painted")

    async with served.client(admin, "legacy", elicitation_callback=stare) as client:
        result = await while_calling(client.call_tool("worker", {"input": "paint"}), work)
    assert text_of(result) == "painted"


@MODES
async def test_sessions_are_resources_of_their_user_alone(served: Served, mode: str) -> None:
    """Listed and read with history and variables by their user; neither by an admin nor by another organisation."""
    admin = await served.organisation("acme")
    ada = await served.house.user(admin.org_id, "ada", "member")
    stranger = await served.organisation("other")
    made = await ada.submit("my question")
    uri = f"greatwheel://sessions/{made['session_id']}"
    async with served.client(ada, mode) as client:
        assert [resource.uri for resource in (await client.list_resources()).resources] == [uri]
        [template] = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "greatwheel://sessions/{session_id}"
        [content] = (await client.read_resource(uri)).contents
        assert isinstance(content, TextResourceContents)
        facts = json.loads(content.text)
        assert (facts["session_id"], facts["history"], facts["variables"]) == (made["session_id"], [], [])
    for caller in (admin, stranger):
        async with served.client(caller, mode) as client:
            assert (await client.list_resources()).resources == []
            for wrong in (uri, "greatwheel://sessions/", "file:///etc/passwd"):
                with pytest.raises(MCPError) as refused:
                    await client.read_resource(wrong)
                assert refused.value.code in (-32002, -32602)


@MODES
async def test_another_organisations_agents_and_tasks_are_not_there(served: Served, mode: str) -> None:
    """Tools are those of the caller's organisation; tasks of others are neither waited for nor answered."""
    admin, stranger = await served.organisation("acme"), await served.organisation("other")
    await admin("POST", "/api/agents", 201, json={"name": "special", "source": "def handle(task):\n    return 1\n"})
    made = await admin.submit("confidential")
    await served.house.ask(await served.house.begin(admin.org_id, made["task_id"]), "confidential?")
    async with served.client(stranger, mode) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == {"worker", "answer", "wait"}
        with pytest.raises(MCPError, match="no tool 'special'"):
            await client.call_tool("special", {"input": "x"})
        for name, more in (("wait", {}), ("answer", {"answer": "x"})):
            refused = await client.call_tool(name, {"task_id": made["task_id"], **more})
            assert refused.is_error
            assert "confidential" not in text_of(refused)
        if mode == "auto":
            state = json.dumps({"task": made["task_id"], "after": 0})
            refused = await client.call_tool("worker", {"input": "x"}, request_state=state)
            assert refused.is_error
            assert "There is no task" in text_of(refused)
    assert len((await admin("GET", "/api/questions"))["items"]) == 1


async def test_agents_that_are_denied_to_a_user_are_no_tools(served: Served) -> None:
    """A user's denials count for tools as for calls between agents; an agent named like a tool of ours has another."""
    admin = await served.organisation("acme")
    for name in ("answer", "other"):
        await admin("POST", "/api/agents", 201, json={"name": name, "source": "def handle(task):\n    return 1\n"})
    ada = await served.house.user(admin.org_id, "ada", "member")
    await admin("PATCH", "/api/users/ada", json={"deny": ["agent:work*"]})
    async with served.client(ada) as client:
        assert {tool.name for tool in (await client.list_tools()).tools} == {"answer_agent", "other", "answer", "wait"}
        with pytest.raises(MCPError, match="no tool"):
            await client.call_tool("worker", {"input": "x"})


def rpc(method: str, params: Any = None, id: int = 1) -> dict[str, Any]:
    """A request of the protocol."""
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params or {}}


async def test_a_session_of_the_protocol_is_its_users_alone(served: Served) -> None:
    """With another user's key it is not there."""
    admin, stranger = await served.organisation("acme"), await served.organisation("other")
    hello = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    accept = {"accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient(base_url=served.url, headers=accept) as http:
        keys = [{"authorization": caller.client.headers["authorization"]} for caller in (admin, stranger)]
        begun = await http.post("/mcp", json=rpc("initialize", hello), headers=keys[0])
        session = {"mcp-session-id": begun.headers["mcp-session-id"]}
        listing = rpc("tools/list")
        assert (await http.post("/mcp", json=listing, headers=keys[1] | session)).status_code == 404
        assert (await http.delete("/mcp", headers=keys[1] | session)).status_code == 404
        assert (await http.post("/mcp", json=listing, headers=keys[0] | session)).status_code == 200
        assert (await http.delete("/mcp", headers=keys[0] | session)).status_code == 200
        assert (await http.post("/mcp", json=listing, headers=keys[0] | session)).status_code == 404


async def test_a_user_has_so_many_sessions_and_not_more(served: Served) -> None:
    """Others are not kept out by it, and one that ends makes room."""
    admin = await served.organisation("acme")
    ada = await served.house.user(admin.org_id, "ada", "member")
    accept = {"accept": "application/json, text/event-stream"}
    async with httpx2.AsyncClient(base_url=served.url, headers=accept, timeout=30) as http:
        keys = [{"authorization": caller.client.headers["authorization"]} for caller in (admin, ada)]
        for _ in range(50):
            begun = await http.post("/mcp", json=hello(), headers=keys[0])
            assert begun.status_code == 200
        assert (await http.post("/mcp", json=hello(), headers=keys[0])).status_code == 429
        assert (await http.post("/mcp", json=hello(), headers=keys[1])).status_code == 200
        session = {"mcp-session-id": begun.headers["mcp-session-id"]}
        assert (await http.delete("/mcp", headers=keys[0] | session)).status_code == 200
        assert (await http.post("/mcp", json=hello(), headers=keys[0])).status_code == 200


async def test_what_is_refused_at_the_door(served: Served) -> None:
    """No key, other sites' pages, names that lead here by trickery, large bodies and other methods."""
    admin = await served.organisation("acme")
    key = {
        "authorization": admin.client.headers["authorization"],
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2025-06-18",
    }
    listing = rpc("initialize", {})
    async with httpx2.AsyncClient(base_url=served.url) as http:
        assert (await http.post("/mcp", json=listing)).status_code == 401
        assert (await http.get("/mcp", headers=key)).status_code == 405
        own = served.url
        for origin, host, status in (
            ("https://evil.example", None, 403),
            ("http://evil.example", "evil.example", 403),
            ("null", None, 403),
            ("http://[", None, 403),
            (own, None, 200),
            ("https://wheel.example.com", None, 200),
        ):
            headers = key | {"origin": origin} | ({"host": host} if host else {})
            answer = await http.post("/mcp", json=hello(), headers=headers)
            assert answer.status_code == status, (origin, answer.text)
        for size in (3_000_000, 2_097_153):
            large = await http.post("/mcp", content=b" " * size, headers=key | {"content-type": "application/json"})
            assert large.status_code == 413
        broken = await http.post("/mcp", content=b"{", headers=key | {"content-type": "application/json"})
        assert broken.status_code == 400


def hello() -> dict[str, Any]:
    """The first message of a handshake."""
    who = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    return rpc("initialize", who)


async def answered(served: Served, admin: Caller, task: Task) -> Task:
    """The task, begun again once its question was answered."""
    for _ in range(200):
        if (await served.house.task(admin.org_id, task.task_id)).status != "waiting":
            return await served.house.begin(admin.org_id, task.task_id)
        await asyncio.sleep(0.05)
    raise AssertionError("nobody answered")
