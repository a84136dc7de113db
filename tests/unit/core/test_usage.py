"""Usage adds up."""

from hypothesis import given
from hypothesis import strategies as st

from greatwheel.core.usage import Tally, Usage

COUNTS = st.integers(0, 10**9)
USAGES = st.builds(
    Usage,
    prompt_tokens=COUNTS,
    completion_tokens=COUNTS,
    model_calls=COUNTS,
    host_calls=COUNTS,
    model_seconds=COUNTS.map(float),
)


@given(USAGES, USAGES, USAGES)
def test_usage_adds_up_in_any_order(one: Usage, two: Usage, three: Usage) -> None:
    """The sum of usages does not depend on their order or grouping, and an empty one changes nothing."""
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + Usage() == one


@given(USAGES, USAGES)
def test_each_count_is_summed(one: Usage, two: Usage) -> None:
    """Each count of a sum is the sum of that count, tokens being prompts and completions together."""
    both = one + two
    assert both.tokens == one.prompt_tokens + one.completion_tokens + two.prompt_tokens + two.completion_tokens
    assert both.model_calls == one.model_calls + two.model_calls
    assert both.host_calls == one.host_calls + two.host_calls
    assert both.model_seconds == one.model_seconds + two.model_seconds


@given(st.lists(USAGES, max_size=5))
def test_a_tally_is_the_sum_of_what_was_added(usages: list[Usage]) -> None:
    """Adding up in place gives what the sum of the usages gives."""
    tally = Tally()
    for usage in usages:
        tally.add(usage)
    assert tally.total == sum(usages, start=Usage())
