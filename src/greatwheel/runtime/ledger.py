"""The budget tree: reserved before a model call, settled after, over a run and all its children."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from greatwheel.core.budgets import Budget, BudgetLeft
from greatwheel.core.clock import Clock
from greatwheel.core.errors import BudgetExceeded, StepsUsedUp
from greatwheel.core.usage import Tally, Usage


@dataclass(frozen=True, kw_only=True, slots=True)
class Reservation:
    """Tokens set aside for one model call."""

    tokens: int


class Ledger:
    """What a run may still use. Children draw on their own limits and on their parent's.

    A reservation counts as used until it is settled, so calls made together can't pass a limit together.
    """

    def __init__(self, budget: Budget, clock: Clock, parent: Ledger | None = None) -> None:
        self.budget = budget
        self._used = Tally()
        self._clock = clock
        self._parent = parent
        self._reserved_tokens = 0
        self._reserved_calls = 0
        self._promised_tokens = 0
        """Of those that are reserved: they don't come back here."""
        self._started = clock.monotonic()
        self._steps = 0
        self._freed = asyncio.Event()

    @property
    def usage(self) -> Usage:
        """What was used of this ledger, children included."""
        return self._used.total

    @property
    def seconds(self) -> float:
        """Since this ledger was opened."""
        return self._clock.monotonic() - self._started

    @property
    def seconds_left(self) -> float:
        """Until this ledger's time is over, or a parent's; never below zero."""
        own = max(0.0, self.budget.seconds - self.seconds)
        return own if self._parent is None else min(own, self._parent.seconds_left)

    def restore(self, usage: Usage, seconds: float, steps: int) -> None:
        """Go on from what an earlier attempt had used."""
        self._used.add(usage)
        self._started -= seconds
        self._steps = steps

    @property
    def steps(self) -> int:
        """Steps begun."""
        return self._steps

    def left(self) -> BudgetLeft:
        """What may still be used, the parents' limits included; never below zero."""
        used, budget = self._used, self.budget
        tokens = used.prompt_tokens + used.completion_tokens
        own = BudgetLeft(
            tokens=max(0, budget.tokens - tokens - self._reserved_tokens),
            model_calls=max(0, budget.model_calls - used.model_calls - self._reserved_calls),
            seconds=self.seconds_left,
            depth=budget.depth,
            steps=max(0, budget.steps - self._steps),
        )
        if self._parent is None:
            return own
        above = self._parent.left()
        return BudgetLeft(
            tokens=min(own.tokens, above.tokens),
            model_calls=min(own.model_calls, above.model_calls),
            seconds=own.seconds,
            depth=own.depth,
            steps=own.steps,
        )

    def check_time(self) -> None:
        """Raise BudgetExceeded when the time is over."""
        if self.seconds_left <= 0:
            raise self.out_of_time()

    def out_of_time(self) -> BudgetExceeded:
        """The error that ends a run whose time is over."""
        return BudgetExceeded(f"The time budget is used up ({self.budget.seconds:g} s); raise seconds.")

    def step(self) -> int:
        """Begin a step; its number, from 1. Raises BudgetExceeded when none is left."""
        self.check_time()
        if self._steps >= self.budget.steps:
            raise StepsUsedUp(f"The step budget is used up ({self.budget.steps} steps); raise steps.")
        self._steps += 1
        return self._steps

    def reserve(self, tokens: int) -> Reservation:
        """Set tokens aside for one model call.

        Raises:
            BudgetExceeded: tokens, calls or time would not suffice; nothing is set aside then.
        """
        left = self.left()
        if left.seconds <= 0:
            raise self.out_of_time()
        if left.model_calls < 1:
            raise BudgetExceeded(
                f"The budget of model calls is used up ({self.budget.model_calls}); raise model_calls."
            )
        if left.tokens < tokens:
            raise BudgetExceeded(
                f"The token budget does not suffice: {tokens} needed, {left.tokens} left of {self.budget.tokens};"
                " raise tokens."
            )
        self._hold(tokens, 1)
        return Reservation(tokens=tokens)

    @property
    def spoken_for(self) -> Usage:
        """What was used or is set aside, for whoever divides what is left."""
        aside = Usage(prompt_tokens=self._reserved_tokens, model_calls=self._reserved_calls)
        return self.usage + aside

    def promise(self, tokens: int, calls: int) -> None:
        """Others may use that much, until this ledger is opened anew with what they did use."""
        self._hold(tokens, calls)
        self._promise(tokens)

    async def hold(self, tokens: int, most: int) -> Reservation:
        """As `reserve`, for a call that is likely to use so many tokens and can use no more than `most`.

        As many as it can use are set aside if they are left, else all that are: so calls made together can't pass a
        limit together. While only what calls under way have set aside is in the way, it waits for them.

        Raises:
            BudgetExceeded: as `reserve`.
        """
        while self.left().tokens < tokens <= self._unspent():
            await self._root()._freed.wait()
        return self.reserve(max(tokens, min(most, self.left().tokens)))

    def settle(self, reservation: Reservation, usage: Usage) -> None:
        """Put what a call really used in the place of its reservation (an empty usage gives it back)."""
        self._hold(-reservation.tokens, -1)
        self.add(usage)

    def add(self, usage: Usage) -> None:
        """Count usage here and in every parent."""
        self._used.add(usage)
        if self._parent is not None:
            self._parent.add(usage)

    def leaf(self) -> Ledger:
        """A ledger with no limits of its own: counts apart what one host call uses."""
        return _Leaf(self.budget, self._clock, parent=self)

    def child(self) -> Ledger:
        """The ledger of a child run: half of what is left, one level less of depth.

        Raises:
            BudgetExceeded: no depth is left.
        """
        if self.budget.depth < 1:
            raise BudgetExceeded("The depth budget is used up: this run may not start child loops; raise depth.")
        left = self.left()
        share = Budget(
            tokens=left.tokens // 2,
            model_calls=max(1, left.model_calls // 2),
            seconds=left.seconds,
            depth=self.budget.depth - 1,
            steps=self.budget.steps,
        )
        return Ledger(share, self._clock, parent=self)

    def _hold(self, tokens: int, calls: int) -> None:
        self._reserved_tokens += tokens
        self._reserved_calls += calls
        if self._parent is not None:
            self._parent._hold(tokens, calls)
        elif tokens < 0:
            self._look_again()

    def _promise(self, tokens: int) -> None:
        self._promised_tokens += tokens
        if self._parent is not None:
            self._parent._promise(tokens)
        else:
            self._look_again()

    def _look_again(self) -> None:
        """Wake those who wait in `hold`."""
        self._freed.set()
        self._freed = asyncio.Event()

    def _unspent(self) -> int:
        """Tokens that would be left if no call were under way."""
        used = self._used.prompt_tokens + self._used.completion_tokens
        own = self.budget.tokens - used - self._promised_tokens
        return own if self._parent is None else min(own, self._parent._unspent())

    def _root(self) -> Ledger:
        return self if self._parent is None else self._parent._root()


class _Leaf(Ledger):
    """Counts apart and limits nothing: it has as much left as its parent."""

    def left(self) -> BudgetLeft:
        return super().left() if self._parent is None else self._parent.left()

    def _unspent(self) -> int:
        return super()._unspent() if self._parent is None else self._parent._unspent()
