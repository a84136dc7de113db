"""Results of calls: what the client's model reads, and the same for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mcp_types import CallToolResult, TextContent

from greatwheel.channels.mcp.offered import ANSWER, WAIT, Outcome
from greatwheel.channels.mcp.port import Facts


def ended(task: Facts, messages: Sequence[str]) -> CallToolResult:
    """The task has ended, well or not."""
    if task["status"] == "done":
        return _result(task, task["answer"] or "", messages=messages)
    why = f": {one_line(task['error'])}" if task["error"] else ""
    return _result(task, f"The task {task['status']}{why}" if why else f"The task is {task['status']}.", failed=True)


def waiting(task: Facts, questions: Sequence[Facts], messages: Sequence[str]) -> CallToolResult:
    """The task waits for a person, whom the client did not ask."""
    lines = [
        f"The agent asks: {question['question']}{_choices(question)}\n"
        f'Answer with the tool {ANSWER}: task_id "{question["task_id"]}", call {question["call"]}. It waits until then.'
        for question in questions
    ]
    asked = [{key: question[key] for key in ("task_id", "call", "question", "choices")} for question in questions]
    return _result(task, "\n\n".join(lines), status="waiting", questions=asked, messages=messages)


def going_on(task: Facts, messages: Sequence[str]) -> CallToolResult:
    """The task goes on, and nobody waits for it here any more."""
    text = f'The task goes on. Its answer can be had with the tool {WAIT}: task_id "{task["task_id"]}".'
    return _result(task, text, messages=messages)


def refused(message: str) -> CallToolResult:
    """The call could not be carried out."""
    return CallToolResult(content=[TextContent(text=one_line(message))], is_error=True)


def one_line(text: str) -> str:
    """The text in a line."""
    return " ".join(text.split())[:2_000]


def _choices(question: Facts) -> str:
    return f" (one of: {', '.join(question['choices'])})" if question["choices"] else ""


def _result(task: Facts, text: str, *, failed: bool = False, **more: Any) -> CallToolResult:
    told = {name: task[name] for name in ("task_id", "session_id", "status", "answer", "result", "outcome", "error")}
    outcome = Outcome(**{**told, "usage": dict(task["usage"] or {}), **more})
    content = outcome.model_dump(mode="json", exclude_none=True)
    return CallToolResult(content=[TextContent(text=text)], structured_content=content, is_error=failed)
