"""An OpenAI-compatible server, in a process of its own, that takes a set time for each reply and serves all at once."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

REPLY = "yes"
_USAGE = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
_HEAD = {"id": "1", "created": 1, "model": "slow"}


@asynccontextmanager
async def slow_server(seconds: float) -> AsyncIterator[str]:
    """Its base URL, until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, str(seconds), stdout=asyncio.subprocess.PIPE, stdin=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


async def _serve(seconds: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await _request(reader):
                await asyncio.sleep(seconds)
                writer.write(_streamed() if request.get("stream") else _whole())
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client is gone
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}/v1", flush=True)
    async with server:
        await server.serve_forever()


async def _request(reader: asyncio.StreamReader) -> dict[str, object]:
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
    body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
    request: dict[str, object] = json.loads(body)
    return request


def _whole() -> bytes:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": REPLY}}
    body = json.dumps({**_HEAD, "object": "chat.completion", "choices": [choice], "usage": _USAGE}).encode()
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


def _streamed() -> bytes:
    chunk = {**_HEAD, "object": "chat.completion.chunk"}
    said = {"index": 0, "delta": {"role": "assistant", "content": REPLY}, "finish_reason": None}
    end = {"index": 0, "delta": {}, "finish_reason": "stop"}
    events = [{**chunk, "choices": [said]}, {**chunk, "choices": [end]}, {**chunk, "choices": [], "usage": _USAGE}]
    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode() + b"data: [DONE]\n\n"
    return b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body)


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
