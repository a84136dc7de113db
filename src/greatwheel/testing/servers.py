"""A model server on loopback that says what it is told to, and fails when it is told to.

    with FakeModelServer("forty-two") as server:
        server.faults.append(Status(429, retry_after=1))
        ...  # speak to server.openai_url or server.url (Ollama)
        assert server.requests[0].headers["x-session-id"] == "ses_1"

It runs in a thread of its own, speaks OpenAI's and Ollama's protocol, streamed and not, and closes on leaving.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol, Self, TypeAlias

from greatwheel.testing.server_formats import FakeRequest, Format, Json, OllamaFormat, OpenAIFormat, Spoken, speak

START_SECONDS = 10.0
_COUNTED = frozenset({"/v1/chat/completions", "/api/chat", "/v1/embeddings", "/api/embed"})


@dataclass(frozen=True)
class Status:
    """Answer with this status."""

    status: int
    retry_after: float | None = None
    message: str = "the fake server was told to fail"


@dataclass(frozen=True)
class Slow:
    """Answer, but only after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Disconnect:
    """Close the connection without an answer."""


@dataclass(frozen=True)
class BreakOff:
    """Send so many pieces of a stream, or a part of a reply in one piece, then close the connection."""

    pieces: int = 1


@dataclass(frozen=True)
class Raw:
    """Send these bytes as a JSON answer, whatever they are."""

    body: bytes


@dataclass(frozen=True)
class Die:
    """The server ends in the middle of this call: every connection is closed and none is taken any more."""


Fault: TypeAlias = Status | Slow | Disconnect | BreakOff | Raw | Die
Author: TypeAlias = Callable[[FakeRequest], str]


class Witness(Protocol):
    """Is told of chats and embeddings, in the server's thread."""

    def asked(self, request: FakeRequest) -> None:
        """One has come in."""
        ...

    def answered(self, request: FakeRequest) -> None:
        """Its whole answer was sent, and who asked was still there."""
        ...


class _Hangup(Exception):
    """The connection is to be closed now."""


