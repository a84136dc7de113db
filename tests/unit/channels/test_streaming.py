"""Server-sent events as they go over the wire."""

from __future__ import annotations

import json

from greatwheel.channels.http.streaming import sse


def test_an_event_is_one_line_for_every_client() -> None:
    """What some clients take for the end of a line (U+0085, U+2028, U+2029) is escaped, and comes back as it was."""
    text = "a\u2028b\u2029c\u0085d\r\ne\x0bé"
    sent = sse("message.sent", {"text": text}, 7).decode()
    lines = sent.removesuffix("\n\n").splitlines()
    assert len(lines) == 3
    data = next(line for line in lines if line.startswith("data: "))
    assert json.loads(data.removeprefix("data: ")) == {"text": text}
