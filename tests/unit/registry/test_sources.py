"""What code an agent may have."""

from __future__ import annotations

import pytest

from greatwheel.core.errors import SourceRefused
from greatwheel.registry.sources import check_source

GOOD = {
    "plain": "def handle(task):\n    return task['input']\n",
    "defaults": "def handle(task, *, style='short', depth=1):\n    return 1\n",
    "any": "def handle(*tasks):\n    return 1\n",
    "beside others": "import json\n\ndef other(a):\n    return a\n\ndef handle(task):\n    return other(1)\n",
    "unknown modules are the guest's own trouble": "def handle(task):\n    import socket\n",
}
BAD = {
    "": "defines no function handle",
    "x = 1\n": "defines no function handle",
    "def outer():\n    def handle(task):\n        pass\n": "defines no function handle",
    "def handle(task:\n    pass\n": "line 1: ",
    "x = 1\n\ndef handle(task):\n    return (\n": "line 4: ",
    "def handle(task):\nreturn 1\n": "line 2: ",
    "def handle():\n    pass\n": "line 1: handle must take one argument",
    "def handle(a, b):\n    pass\n": "line 1: handle must take one argument",
    "def handle(a, *, b):\n    pass\n": "line 1: handle must take one argument",
    "async def handle(task):\n    pass\n": "line 1: handle must be a plain function",
    "class handle:\n    pass\n": "line 1: handle must be a plain function",
    "def handle(task):\n    pass\n\0": "line 3: ",
    "def handle(task):\n    return " + "(" * 3_000 + ")" * 3_000: "nest",
    "def handle(task):\n    return " + "-" * 90_000 + "1": "nest",
    "#" * 140_000: "140,000 characters",
    "def handle(task):\n    return '\ud800'\n": "surrogates",
}


@pytest.mark.parametrize("source", GOOD.values(), ids=GOOD.keys())
def test_code_with_a_handle_is_taken(source: str) -> None:
    """Code that parses and defines a function that takes a task is an agent."""
    assert check_source(source, name="agent.py") is None


@pytest.mark.parametrize(("source", "reason"), BAD.items(), ids=range(len(BAD)))
def test_other_code_is_refused_with_line_and_reason(source: str, reason: str) -> None:
    """Code that no task could run is refused in one line that names the file, the line and the reason."""
    with pytest.raises(SourceRefused) as refused:
        check_source(source, name="agent.py")
    said = str(refused.value)
    assert said.startswith("agent.py")
    assert reason in said
    assert "\n" not in said