class FakeModelServer:
    """See the module's docstring. `requests` and `faults` may be used from any thread."""

    def __init__(
        self,
        reply: str | Author = "hello from the fake model",
        *,
        delay: float = 0.0,
        pause: float = 0.0,
        models: Sequence[str] = ("fake",),
        owned_by: str = "fake",
        ollama_capabilities: Sequence[str] = ("completion",),
        loaded: Sequence[str] = (),
        witness: Witness | None = None,
    ) -> None:
        self.reply = reply
        self.delay = delay
        """Seconds that each chat takes."""
        self.pause = pause
        """Seconds from one piece of a stream to the next."""
        self.models = tuple(models)
        self.owned_by = owned_by
        self.ollama_capabilities = tuple(ollama_capabilities)
        self.loaded = tuple(loaded)
        self.faults: deque[Fault] = deque()
        """Each is used up by one chat, in order."""
        self.requests: list[FakeRequest] = []
        """Every chat and embedding, failed ones too."""
        self.running = 0
        """Chats that are being answered."""
        self.busiest = 0
        """The most chats that were answered at one time."""
        self._witness = witness
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="fake-model-server", daemon=True)
        self._started = threading.Event()
        self._stop = asyncio.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The address, as Ollama's is given."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def openai_url(self) -> str:
        """The address, as an OpenAI-compatible server's is given."""
        return f"{self.url}/v1"

    @property
    def calls(self) -> int:
        """How many chats and embeddings came in."""
        return len(self.requests)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._started.wait(START_SECONDS):
            raise RuntimeError("the fake model server did not start")
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_SECONDS)

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stop.wait()
        self._die()

    def _die(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while (request := await _read_request(reader)) is not None:
                witness = self._witness if request.path in _COUNTED else None
                if witness is not None:
                    witness.asked(request)
                await self._answer(request, writer)
                if witness is not None and not reader.at_eof():
                    witness.answered(request)
        except (_Hangup, ConnectionError, asyncio.IncompleteReadError):
            writer.transport.abort()
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, request: FakeRequest, writer: asyncio.StreamWriter) -> None:
        match request.method, request.path:
            case "POST", "/v1/chat/completions":
                await self._chat(request, writer, OpenAIFormat())
            case "POST", "/api/chat":
                await self._chat(request, writer, OllamaFormat())
            case "POST", "/v1/embeddings" | "/api/embed":
                self.requests.append(request)
                await _send_json(writer, 200, _embeddings(request))
            case _:
                await _send_json(writer, *self._about(request))

    async def _chat(self, request: FakeRequest, writer: asyncio.StreamWriter, format: Format) -> None:
        self.requests.append(request)
        fault = self.faults.popleft() if self.faults else None
        self.running += 1
        self.busiest = max(self.busiest, self.running)
        try:
            await asyncio.sleep(fault.seconds if isinstance(fault, Slow) else self.delay)
            if not await self._fail(fault, writer, format):
                await self._speak(request, writer, format, fault.pieces if isinstance(fault, BreakOff) else None)
        finally:
            self.running -= 1

    async def _fail(self, fault: Fault | None, writer: asyncio.StreamWriter, format: Format) -> bool:
        """Carry out a fault that is there instead of an answer; whether it was one."""
        match fault:
            case Status(status=status, retry_after=seconds, message=message):
                headers = {} if seconds is None else {"retry-after": f"{seconds:g}"}
                await _send_json(writer, status, format.error(status, message), headers)
            case Raw(body=body):
                await _send(writer, 200, "application/json", body)
            case Disconnect():
                raise _Hangup
            case Die():
                self._die()
                raise _Hangup
            case _:
                return False
        return True

    async def _speak(
        self, request: FakeRequest, writer: asyncio.StreamWriter, format: Format, break_off: int | None
    ) -> None:
        if request.body.get("model") not in self.models:
            message = f"model '{request.body.get('model')}' not found"
            await _send_json(writer, 404, format.error(404, message))
            return
        text = self.reply if isinstance(self.reply, str) else self.reply(request)
        spoken = speak(text, request, format)
        if request.streams:
            await _send_stream(writer, format, request, spoken, break_off, self.pause)
        elif break_off is None:
            await _send_json(writer, 200, format.whole(request, spoken))
        else:
            body = json.dumps(format.whole(request, spoken)).encode()
            await _break_off(writer, _head(200, {"content-length": str(len(body))}) + body[:20])

    def _about(self, request: FakeRequest) -> tuple[int, Json]:
        match request.path:
            case "/v1/models":
                data = [{"id": name, "object": "model", "owned_by": self.owned_by} for name in self.models]
                return 200, {"object": "list", "data": data}
            case "/api/tags":
                return 200, {"models": [{"model": name, "name": name} for name in self.models]}
            case "/api/ps":
                return 200, {"models": [{"model": name, "name": name} for name in self.loaded]}
            case "/api/show":
                return 200, {
                    "capabilities": list(self.ollama_capabilities),
                    "model_info": {"fake.context_length": 4096},
                }
            case path:
                return 404, {"error": f"no such path {path}"}


def _embeddings(request: FakeRequest) -> Json:
    given = request.body["input"]
    vectors = [[float(len(text)), 1.0] for text in ([given] if isinstance(given, str) else given)]
    if request.path == "/api/embed":
        return {"model": request.body["model"], "embeddings": vectors}
    data = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return {"object": "list", "model": request.body["model"], "data": data, "usage": {"prompt_tokens": 1}}


async def _read_request(reader: asyncio.StreamReader) -> FakeRequest | None:
    """The next request of a connection; None when the client has closed it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return FakeRequest(method=method, path=path, headers=headers, body=json.loads(body) if body else {})


async def _send_json(
    writer: asyncio.StreamWriter, status: int, value: Any, headers: dict[str, str] | None = None
) -> None:
    await _send(writer, status, "application/json", json.dumps(value).encode(), headers)


async def _send(
    writer: asyncio.StreamWriter, status: int, kind: str, body: bytes, headers: dict[str, str] | None = None
) -> None:
    more = {"content-type": kind, "content-length": str(len(body))} | (headers or {})
    writer.write(_head(status, more) + body)
    await writer.drain()


async def _send_stream(
    writer: asyncio.StreamWriter,
    format: Format,
    request: FakeRequest,
    spoken: Spoken,
    break_off: int | None,
    pause: float,
) -> None:
    writer.write(_head(200, {"content-type": format.content_type, "transfer-encoding": "chunked"}))
    for number, piece in enumerate(format.stream(request, spoken)):
        if number == break_off:
            await _break_off(writer, b"")
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        if pause:
            await writer.drain()
            await asyncio.sleep(pause)
    writer.write(b"0\r\n\r\n")
    await writer.drain()


async def _break_off(writer: asyncio.StreamWriter, last: bytes) -> None:
    writer.write(last)
    await writer.drain()
    writer.close()
    raise _Hangup


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
