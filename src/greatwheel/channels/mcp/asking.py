"""An agent's question as a form that the client shows its user (elicitation)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import ElicitRequest, ElicitRequestFormParams, ElicitResult
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from greatwheel.channels.mcp.port import Facts
from greatwheel.core.errors import BadInput

_ANSWER = "answer"
_LONGEST_STATE = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What a client passes back when it asks again with the answers: hostile, so what it names is looked up anew."""

    task_id: str
    after: int

    @classmethod
    def read(cls, text: str) -> State:
        """Raises BadInput: it is none."""
        try:
            if len(text) > _LONGEST_STATE:
                raise ValueError
            given = json.loads(text)
            return cls(task_id=str(given["task"]), after=max(0, min(int(given["after"]), 2**62)))
        except (ValueError, TypeError, LookupError, RecursionError):
            raise BadInput("requestState is none of this server's.") from None

    def text(self) -> str:
        """As the client gets it."""
        return json.dumps({"task": self.task_id, "after": self.after})


def is_modern(ctx: ServerRequestContext[Any, Any]) -> bool:
    """The client asks again with the answers, instead of being asked."""
    return ctx.protocol_version in MODERN_PROTOCOL_VERSIONS


def can_be_asked(ctx: ServerRequestContext[Any, Any]) -> bool:
    """The client can show forms to its user, and be asked to."""
    capabilities = ctx.session.client_capabilities
    elicitation = capabilities.elicitation if capabilities is not None else None
    forms = elicitation is not None and (elicitation.form is not None or elicitation.url is None)
    return forms and (is_modern(ctx) or ctx.session.can_send_request)


def key_of(question: Facts) -> str:
    """The question's name in a request for answers."""
    return f"{question['task_id']}:{question['call']}"


def message_of(question: Facts) -> str:
    """What the user reads."""
    return str(question["question"])


def schema_of(question: Facts) -> dict[str, Any]:
    """The form."""
    field: dict[str, Any] = {"type": "string", "title": "Answer"}
    if question["choices"]:
        field["enum"] = list(question["choices"])
    return {"type": "object", "properties": {_ANSWER: field}, "required": [_ANSWER]}


def request_of(question: Facts) -> ElicitRequest:
    """The question as one of a request for answers."""
    return ElicitRequest(
        params=ElicitRequestFormParams(message=message_of(question), requested_schema=schema_of(question))
    )


def answer_in(result: ElicitResult | Any) -> str | None:
    """What the user answered; None: nothing."""
    content: Mapping[str, Any] | None = result.content if isinstance(result, ElicitResult) else None
    if content is None or result.action != "accept":
        return None
    text = content.get(_ANSWER)
    return text if isinstance(text, str) else None
