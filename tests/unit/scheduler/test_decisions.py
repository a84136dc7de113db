"""The scheduler's decisions: from values to values."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.core.budgets import Budget
from greatwheel.core.errors import BadInput, BudgetExceeded, ModelNotFound
from greatwheel.core.tasks import TaskStatus
from greatwheel.scheduler.limits import Counter, refusal
from greatwheel.scheduler.outcomes import Part, error_of, outcome_of, reason_of
from greatwheel.scheduler.retrying import Retrying
from greatwheel.scheduler.shares import effective, handed_on, lesser, require_within, share

DAY, MONTH = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)


def part(status: TaskStatus = "done", **more: object) -> Part:
    return Part(agent="b", kind="agent", status=status, **more)  # type: ignore[arg-type]


def test_an_agents_data_come_before_its_words() -> None:
    """A call's value is the agent's result, or its answer; a child loop's is its answer."""
    assert outcome_of("agent.call", [part(answer="text", result=[1])]).answer == b"[1]"
    assert outcome_of("agent.call", [part(answer="text")]).answer == b'"text"'
    child = Part(agent="b", kind="child", status="done", answer="text", result=[1])
    assert json.loads(outcome_of("batch_rlm_query", [child, child]).answer or b"") == ["text", "text"]


def test_the_first_part_that_failed_gives_the_error() -> None:
    """A batch with failures has the error of the first in order, and no answer; all parts' usage counts."""
    usage = {"prompt_tokens": 2, "completion_tokens": 1}
    parts = [part(usage=usage), part("failed", error="KeyError: 'x'", usage=usage), part("cancelled")]
    outcome = outcome_of("batch_rlm_query", parts)
    assert (outcome.answer, outcome.error) == (None, "KeyError: 'x'")
    assert (outcome.prompt_tokens, outcome.completion_tokens) == (4, 2)


def test_ends_that_no_guest_raised_are_agent_failed() -> None:
    """Dead and cancelled tasks are AgentFailed to their caller, but for those at a limit; open ones have no outcome."""
    assert error_of(part("dead", error="lost")) == "AgentFailed: the agent 'b' could not be run: lost"
    refused = part("dead", error="LimitReached: until tomorrow", error_code="limit.reached")
    assert error_of(refused) == "LimitReached: until tomorrow"
    assert error_of(part("cancelled")) == "AgentFailed: the task of agent 'b' was cancelled"
    assert error_of(part()) is None
    with pytest.raises(ValueError, match="running"):
        error_of(part("running"))


def test_a_foreign_errors_words_are_not_shown() -> None:
    """Our own errors are told in one line, of others only the type."""
    assert reason_of(ModelNotFound("no model x\nmore")) == "ModelNotFound: no model x"
    assert reason_of(OSError("/home/secret")) == "an internal error (OSError)"


def test_a_budget_is_put_together_from_its_layers() -> None:
    """Later layers replace fields; unknown names and None are passed over."""
    budget = effective(Budget(tokens=10), {"tokens": 20, "steps": None}, {"depth": 7, "colour": "red"})
    assert (budget["tokens"], budget["steps"], budget["depth"]) == (20, Budget().steps, 7)
    assert "colour" not in budget


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.integers(1, 50))
def test_shares_never_exceed_what_is_left(tokens: int, used: int, parts: int) -> None:
    """All parts together get less than what is left, or the call is refused."""
    parent = effective(Budget(tokens=tokens, model_calls=1000, depth=3))
    try:
        given_out = share(parent, {"prompt_tokens": used}, parts, "child")
    except BudgetExceeded:
        assert tokens - used < parts + 1
    else:
        assert 0 < given_out["tokens"] * parts <= tokens - used
        assert given_out["depth"] == 2


def test_deep_calls_have_something_left() -> None:
    """Of the usual budget the tenth part reaches the eighth of calls that are nested in one another."""
    budget = effective(Budget())
    for _ in range(8):
        budget = share(budget, {}, 1, "agent")
    assert (budget["tokens"], budget["model_calls"]) == (20_022, 19)


def test_an_agents_own_limits_hold_within_its_share() -> None:
    """Of each limit the lesser one holds; those that the agent does not have stay."""
    assert lesser({"tokens": 100, "steps": 5}, {"tokens": 50, "steps": None}) == {"tokens": 50, "steps": 5}


def test_an_order_narrows_its_agents_budget_and_never_widens_it() -> None:
    """Less, or as much, is taken; more is refused with the field, what was asked, and what there is."""
    most = effective(Budget(tokens=1_000, seconds=60.0), {"steps": 20})
    require_within({"tokens": 1_000, "steps": 20, "seconds": None}, most)
    with pytest.raises(BadInput, match=r"tokens = 1,001; tasks of this agent may use 1,000 at most"):
        require_within({"tokens": 1_001}, most)
    with pytest.raises(BadInput, match=r"seconds = 61\.5; .* 60\.0 at most"):
        require_within({"seconds": 61.5}, most)


def test_what_is_handed_on_is_what_is_left() -> None:
    """A task that nobody waits for gets what its caller has left; when that is nothing, it is refused."""
    budget = effective(Budget(tokens=100, model_calls=3, steps=7))
    given_on = handed_on(budget, {"prompt_tokens": 20, "completion_tokens": 10, "model_calls": 1})
    assert (given_on["tokens"], given_on["model_calls"], given_on["steps"]) == (70, 2, 7)
    for used in ({"prompt_tokens": 100}, {"model_calls": 3}):
        with pytest.raises(BudgetExceeded, match="raise tokens or model_calls"):
            handed_on(budget, used)


def test_pauses_grow_and_vary() -> None:
    """The mean pause doubles up to its cap, and each varies around it by half."""
    retrying = Retrying(base_seconds=1.0, cap_seconds=10.0)
    chance = random.Random(1)
    for attempts, mean in ((1, 1.0), (2, 2.0), (3, 4.0), (9, 10.0), (500, 10.0)):
        pauses = [retrying.delay(attempts, chance) for _ in range(50)]
        assert mean * 0.5 <= min(pauses) < mean < max(pauses) <= mean * 1.5


def test_a_refusal_names_the_limit_that_is_free_last() -> None:
    """Of two limits that refuse, the message has the one that resets later; what is set aside counts."""
    day = Counter(user_id="", period="day", used=90, reserved=10, resets=DAY, hard=100)
    month = Counter(user_id="usr_1", period="month", used=100, reserved=0, resets=MONTH, hard=100)
    free = Counter(user_id="", period="month", used=10**9, reserved=0, resets=MONTH)
    said = refusal("tokens", [day, month, free], 1)
    assert said is not None
    assert said.startswith("The user's limit of 100 tokens a month is reached")
    assert said.endswith("it resets at 2026-02-01 00:00 UTC.")
    assert refusal("tokens", [free], 1) is None
