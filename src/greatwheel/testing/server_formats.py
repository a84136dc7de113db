"""The two wire formats that the fake model server speaks: OpenAI's and Ollama's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class FakeRequest:
    """What came in."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: Json

    @property
    def streams(self) -> bool:
        """Whether a stream is wanted; Ollama streams unless told not to."""
        return bool(self.body.get("stream", self.path == "/api/chat"))

    @property
    def prefill(self) -> str:
        """The text to continue, or ''."""
        messages = self.body.get("messages") or [{}]
        return str(messages[-1]["content"]) if messages[-1].get("role") == "assistant" else ""


@dataclass(frozen=True, kw_only=True)
class Spoken:
    """A reply, cut as the request asked."""

    pieces: tuple[str, ...]
    finish: Literal["stop", "length"]
    prompt_tokens: int

    @property
    def text(self) -> str:
        """The whole."""
        return "".join(self.pieces)


class Format(Protocol):
    """One server's way to write a reply."""

    content_type: str
    """Of a stream."""

    def options(self, request: FakeRequest) -> tuple[int | None, list[str]]:
        """The largest number of tokens and the stop sequences."""
        ...

    def whole(self, request: FakeRequest, spoken: Spoken) -> Json:
        """The reply in one piece."""
        ...

    def stream(self, request: FakeRequest, spoken: Spoken) -> Iterator[bytes]:
        """The reply in pieces, the first ones its text's."""
        ...

    def error(self, status: int, message: str) -> Json:
        """An error's body."""
        ...


def speak(text: str, request: FakeRequest, format: Format) -> Spoken:
    """The reply's text after stop sequences and the limit; a word and the space before it count as one token."""
    limit, stops = format.options(request)
    cut = min((text.index(stop) for stop in stops if stop in text), default=len(text))
    words = re.findall(r"\s*\S+|\s+$", text[:cut])
    prompt = " ".join(str(message["content"]) for message in request.body.get("messages", []))
    return Spoken(
        pieces=tuple(words[:limit]),
        finish="stop" if limit is None or len(words) <= limit else "length",
        prompt_tokens=len(prompt.split()),
    )


class OpenAIFormat:
    """Chat completions, with server-sent events. Like llama.cpp, a reply in one piece repeats the prefill."""

    content_type = "text/event-stream"

    def options(self, request: FakeRequest) -> tuple[int | None, list[str]]:
        """See `Format`."""
        stop = request.body.get("stop") or []
        limit = request.body.get("max_tokens") or request.body.get("max_completion_tokens")
        return limit, [stop] if isinstance(stop, str) else list(stop)

    def whole(self, request: FakeRequest, spoken: Spoken) -> Json:
        """See `Format`."""
        message = {"role": "assistant", "content": request.prefill + spoken.text}
        choice = {"index": 0, "message": message, "finish_reason": spoken.finish}
        return self._frame(request, "chat.completion", [choice]) | {"usage": self._usage(spoken)}

    def stream(self, request: FakeRequest, spoken: Spoken) -> Iterator[bytes]:
        """See `Format`."""
        for piece in spoken.pieces:
            yield self._event(request, [{"index": 0, "delta": {"content": piece}, "finish_reason": None}])
        yield self._event(request, [{"index": 0, "delta": {}, "finish_reason": spoken.finish}])
        if (request.body.get("stream_options") or {}).get("include_usage"):
            yield self._event(request, [], usage=self._usage(spoken))
        yield b"data: [DONE]\n\n"

    def error(self, status: int, message: str) -> Json:
        """See `Format`."""
        return {"error": {"message": message, "type": "fake", "code": status}}

    def _event(self, request: FakeRequest, choices: list[Json], **more: Any) -> bytes:
        event = self._frame(request, "chat.completion.chunk", choices) | more
        return b"data: " + json.dumps(event).encode() + b"\n\n"

    def _frame(self, request: FakeRequest, kind: str, choices: list[Json]) -> Json:
        return {
            "id": "chatcmpl-fake",
            "object": kind,
            "created": 0,
            "model": request.body.get("model"),
            "choices": choices,
        }

    def _usage(self, spoken: Spoken) -> Json:
        completion = len(spoken.pieces)
        return {
            "prompt_tokens": spoken.prompt_tokens,
            "completion_tokens": completion,
            "total_tokens": spoken.prompt_tokens + completion,
        }


class OllamaFormat:
    """Ollama's own API, with lines of JSON."""

    content_type = "application/x-ndjson"

    def options(self, request: FakeRequest) -> tuple[int | None, list[str]]:
        """See `Format`."""
        options = request.body.get("options") or {}
        return options.get("num_predict"), list(options.get("stop") or [])

    def whole(self, request: FakeRequest, spoken: Spoken) -> Json:
        """See `Format`."""
        return self._part(request, spoken.text) | self._end(spoken)

    def stream(self, request: FakeRequest, spoken: Spoken) -> Iterator[bytes]:
        """See `Format`."""
        for piece in spoken.pieces:
            yield self._line(self._part(request, piece))
        yield self._line(self._part(request, "") | self._end(spoken))

    def error(self, status: int, message: str) -> Json:
        """See `Format`."""
        return {"error": message}

    def _part(self, request: FakeRequest, text: str) -> Json:
        return {
            "model": request.body.get("model"),
            "created_at": "2026-01-01T00:00:00Z",
            "message": {"role": "assistant", "content": text},
            "done": False,
        }

    def _end(self, spoken: Spoken) -> Json:
        return {
            "done": True,
            "done_reason": spoken.finish,
            "prompt_eval_count": spoken.prompt_tokens,
            "eval_count": len(spoken.pieces),
        }

    def _line(self, value: Json) -> bytes:
        return json.dumps(value).encode() + b"\n"
