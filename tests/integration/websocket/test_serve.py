"""Web sockets of `greatwheel serve`."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from greatwheel.channels.cli import serve
from greatwheel.channels.http.serving import listening

from ...browser.serving import Wheel, serving
from .conftest import talking


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def test_a_server_has_them_at_both_ports(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task is carried out for a client at /ws of the API's port, and for one at the port for web sockets alone."""
    port = free_port()
    monkeypatch.setenv("GREATWHEEL_SERVER__WEBSOCKET_PORT", str(port))
    with serving(database_url, tmp_path) as wheel:
        for url in (f"{wheel.url.replace('http', 'ws')}/ws", f"ws://127.0.0.1:{port}"):
            await _talk(wheel, url)


async def _talk(wheel: Wheel, url: str) -> None:
    await asyncio.to_thread(wheel.script.answer, "hello", "Good morning!")
    async with talking(url, wheel.key) as talk:
        await talk.ask("submit", input="hello")
        while (heard := await talk.hear())["type"] != "ended":
            assert heard["type"] == "event", heard
        assert heard["task"]["status"] == "done"


def test_a_port_that_is_taken_is_said_and_done_without(capsys: pytest.CaptureFixture[str]) -> None:
    """Web sockets are at /ws then; port 0 is none at all, and says nothing."""
    with listening("127.0.0.1", 0) as taken:
        place = serve._Place(host="127.0.0.1", port=0, websocket_port=taken.getsockname()[1])
        with serve._for_web_sockets(place) as found:
            assert found is None
    assert f"port {place.websocket_port} can't be had" in capsys.readouterr().err
    with serve._for_web_sockets(serve._Place(host="127.0.0.1", port=0, websocket_port=0)) as found:
        assert found is None
    assert capsys.readouterr().err == ""
