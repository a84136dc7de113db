"""The HTTP API: `create_app` makes it for an installation, `server_of` serves it."""

from greatwheel.channels.http.app import create_app
from greatwheel.channels.http.health import Probe, model_probe
from greatwheel.channels.http.serving import listening, server_of

__all__ = ["Probe", "create_app", "listening", "model_probe", "server_of"]
