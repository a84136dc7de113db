"""What a chat does at an order that begins with a slash."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greatwheel.channels.cli.chat_lines import ORDERS, Order
from greatwheel.channels.cli.chat_view import View
from greatwheel.channels.cli.client import ApiClient
from greatwheel.channels.cli.rows import cut
from greatwheel.core.errors import BadInput, Conflict
from greatwheel.runtime.contexts import read_paths

_SHOWN = 10
_CHARS = 70
_OPEN = ("queued", "admitted", "running", "waiting")


@dataclass(kw_only=True, slots=True)
class Desk:
    """Where a chat stands."""

    client: ApiClient
    view: View
    agent: str | None = None
    """None: the session's, or the organisation's triage agent."""
    session: str | None = None
    """None: the next message begins one."""
    model: str | None = None
    instructions: str | None = None
    context: Any = None
    """Of the next message."""

    @property
    def whom(self) -> str:
        """For the prompt."""
        return self.agent or "greatwheel"

    def order(self, text: str) -> dict[str, Any]:
        """The order of a message."""
        given = {
            "agent": self.agent,
            "session_id": self.session,
            "model": self.model,
            "instructions": self.instructions,
            "context": self.context,
        }
        return {"input": text, **{name: value for name, value in given.items() if value is not None}}

    def begun(self, task: Mapping[str, Any]) -> None:
        """A message was taken."""
        self.session, self.context = task["session_id"], None
        self.agent = task["agent"] or self.agent

    def enter(self, session: str) -> None:
        """Go on in a session. Raises NotFound."""
        found = self.client.call("GET", self.client.path("/api/sessions/{}", session))
        self.session, self.agent = session, found["agent"]

    def open_tasks(self) -> list[str]:
        """What the session has been given and not done yet, oldest first."""
        tasks = self.client.pages("/api/tasks", {"session": self.session, "limit": 100}, most=100)
        return [each["task_id"] for each in reversed(tasks) if each["status"] in _OPEN]

    def in_session(self, rest: str) -> str:
        """A path below the session's. Raises BadInput when there is none yet."""
        if self.session is None:
            raise BadInput("There is no session yet: say something first, or choose one with /session.")
        return self.client.path("/api/sessions/{}", self.session) + rest


def carry_out(desk: Desk, order: Order) -> bool:
    """Do what the order says; False to leave. Raises what the API refuses with."""
    if order.name == "quit":
        return False
    _DOING[order.name](desk, order.arguments)
    return True


def _help(desk: Desk, arguments: tuple[str, ...]) -> None:
    lines = [f"/{name} {what}" if what.startswith("[") or what.startswith("PATH") else f"/{name}: {what}"
             for name, what in ORDERS.items()]  # fmt: skip
    desk.view.note("\n".join(lines), {"type": "help", "orders": ORDERS})


def _agent(desk: Desk, arguments: tuple[str, ...]) -> None:
    if not arguments:
        agents = desk.client.pages("/api/agents")
        lines = [f"{each['name']}: {cut(each['description'], _CHARS)}" for each in agents]
        desk.view.note("\n".join(lines), {"type": "agents", "items": agents})
        return
    found = desk.client.call("GET", desk.client.path("/api/agents/{}", arguments[0]))
    desk.agent, desk.session = found["name"], None
    desk.view.note(f"a new session with {desk.agent}", {"type": "agent.chosen", "agent": desk.agent})


def _model(desk: Desk, arguments: tuple[str, ...]) -> None:
    models = desk.client.pages("/api/models")
    if not arguments:
        lines = [f"{each['name']}{' (default)' if each['default'] else ''}" for each in models]
        desk.view.note("\n".join(lines) or "no model is there", {"type": "models", "items": models})
        return
    names = [each["name"] for each in models]
    if arguments[0] not in names:
        raise BadInput(f"There is no model {arguments[0]!r} here; there is {', '.join(names) or 'none'}.")
    desk.model = arguments[0]
    desk.view.note(f"the next messages go to {desk.model}", {"type": "model.chosen", "model": desk.model})


