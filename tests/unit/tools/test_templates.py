"""Templates of requests."""

from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.tools.templates import fill_header, fill_path, fill_text, fill_value, names_in

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


def test_places_are_found_at_any_depth() -> None:
    """A template's arguments and secrets are known before it is filled."""
    template = {"a": ["{one} and {secret:KEY}", {"b": "{two}{{three}}"}], "c": 4}
    assert names_in(template) == ({"one", "two"}, {"KEY"})


def test_an_argument_is_not_read_as_a_template() -> None:
    """An argument that reads like a place for a secret stays what it is."""
    assert fill_text("{q} {{x}}", {"q": "{secret:KEY} {other}"}, {"KEY": "hidden"}) == "{secret:KEY} {other} {x}"


@given(TEXTS, TEXTS)
def test_an_argument_stays_in_its_segment_of_a_path(one: str, other: str) -> None:
    """Whatever an argument holds, the path has the template's segments, or the call is refused."""
    try:
        path = fill_path("/v1/{one}/x{other}/end", {"one": one, "other": other}, {})
    except ValueError:
        assert one in ("", ".", "..") or other == ""
        return
    parts = urlsplit(f"https://host{path}")
    assert (parts.netloc, parts.query, parts.fragment) == ("host", "", "")
    assert [unquote(segment) for segment in parts.path.split("/")] == ["", "v1", one, f"x{other}", "end"]


@pytest.mark.parametrize(("template", "value"), [("/a/{x}{x}/b", "."), ("/a/.{x}", "."), ("/{x}", "..")])
def test_no_argument_leads_up_a_path(template: str, value: str) -> None:
    """Segments that would become `..` are refused, also when they are put together."""
    with pytest.raises(ValueError, match="address of a request"):
        fill_path(template, {"x": value}, {})


@pytest.mark.parametrize("value", ["a\r\nX-Admin: 1", "a\nb", "a\0"])
def test_an_argument_can_not_add_a_header(value: str) -> None:
    """Line breaks in what goes into a header are refused."""
    with pytest.raises(ValueError, match="line breaks"):
        fill_header("Bearer {x}", {"x": value}, {})


@pytest.mark.parametrize(
    ("template", "filled"),
    [
        ({"n": "{n}", "text": "n is {n}", "fixed": True}, {"n": 3, "text": "n is 3", "fixed": True}),
        ({"left": "{out}", "list": ["{n}", "{out}"]}, {"list": [3]}),
        ("{out}", None),
        ({"key": "{secret:KEY}"}, {"key": "hidden"}),
    ],
)
def test_a_body_keeps_types_and_leaves_out_what_was_left_out(template: Any, filled: Any) -> None:
    """A place alone becomes the argument with its type; a part without its argument is not sent."""
    assert fill_value(template, {"n": 3}, {"KEY": "hidden"}) == filled
