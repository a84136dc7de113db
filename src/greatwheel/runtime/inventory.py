"""What people are told of a session's variables."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from greatwheel.sandbox.port import PREVIEW_CHARS, Variable
from greatwheel.tenancy.key_format import SESSION_KEY_START

MOST = 500
"""Variables that are told of, the newest ones."""
HIDDEN_NAMES = frozenset({"SESSION_KEY"})
_CODE = frozenset({"function", "type", "builtin_function_or_method", "method", "module"})
"""Types of names that hold no data."""
_KEY = re.compile(rf"{SESSION_KEY_START}[0-9a-f]*")


def inventory_of(known: Sequence[Variable]) -> list[Mapping[str, Any]]:
    """Name, type, size and a short preview of each variable that holds data; the session's key stands in none."""
    shown = [each for each in known if each.name not in HIDDEN_NAMES and each.type not in _CODE]
    return [
        {
            "name": each.name,
            "type": each.type,
            "size": each.size,
            "preview": _KEY.sub("[session key]", each.preview)[:PREVIEW_CHARS],
        }
        for each in shown[-MOST:]
    ]
