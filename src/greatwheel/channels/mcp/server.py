"""The MCP server of Greatwheel, whatever it is spoken to by."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.metadata import version
from typing import Any, TypeAlias

import anyio
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.session import ServerSession
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
)
from pydantic import ValidationError

from greatwheel.channels.mcp import asking, offered, outcomes, resources
from greatwheel.channels.mcp.calls import Call, answer_all
from greatwheel.channels.mcp.changes import LOOK_SECONDS
from greatwheel.channels.mcp.listening import listen
from greatwheel.channels.mcp.port import Order, Wheel
from greatwheel.core.errors import GreatwheelError

LOG = logging.getLogger("greatwheel.mcp")
INSTRUCTIONS = (
    "Each tool is an agent that works on a task with Python in a session of its own, for seconds or hours. "
    "Pass long texts as `context`, and `session_id` of a result to go on in its session. "
    f"A result may say that the agent asks something: answer it with `{offered.ANSWER}`."
)
_SESSION = "mcp-session-id"
_CANCEL_SECONDS = 0.5

Context: TypeAlias = ServerRequestContext[Any, Any]
Caller: TypeAlias = Callable[[Context], Wheel]
"""Who asks."""


class WheelServer:
    """The handlers; `server` is for the SDK's transports."""

    def __init__(
        self,
        caller: Caller,
        *,
        look_seconds: float = LOOK_SECONDS,
        greeted: Callable[[ServerSession], object] | None = None,
    ) -> None:
        """`look_seconds`: from one look for changed tools to the next. `greeted`: told of each handshake's end."""
        self._caller = caller
        self._look_seconds = look_seconds
        self._greeted = greeted
        self._running: dict[tuple[str, str], anyio.Event] = {}
        """Calls under way, by connection and request: set when their client cancels."""
        self.server: Server[Any] = Server(
            "greatwheel",
            version=version("greatwheel"),
            title="Greatwheel",
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
            on_subscriptions_listen=self._listen,
            get_tool_input_schema=lambda name: None,  # no argument is sent as a header
        )
        self.server.middleware += [_one_line, self._hear]

    async def _list_tools(self, ctx: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=offered.listed(await self._caller(ctx).agents()))

    async def _list_resources(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourcesResult:
        return await resources.list_resources(self._caller(ctx), params)

    async def _list_templates(self, ctx: Context, params: PaginatedRequestParams | None) -> ListResourceTemplatesResult:
        return resources.templates()

    async def _read_resource(self, ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        return await resources.read_resource(ctx, self._caller(ctx), params)

    async def _listen(self, ctx: Context, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        return await listen(ctx, params, self._caller(ctx), self._look_seconds)

    async def _call_tool(self, ctx: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        wheel = self._caller(ctx)
        key = (_connection(ctx), str(ctx.request_id))
        cancelled = self._running[key] = anyio.Event()
        try:
            if params.request_state is not None:
                call = await self._go_on(ctx, wheel, params)
            else:
                call = await self._begin(ctx, wheel, params.name, params.arguments)
            return call if isinstance(call, CallToolResult) else await _followed(ctx, wheel, call, cancelled)
        except GreatwheelError as error:
            return outcomes.refused(_told(error))
        finally:
            if self._running.get(key) is cancelled:
                del self._running[key]

    async def _begin(self, ctx: Context, wheel: Wheel, name: str, arguments: dict[str, Any] | None) -> Call:
        if name == offered.ANSWER:
            answer = offered.parsed(offered.AnswerArguments, arguments)
            task = await wheel.task(answer.task_id)
            await wheel.answer(answer.task_id, answer.answer, answer.call)
            return Call(ctx, wheel, task)
        if name == offered.WAIT:
            task = await wheel.task(offered.parsed(offered.WaitArguments, arguments).task_id)
            return Call(ctx, wheel, task)
        agent = offered.tool_names(await wheel.agents()).get(name)
        if agent is None:
            raise MCPError(INVALID_PARAMS, f"There is no tool {name[:100]!r}.")
        given = offered.parsed(offered.AgentArguments, arguments)
        order = Order(agent=agent["name"], input=given.input, context=given.context, session_id=given.session_id)
        with anyio.CancelScope(shield=True):  # a task that was queued is known, so that it can be cancelled
            task = await wheel.submit(order)
        return Call(ctx, wheel, task)

    async def _go_on(self, ctx: Context, wheel: Wheel, params: CallToolRequestParams) -> Call | CallToolResult:
        """The client asks again, with its user's answers."""
        state = asking.State.read(params.request_state or "")
        task = await wheel.task(state.task_id)
        responses: Mapping[str, Any] = params.input_responses or {}
        if not await answer_all(wheel, state.task_id, dict(responses)):
            return outcomes.waiting(task, await wheel.questions(state.task_id), ())
        return Call(ctx, wheel, task, state.after)

    async def _hear(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """Note which calls their client cancels: the SDK stops them, and newer clients' word for it goes no further.
        And note who has come."""
        if ctx.method == "notifications/cancelled" and ctx.params is not None:
            told = self._running.get((_connection(ctx), str(ctx.params.get("requestId"))))
            if told is not None:
                told.set()
        if ctx.method == "notifications/initialized" and self._greeted is not None:
            self._greeted(ctx.session)
        return await call_next(ctx)


async def _followed(
    ctx: Context, wheel: Wheel, call: Call, cancelled: anyio.Event
) -> CallToolResult | InputRequiredResult:
    try:
        return await call.result()
    except anyio.get_cancelled_exc_class():
        with anyio.CancelScope(shield=True):
            if await _is_clients(ctx, wheel, cancelled):
                with suppress(GreatwheelError):  # it has ended, or can't be reached
                    await wheel.cancel(call.task_id)
        raise


def _connection(ctx: Context) -> str:
    """Which of a server's connections: that of a handshake has a name, others have one request alone, or one client."""
    return ctx.request.headers.get(_SESSION, "") if ctx.request is not None else ""


async def _is_clients(ctx: Context, wheel: Wheel, cancelled: anyio.Event) -> bool:
    """Whether the client has cancelled the call, rather than gone away, or the server stopped.

    Newer clients cancel over HTTP by closing the request; all others say so, a moment after the call was stopped.
    """
    if wheel.stopping:
        return False
    if ctx.request is not None and asking.is_modern(ctx):
        return True
    with anyio.move_on_after(_CANCEL_SECONDS):
        await cancelled.wait()
    return cancelled.is_set()


async def _one_line(ctx: Context, call_next: CallNext) -> HandlerResult:
    """What goes wrong is told in one line, and nothing of our own inside."""
    try:
        return await call_next(ctx)
    except (MCPError, ValidationError):
        raise
    except GreatwheelError as error:
        raise MCPError(INVALID_PARAMS if error.http_status < 500 else INTERNAL_ERROR, _told(error)) from None
    except Exception as error:
        LOG.exception("an MCP request failed")
        raise MCPError(INTERNAL_ERROR, inspect.getdoc(GreatwheelError) or "") from error


def _told(error: GreatwheelError) -> str:
    """What callers are told. What is our own fault is told in the log."""
    if error.http_status != 500:
        return outcomes.one_line(str(error))
    LOG.error("%s: %s", error.code, error, exc_info=error)
    return outcomes.one_line(inspect.getdoc(type(error)) or "Something failed inside Greatwheel.")
