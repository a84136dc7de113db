"""What requests and answers look like: OpenAI's shapes, as far as they mean something here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from greatwheel.core.errors import BadInput, NotFound

Role = Literal["system", "developer", "user", "assistant", "tool", "function"]
FinishReason = Literal["stop", "length"]


class ModelMissing(NotFound):
    """There is no such model; GET /v1/models lists those there are."""

    code = "completion.no_such_model"


class CompletionRefused(BadInput):
    """Something of the request can't be had here. The message begins with the field's name."""

    code = "completion.refused"


class Given(BaseModel):
    """A part of a request: what is not known of it is passed over, as these clients expect."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Part(Given):
    """A part of a message."""

    type: Annotated[str, Field(max_length=100)]
    text: str | None = None


class Message(Given):
    """Something that was said."""

    role: Role
    content: str | Sequence[Part] | None = None


class StreamOptions(Given):
    """What a stream is to have."""

    include_usage: bool | None = None


class CompletionOrder(Given):
    """What to answer. Sampling options (`temperature`, `seed`, `max_tokens`, …) and `user` are passed over: the agent
    decides on these."""

    model: Annotated[str, Field(min_length=1, max_length=100)]
    """An agent's name; `greatwheel`: the session's agent, else the organisation's triage agent."""
    messages: Annotated[Sequence[Message], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    metadata: Mapping[str, Any] | None = None
    """`session_id`: a session of yours to go on in, as the header `X-Greatwheel-Session`."""
    n: int | None = None
    logprobs: bool | None = None
    tool_choice: Any = None
    function_call: Any = None
    response_format: Any = None
    modalities: Any = None

    def require_possible(self) -> None:
        """Go on when what is asked for can be had: one choice, of text, without tools of the client's that must be
        called.

        Raises:
            CompletionRefused: it can't.
        """
        if self.n not in (None, 1):
            raise CompletionRefused("n: an agent gives one answer.")
        if self.logprobs:
            raise CompletionRefused("logprobs: agents have none.")
        if self.modalities not in (None, ["text"]):
            raise CompletionRefused("modalities: agents answer by text alone.")
        for name in ("tool_choice", "function_call"):
            if getattr(self, name) not in (None, "auto", "none"):
                raise CompletionRefused(f"{name}: agents call their own tools; those of a request are never called.")
        wanted = self.response_format
        if wanted is not None and (not isinstance(wanted, dict) or wanted.get("type") != "text"):
            raise CompletionRefused("response_format: agents answer by text; say in the message how it is to look.")

    @property
    def session_id(self) -> str | None:
        """The session that the metadata name."""
        found = (self.metadata or {}).get("session_id")
        return found if isinstance(found, str) and 0 < len(found) <= 100 else None


class CompletionUsage(BaseModel):
    """What the agent and all that it started used of models."""

    prompt_tokens: Annotated[int, Field(ge=0)]
    completion_tokens: Annotated[int, Field(ge=0)]
    total_tokens: Annotated[int, Field(ge=0)]


class AnswerMessage(BaseModel):
    """What the agent said."""

    role: Literal["assistant"] = "assistant"
    content: str
    refusal: None = None


class Choice(BaseModel):
    """The one answer."""

    index: Literal[0] = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: FinishReason


class Completion(BaseModel):
    """An answer."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: Sequence[Choice]
    usage: CompletionUsage


class ModelFacts(BaseModel):
    """An agent, as a model."""

    id: Annotated[str, StringConstraints(min_length=1)]
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(BaseModel):
    """All agents."""

    object: Literal["list"] = "list"
    data: Sequence[ModelFacts]


class OpenAIError(BaseModel):
    """What went wrong."""

    message: str
    type: str
    param: str | None = None
    """The field that is at fault, when one is."""
    code: str | None = None


class OpenAIErrorBody(BaseModel):
    """The body of every answer below /v1 that is no success."""

    error: OpenAIError
