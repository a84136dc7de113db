"""The budget tree."""

import asyncio
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greatwheel.core.budgets import Budget
from greatwheel.core.errors import BudgetExceeded
from greatwheel.core.usage import Usage
from greatwheel.runtime.ledger import Ledger, Reservation


@dataclass
class HandClock:
    """A clock that is set by hand."""

    time: float = 100.0

    def monotonic(self) -> float:
        """See `Clock`."""
        return self.time

    def now(self) -> float:
        """See `Clock`."""
        return self.time


def used(tokens: int) -> Usage:
    return Usage(prompt_tokens=tokens, model_calls=1)


def test_a_reservation_counts_until_it_is_settled() -> None:
    """Reserved tokens are not free for others; settling puts the real usage in their place."""
    ledger = Ledger(Budget(tokens=100, model_calls=2), HandClock())
    held = ledger.reserve(70)
    assert (ledger.left().tokens, ledger.left().model_calls) == (30, 1)
    with pytest.raises(BudgetExceeded, match="31 needed, 30 left of 100"):
        ledger.reserve(31)
    ledger.settle(held, used(10))
    assert (ledger.left().tokens, ledger.left().model_calls) == (90, 1)
    assert ledger.usage == used(10)


def test_a_failed_call_gives_its_reservation_back() -> None:
    """An empty usage frees tokens and the call."""
    ledger = Ledger(Budget(tokens=100, model_calls=1), HandClock())
    ledger.settle(ledger.reserve(100), Usage())
    assert ledger.reserve(100) == Reservation(tokens=100)


def test_calls_run_out() -> None:
    """A model call more than the budget has is refused, with the limit's name."""
    ledger = Ledger(Budget(model_calls=1), HandClock())
    ledger.reserve(1)
    with pytest.raises(BudgetExceeded, match="model_calls"):
        ledger.reserve(1)


def test_time_runs_out() -> None:
    """When the seconds are over, nothing can be reserved or begun."""
    clock = HandClock()
    ledger = Ledger(Budget(seconds=5), clock)
    clock.time += 4.9
    ledger.check_time()
    clock.time += 0.1
    for act in (ledger.check_time, ledger.step, lambda: ledger.reserve(1)):
        with pytest.raises(BudgetExceeded, match="raise seconds"):
            act()
    assert ledger.left().seconds == 0


def test_steps_run_out() -> None:
    """Steps are numbered from 1 and end with the budget."""
    ledger = Ledger(Budget(steps=2), HandClock())
    assert (ledger.step(), ledger.step()) == (1, 2)
    with pytest.raises(BudgetExceeded, match="raise steps"):
        ledger.step()
    assert (ledger.steps, ledger.left().steps) == (2, 0)


def test_a_child_has_half_of_what_is_left_and_one_level_less() -> None:
    """A child's share is cut from what its parent has left; what it uses counts for both."""
    clock = HandClock()
    parent = Ledger(Budget(tokens=100, model_calls=10, seconds=60, depth=2, steps=3), clock)
    parent.settle(parent.reserve(20), used(20))
    clock.time += 20
    child = parent.child()
    assert child.budget == Budget(tokens=40, model_calls=4, seconds=40, depth=1, steps=3)
    child.settle(child.reserve(30), used(25))
    assert child.usage == used(25)
    assert parent.usage.tokens == 45
    with pytest.raises(BudgetExceeded):
        child.reserve(16)


def test_depth_runs_out() -> None:
    """The last level starts no child."""
    ledger = Ledger(Budget(depth=1), HandClock())
    with pytest.raises(BudgetExceeded, match="raise depth"):
        ledger.child().child()


def test_a_parent_limits_its_children() -> None:
    """What siblings have reserved is not free for a child, whatever its own share is."""
    parent = Ledger(Budget(tokens=100), HandClock())
    first, second = parent.child(), parent.child()
    first.reserve(50)
    second.reserve(50)
    assert (first.left().tokens, parent.left().tokens) == (0, 0)
    with pytest.raises(BudgetExceeded):
        parent.reserve(1)


