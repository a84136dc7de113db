"""The source of the guest's tools, as text."""

from __future__ import annotations

from importlib import resources

GUEST_TOOLS = resources.files("greatwheel.runtime").joinpath("guest_tools.py").read_text(encoding="utf-8")
"""Run in every session before its data is set."""
