"""The console: the web page that the server offers at `/`."""

from greatwheel.channels.console.router import router

__all__ = ["router"]
