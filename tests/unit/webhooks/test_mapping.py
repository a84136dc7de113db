"""From payloads to the words and the context of tasks."""

from __future__ import annotations

import pytest

from greatwheel.channels.webhooks.mapping import LONGEST_PLACE, at_path, check_path, check_template, fill
from greatwheel.core.errors import BadInput

PAYLOAD = {
    "action": "opened",
    "pull_request": {"title": "{action} {{x}}", "labels": [{"name": "bug"}, {"name": "ui"}], "draft": False},
    "odd-key": "é",
    "none": None,
}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{action}!", "opened!"),
        ("{pull_request.labels.1.name} {odd-key}", "ui é"),
        ("{pull_request.labels.0} {pull_request.draft}", '{"name": "bug"} false'),
        ("[{pull_request.labels.2.name}{none}{nowhere.at.all}{action.x}{pull_request.labels.name}]", "[]"),
        ("{{action}} {pull_request.title}", "{action} {action} {{x}}"),
        (f"{{pull_request.labels.{'9' * 5_000}}}", ""),
    ],
)
def test_places_are_filled_from_the_payload(template: str, text: str) -> None:
    """A place becomes what is at its path; what a payload says is not filled in turn."""
    check_template(template)
    assert fill(template, PAYLOAD) == text


def test_long_values_are_cut() -> None:
    """A place becomes no more than so many characters."""
    assert fill("{a}", {"a": "x" * 50_000}) == "x" * LONGEST_PLACE


@pytest.mark.parametrize("template", ["{", "a } b", "{a b}", "{a..b}", "{}", "{.a}", "{a}" * 51, "x" * 20_001])
def test_templates_with_a_fault_are_refused(template: str) -> None:
    """A brace that belongs to no place, too many places and too many characters are refused."""
    with pytest.raises(BadInput):
        check_template(template)


@pytest.mark.parametrize("path", ["", "a b", "a..b", ".", "a." * 25 + "a"])
def test_paths_with_a_fault_are_refused(path: str) -> None:
    """What is no path is refused."""
    with pytest.raises(BadInput):
        check_path(path)


@pytest.mark.parametrize("payload", [None, 5, "text", [1, 2], {}])
def test_a_payload_may_be_anything(payload: object) -> None:
    """A path into what is no object leads nowhere."""
    assert at_path(payload, "a.b") is None
