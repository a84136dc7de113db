"""The tools of the MCP server: each agent that the caller may use, and two to go on with a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from mcp_types import Tool, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from greatwheel.channels.mcp.port import Facts
from greatwheel.core.errors import BadInput
from greatwheel.scheduler.submission import LONGEST_INPUT

ANSWER = "answer"
WAIT = "wait"
_OWN = frozenset({ANSWER, WAIT})
_Id = Annotated[str, Field(min_length=1, max_length=100)]


ArgumentsT = TypeVar("ArgumentsT", bound=BaseModel)


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AgentArguments(_Arguments):
    """What an agent's tool takes."""

    input: Annotated[str, Field(min_length=1, max_length=LONGEST_INPUT, description="What is to be done, in words.")]
    context: Annotated[
        str | list[Any] | dict[str, Any] | None,
        Field(description="Text or data that it is about: the agent gets it as a variable, however long it is."),
    ] = None
    session_id: Annotated[
        str | None, Field(max_length=100, description="Of an earlier call, to go on in its session with its variables.")
    ] = None


class AnswerArguments(_Arguments):
    """What `answer` takes."""

    task_id: Annotated[_Id, Field(description="As the question names it.")]
    answer: Annotated[str, Field(max_length=100_000)]
    call: Annotated[int | None, Field(description="Which question; without, the task's oldest.")] = None


class WaitArguments(_Arguments):
    """What `wait` takes."""

    task_id: Annotated[_Id, Field(description="Of a task that goes on.")]


class Outcome(BaseModel):
    """The structured content of a call's result."""

    task_id: str
    session_id: str
    """Pass it to the agent's tool to go on with the session."""
    status: str
    """`done`, `failed`, `dead`, `cancelled`; `waiting` for an answer; else the task goes on."""
    answer: str | None = None
    result: Any = None
    """Of an agent whose result is more than text."""
    outcome: str | None = None
    error: str | None = None
    usage: dict[str, Any] = {}
    messages: list[str] = []
    """What the agent sent on the way."""
    questions: list[dict[str, Any]] = []
    """What it waits for."""


def tool_names(agents: Sequence[Facts]) -> dict[str, Facts]:
    """The agents by their tools' names. One whose name is a tool's of ours is called `<name>_agent`."""
    named = {agent["name"]: agent for agent in agents if agent["name"] not in _OWN}
    for agent in agents:
        if agent["name"] in _OWN:
            named.setdefault(f"{agent['name']}_agent", agent)
    return named


def listed(agents: Sequence[Facts]) -> list[Tool]:
    """All tools."""
    described = [
        _tool(name, agent["description"] or f"The agent {agent['name']}.", AgentArguments)
        for name, agent in sorted(tool_names(agents).items())
    ]
    answer = _tool(ANSWER, "Answers a question that an agent asked, and waits for the task's end.", AnswerArguments)
    wait = _tool(WAIT, "Waits for the end of a task that goes on, and gives its answer.", WaitArguments)
    return [*described, answer, wait]


def parsed(model: type[ArgumentsT], arguments: dict[str, Any] | None) -> ArgumentsT:
    """The arguments.

    Raises:
        BadInput: they don't fit; one line.
    """
    try:
        return model.model_validate(arguments or {})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadInput(f"{'.'.join(map(str, first['loc'])) or 'arguments'}: {first['msg']}.") from None


def _tool(name: str, description: str, arguments: type[BaseModel]) -> Tool:
    return Tool(
        name=name,
        description=description,
        input_schema=_schema(arguments),
        output_schema=_schema(Outcome),
        annotations=ToolAnnotations(open_world_hint=True),
    )


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    schema.pop("description", None)
    schema.pop("title", None)
    return schema
