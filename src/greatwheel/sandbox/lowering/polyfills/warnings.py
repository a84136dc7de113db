# mypy: ignore-errors
"""Guest source of `warnings`: filters are accepted and warnings go to stderr."""

import sys as _sys


def filterwarnings(action, message="", category=None, module="", lineno=0, append=False):
    _state["silent"] = action == "ignore"


def simplefilter(action, category=None, lineno=0, append=False):
    _state["silent"] = action == "ignore"


def resetwarnings():
    _state["silent"] = False


def warn(message, category=None, stacklevel=1, source=None):
    if not _state["silent"]:
        print(f"UserWarning: {message}", file=_sys.stderr)


class catch_warnings:
    def __init__(self, *, record=False, module=None, action=None, category=None, lineno=0, append=False):
        self._record = record

    def __enter__(self):
        self._before = _state["silent"]
        return [] if self._record else None

    def __exit__(self, kind, value, trace):
        _state["silent"] = self._before
        return False


_state = {"silent": False}
