"""The agents that come with the product: `agents/` of the repository, which the wheel holds as `registry/bundled/`."""

from __future__ import annotations

from pathlib import Path

FILE = "agents.toml"

_HERE = Path(__file__).parent
_PLACES = (_HERE / "bundled", _HERE.parents[2] / "agents")


def bundled_folder() -> Path:
    """The folder of agents.toml and the code it names, whether the product is installed or a checkout."""
    return next(place for place in _PLACES if (place / FILE).is_file())