def test_a_leaf_counts_apart_and_has_the_limits_of_its_parent() -> None:
    """A leaf tells what one host call used; limits are the run's."""
    parent = Ledger(Budget(tokens=100, steps=5), HandClock())
    parent.step()
    leaf = parent.leaf()
    leaf.settle(leaf.reserve(60), used(60))
    leaf.add(Usage(host_calls=1))
    assert leaf.usage == Usage(prompt_tokens=60, model_calls=1, host_calls=1)
    assert parent.usage == leaf.usage
    assert leaf.left() == parent.left()


async def test_a_call_holds_as_much_as_it_can_use() -> None:
    """If so much is left; else all that is left, when that is likely to suffice."""
    ledger = Ledger(Budget(tokens=100), HandClock())
    assert await ledger.hold(20, 60) == Reservation(tokens=60)
    assert await ledger.hold(20, 60) == Reservation(tokens=40)


@pytest.mark.parametrize("below", ["itself", "leaf", "child"])
async def test_a_call_waits_for_what_others_hold(below: str) -> None:
    """It goes on when one of them has used less; it is refused when what was used leaves too little."""
    ledger = Ledger(Budget(tokens=100), HandClock())
    inner = {"itself": lambda: ledger, "leaf": ledger.leaf, "child": ledger.child}[below]()
    first = await ledger.hold(20, 100)
    second, third = [asyncio.create_task(inner.hold(30, 40)) for _ in range(2)]
    await asyncio.sleep(0)
    assert not second.done()
    ledger.settle(first, used(25))
    assert await second == Reservation(tokens=40)
    inner.settle(second.result(), used(30))
    if below == "child":
        with pytest.raises(BudgetExceeded):
            await third
    else:
        assert await third == Reservation(tokens=35)
    with pytest.raises(BudgetExceeded, match="76 needed"):
        await ledger.hold(76, 90)


async def test_nobody_waits_for_what_was_promised() -> None:
    """What others may use does not come back: who needs it is refused, also who waited for a call already."""
    ledger = Ledger(Budget(tokens=100), HandClock())
    held = await ledger.hold(20, 40)
    waiting = asyncio.create_task(ledger.leaf().hold(80, 90))
    await asyncio.sleep(0)
    ledger.promise(50, 1)
    with pytest.raises(BudgetExceeded, match="80 needed, 10 left"):
        await waiting
    ledger.settle(held, used(10))
    assert await ledger.hold(30, 90) == Reservation(tokens=40)


@given(st.data())
def test_reservations_made_together_never_pass_a_limit(data: st.DataObject) -> None:
    """However reservations, settlements and children are mixed over a tree, no limit in it is passed."""
    clock = HandClock()
    root = Ledger(Budget(tokens=data.draw(st.integers(0, 300)), model_calls=data.draw(st.integers(0, 12))), clock)
    ledgers = [root]
    held: list[tuple[Ledger, Reservation]] = []
    for _ in range(data.draw(st.integers(0, 30))):
        act = data.draw(st.sampled_from(["reserve", "settle", "child", "leaf"]))
        ledger = data.draw(st.sampled_from(ledgers))
        try:
            if act == "reserve":
                held.append((ledger, ledger.reserve(data.draw(st.integers(0, 120)))))
            elif act == "settle" and held:
                owner, reservation = held.pop(data.draw(st.integers(0, len(held) - 1)))
                owner.settle(reservation, used(data.draw(st.integers(0, reservation.tokens))))
            elif act == "child":
                ledgers.append(ledger.child())
            elif act == "leaf":
                ledgers.append(ledger.leaf())
        except BudgetExceeded:
            continue
        reserved = sum(reservation.tokens for _, reservation in held)
        assert root.usage.tokens + reserved <= root.budget.tokens
        assert root.usage.model_calls + len(held) <= root.budget.model_calls
        assert root.left().tokens == root.budget.tokens - root.usage.tokens - reserved
        for each in ledgers:
            assert each.usage.tokens <= each.budget.tokens
