"""Files of named statements."""

from __future__ import annotations

import pytest

from greatwheel.database.queries import parse

GOOD = """-- What this file is about.

-- name: one
-- Says one
-- in two lines.
select 1;

-- name: two
-- Says two.
select %(x)s::integer,
  2
"""


def test_statements_are_found_by_name() -> None:
    """Each statement has its text, without its comments and its semicolon."""
    assert dict(parse(GOOD)) == {"one": "select 1", "two": "select %(x)s::integer,\n  2"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("select 1", "before the first"),
        ("-- name: one two\n-- About.\nselect 1", "no name"),
        ("-- name: one\nselect 1", "no description"),
        ("-- name: one\n-- About.\n", "empty"),
        ("-- name: one\n-- About.\nselect 1\n-- name: one\n-- About.\nselect 2", "two statements"),
    ],
)
def test_a_file_that_is_wrong_is_refused(text: str, said: str) -> None:
    """A statement without a name, a description or a text is refused, and so are two of one name."""
    with pytest.raises(ValueError, match=said):
        parse(text)
