"""The client of the API: what it makes of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from greatwheel.channels.cli.client import ApiClient

ENDS = "\u2028 \u2029 \x85"
"""What Unicode takes for ends of lines, and JSON may hold as they are."""


class Pieces(httpx.SyncByteStream):
    """An answer's body in pieces of a few bytes."""

    def __init__(self, body: bytes, size: int) -> None:
        self._body = body
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        for start in range(0, len(self._body), self._size):
            yield self._body[start : start + self._size]


@pytest.mark.parametrize("size", [1, 7, 10_000])
def test_events_hold_any_text(size: int) -> None:
    """An event whose text holds other ends of lines arrives as it was sent, in whatever pieces it comes."""
    text = json.dumps({"text": ENDS}, ensure_ascii=False)
    body = f': still here\n\nevent: message.sent\nid: 7\ndata: {text}\n\nevent: task.ended\ndata: {{"answer": "é"}}\n\n'
    answers = httpx.MockTransport(lambda request: httpx.Response(200, stream=Pieces(body.encode(), size)))
    client = ApiClient("http://server", "key", transport=answers)
    assert list(client.events("tsk_1")) == [("message.sent", json.loads(text)), ("task.ended", {"answer": "é"})]
