"""What child loops are asked."""

from __future__ import annotations

from typing import Any

import pytest

from greatwheel.bus.children import MOST_PARTS, orders_of


def test_a_batch_has_a_part_for_each_question() -> None:
    """Contexts go to their questions by place; a single one goes to all."""
    each = orders_of("batch_rlm_query", {"questions": ["a", 2], "contexts": ["x", "y"], "model": "m"})
    assert [(order.input, order.context, order.model) for order in each] == [("a", "x", "m"), ("2", "y", "m")]
    shared = orders_of("batch_rlm_query", {"questions": ["a", "b"], "contexts": {"k": 1}})
    assert [order.context for order in shared] == [{"k": 1}, {"k": 1}]
    [single] = orders_of("rlm_query", {"question": "a", "context": "x"})
    assert (single.input, single.context, single.agent) == ("a", "x", None)


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"questions": "one"}, TypeError),
        ({"questions": ["a"], "contexts": ["x", "y"]}, ValueError),
        ({"questions": []}, ValueError),
        ({"questions": ["a"] * (MOST_PARTS + 1)}, ValueError),
        ({"questions": [" "], "contexts": "x"}, ValueError),
        ({"questions": ["a"], "model": 3}, TypeError),
    ],
)
def test_arguments_that_do_not_fit_are_refused(kwargs: dict[str, Any], error: type[Exception]) -> None:
    """What is no batch raises Python's own errors, for the guest."""
    with pytest.raises(error):
        orders_of("batch_rlm_query", kwargs)
