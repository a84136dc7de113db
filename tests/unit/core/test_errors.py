"""The tree of errors."""

import re

import pytest

from greatwheel.channels.cli.client import ServerUnavailable
from greatwheel.channels.http.app import create_app
from greatwheel.core import errors
from greatwheel.core.errors import GreatwheelError, ModelBusy
from greatwheel.runtime.record import ReplayMismatch

CHANNELS = (ServerUnavailable, create_app)
"""Their modules bring the channels' own errors into the tree, whichever tests are loaded beside these."""


def tree(root: type[GreatwheelError] = GreatwheelError) -> list[type[GreatwheelError]]:
    return [root, *(each for child in root.__subclasses__() for each in tree(child))]


def drawn() -> dict[str, str]:
    """Class and base as the module's docstring draws them."""
    found: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"^( {4}[│ ]*(?:[├└]── )?)([A-Z]\w+)(?: {2,}|$)", line)
        if match is None:
            continue
        depth, name = len(match[1]) // 4, match[2]
        above = [pair for pair in above if pair[0] < depth]
        found[name] = above[-1][1] if above else "Exception"
        above.append((depth, name))
    return found


def test_the_drawing_is_the_tree() -> None:
    """The tree in the docstring has every class of the module, below its base, and nothing else."""
    classes = {cls.__name__: cls.__bases__[0].__name__ for cls in tree() if cls.__module__ == errors.__name__}
    assert drawn() == classes


def test_codes_are_unique() -> None:
    """No two errors share a code, and each class states its own."""
    codes = [cls.__dict__["code"] for cls in tree()]
    assert len(set(codes)) == len(codes)
    assert {ReplayMismatch.code, ServerUnavailable.code} <= set(codes)


@pytest.mark.parametrize("cls", tree(), ids=lambda cls: cls.__name__)
def test_each_error_maps_to_a_status_and_an_exit_code(cls: type[GreatwheelError]) -> None:
    """Each error has a wire code, a failing HTTP status and an exit code that no signal or success uses."""
    assert re.fullmatch(r"internal|[a-z]+(\.[a-z_]+)", cls.code)
    assert 400 <= cls.http_status < 600
    assert 2 <= cls.exit_code < 126
    assert isinstance(cls.retryable, bool)


@pytest.mark.parametrize("cls", tree(), ids=lambda cls: cls.__name__)
def test_the_docstring_is_the_default_message(cls: type[GreatwheelError]) -> None:
    """Without a message an error says its docstring, which is a sentence of its own."""
    said = str(cls())
    assert said == cls.__doc__
    assert said.endswith(".")
    assert str(cls("other")) == "other"


def test_what_a_server_asks_to_wait_is_kept() -> None:
    """A model error carries the pause that its server asked for."""
    assert ModelBusy("later", retry_after=3.5).retry_after == 3.5
    assert ModelBusy().retry_after is None
