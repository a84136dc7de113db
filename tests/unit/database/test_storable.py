"""What Postgres refuses."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from greatwheel.database.storable import storable


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_what_is_stored_has_no_text_that_postgres_refuses(value: object) -> None:
    """No NUL and no half of a surrogate pair is left, whatever a guest returns."""
    text = json.dumps(storable(value), ensure_ascii=False)
    assert "\\u0000" not in text.replace("\\\\", "")
    text.encode("utf-8")