def _session(desk: Desk, arguments: tuple[str, ...]) -> None:
    if arguments:
        desk.enter(arguments[0])
        desk.view.note(f"in session {desk.session}", {"type": "session.entered", "session_id": desk.session})
        return
    sessions = desk.client.pages("/api/sessions", {"limit": _SHOWN}, most=_SHOWN)
    lines = [
        f"{'*' if each['session_id'] == desk.session else ' '} {each['session_id']} {each['agent']} {each['status']}"
        for each in sessions
    ]
    desk.view.note("\n".join(lines) or "there are no sessions yet", {"type": "sessions", "items": sessions})


def _new(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.session = None
    desk.view.note("a new session begins with your next message", {"type": "session.left"})


def _file(desk: Desk, arguments: tuple[str, ...]) -> None:
    if not arguments:
        raise BadInput("Name a file or folder, as in /file minutes.txt.")
    desk.context = read_paths([Path(each).expanduser() for each in arguments])
    named = ", ".join(arguments)
    desk.view.note(f"the next message has {named} as its context", {"type": "context.set", "paths": list(arguments)})


def _variables(desk: Desk, arguments: tuple[str, ...]) -> None:
    found = desk.client.pages(desk.in_session("/variables"))
    lines = [f"{each['name']}: {each['type']}, {cut(str(each['preview']), _CHARS)}" for each in found]
    desk.view.note("\n".join(lines) or "no variables", {"type": "variables", "items": found})


def _fork(desk: Desk, arguments: tuple[str, ...]) -> None:
    body = {"task_id": _task_of(desk, arguments[0])} if arguments else {}
    made = desk.client.call("POST", desk.in_session("/fork"), body)
    desk.enter(made["session_id"])
    desk.view.note(f"in session {desk.session}, a fork", {"type": "session.forked", "session_id": desk.session})


def _rewind(desk: Desk, arguments: tuple[str, ...]) -> None:
    if arguments:
        task = _task_of(desk, arguments[0])
        desk.client.call("POST", desk.in_session("/rewind"), {"task_id": task})
        desk.view.note(f"as it was after task {task}", {"type": "session.rewound", "task_id": task})
        return
    points = _points(desk)
    lines = [f"{number}. {cut(each['asked'], _CHARS)}" for number, each in enumerate(points, start=1)]
    desk.view.note("\n".join(lines) or "there is nothing to go back to yet", {"type": "points", "items": points})


def _cancel(desk: Desk, arguments: tuple[str, ...]) -> None:
    desk.in_session("")
    stopped = [task_id for task_id in desk.open_tasks() if not _has_ended(desk, task_id)]
    line = f"stopped: {', '.join(stopped)}" if stopped else "nothing is under way"
    desk.view.note(line, {"type": "tasks.cancelled", "task_ids": stopped})


def _has_ended(desk: Desk, task_id: str) -> bool:
    """Cancel a task; whether it had ended already."""
    try:
        desk.client.call("POST", desk.client.path("/api/tasks/{}/cancel", task_id))
    except Conflict:
        return True
    return False


def _task_of(desk: Desk, text: str) -> str:
    """The task that a number of `/rewind`'s list stands for; else the text, a task's id."""
    if not (text.isascii() and text.isdecimal()):
        return text
    points = _points(desk)
    if not 1 <= int(text[:9]) <= len(points):
        raise BadInput(f"There is no number {text[:9]}; /rewind lists them.")
    return str(points[int(text) - 1]["task_id"])


def _points(desk: Desk) -> list[dict[str, Any]]:
    """Where the session can go back to, oldest first."""
    return sorted(desk.client.pages(desk.in_session("/points")), key=lambda each: str(each["at"]))


_DOING: Mapping[str, Callable[[Desk, tuple[str, ...]], None]] = {
    "help": _help,
    "agent": _agent,
    "model": _model,
    "session": _session,
    "new": _new,
    "file": _file,
    "vars": _variables,
    "fork": _fork,
    "rewind": _rewind,
    "cancel": _cancel,
}
