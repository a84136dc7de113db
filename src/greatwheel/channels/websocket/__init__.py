"""The API's events and orders over a web socket, both ways. See docs/websocket.md."""

import greatwheel.channels.http  # noqa: F401  it mounts this channel and is built on by it, so it must come first
