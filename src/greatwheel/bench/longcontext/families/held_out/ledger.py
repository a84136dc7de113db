"""Payments as blocks of labelled lines."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from greatwheel.bench.longcontext.families.held_out.pools import GOODS, persons
from greatwheel.bench.longcontext.scoring import Expected, Name, Number
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import pick

_QUESTION = {
    "paid": (
        "How much money went to {payee} in all?",
        "What did the payments to {payee} come to in total?",
        "Work out the overall sum paid to {payee}.",
        "I'd like the grand total of what {payee} received.",
        "{payee} was paid several times. How much altogether?",
    ),
    "entries": (
        "How many payments fall under {good}?",
        "In the category {good}, how many entries exist?",
        "{good}: number of entries, please.",
        "Tell me how many times something was booked as {good}.",
        "Bookings for {good}: how many?",
    ),
    "largest": (
        "Who received the single largest payment?",
        "The biggest individual payment went to whom?",
        "Look for the entry with the highest sum. Who is its payee?",
        "Which payee got the largest amount in one go?",
        "To whom was the most expensive single entry paid?",
    ),
    "month": (
        "How many payments were made in {month}?",
        "Number of payments during {month}?",
        "In {month}, how many times was money paid out?",
        "Payments that took place in {month}: how many?",
        "Going by the dates, how many entries belong to {month}?",
    ),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Payment:
    """One block."""

    number: int
    payee: str
    good: str
    day: date
    cents: int

    def render(self, rule: str, marks: tuple[str, str, str]) -> str:
        """As labelled lines under a rule."""
        payee, good, paid = marks
        amount = f"{self.cents / 100:,.2f} EUR"
        head = f"{rule}\nEntry no. {self.number}\n{payee}: {self.payee}\n{good}: {self.good}"
        return f"{head}\nDate: {self.day:%d %b %Y}\n{paid}: {amount}"


def ledger(seed: int, size_chars: int) -> BenchTask:
    """Totals, counts and the largest of payments."""
    rng = random.Random(f"ledger:{seed}:{size_chars}")
    kind = ("paid", "entries", "month", "largest")[seed % 4]
    marks = rng.choice((("Payee", "Category", "Amount"), ("Paid to", "Booked as", "Sum"), ("To", "For", "Total")))
    rule = rng.choice(("-----", "=====", "* * *", ""))
    payees = persons(rng, 30)
    count = size_chars // 98
    cents = rng.sample(range(500, 900_000 + 40 * count), count)
    payments = [
        Payment(number=i + 1, payee=payee, good=good, day=date(2019, 1, 1) + timedelta(days=days), cents=amount)
        for i, (payee, good, days, amount) in enumerate(
            zip(rng.choices(payees, k=count), rng.choices(GOODS, k=count), _days(rng, count), cents, strict=True)
        )
    ]
    payee = Counter(x.payee for x in payments).most_common()[-1][0]
    good, some = rng.choice(GOODS), rng.choice(payments).day
    largest = max(payments, key=lambda x: x.cents).payee
    answers: dict[str, Expected] = {
        "paid": Number(value=sum(x.cents for x in payments if x.payee == payee) / 100),
        "entries": Number(value=sum(x.good == good for x in payments)),
        "largest": Name(value=largest, rivals=tuple(name for name in payees if name != largest)),
        "month": Number(value=sum((x.day.year, x.day.month) == (some.year, some.month) for x in payments)),
    }
    return BenchTask(
        family="ledger",
        seed=seed,
        question=pick(rng, _QUESTION[kind], payee=payee, good=good, month=f"{some:%B %Y}"),
        context="\n".join(x.render(rule, marks) for x in payments),
        expected=answers[kind],
        facts={"kind": kind, "payee": payee, "good": good, "month": f"{some:%b %Y}"},
    )


def _days(rng: random.Random, count: int) -> list[int]:
    return sorted(rng.choices(range(1_400), k=count))
