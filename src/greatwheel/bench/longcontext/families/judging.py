"""Items that a model must judge one by one: no key words decide.

A judged count may be off by one in seven (at least one); a judged list needs an F1 of 0.8.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from greatwheel.bench.longcontext.contexts import bury, prose
from greatwheel.bench.longcontext.scoring import Chosen, Number
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import PRODUCTS, pick

REVIEWS: Mapping[str, tuple[str, ...]] = {
    "positive": (
        "I would buy this {x} again tomorrow, my whole family loves it.",
        "Best {x} I have ever owned, worth every cent.",
        "It arrived early and works like a dream; five stars.",
        "After a year of daily use the {x} still looks brand new. Delighted.",
        "My neighbours keep borrowing this {x} because it is so good.",
        "What a joy to use, and it made my work twice as fast.",
        "The {x} exceeded everything I had hoped for.",
        "Wonderful quality and a fair price, thank you!",
        "I gave one to my sister and she has not stopped praising it.",
        "Solid, beautiful, easy to clean: I could not be happier.",
        "It solved a problem I had fought with for years.",
        "Finally a {x} that does exactly what it promises. Brilliant.",
        "The support team was lovely and the {x} is superb.",
        "I smile each time I pick this {x} up.",
        "Ten out of ten, I recommend this {x} to everybody.",
    ),
    "negative": (
        "The {x} broke on the second day and nobody answers my mails.",
        "I want my money back, this {x} is useless.",
        "Cheap plastic, sharp edges, and it smells awful.",
        "It stopped working within an hour. What a waste.",
        "Never again: the {x} ruined my weekend.",
        "The {x} looks nothing like the picture and feels like a toy.",
        "I regret this purchase deeply; stay away.",
        "Terrible. Two parts were missing and one was rusty.",
        "My old {x} from the flea market was far better than this junk.",
        "It leaks, it rattles, and it cut my finger.",
        "They charged me twice and sent a damaged {x}.",
        "Disappointing from the first minute to the last.",
        "After three repairs I threw this {x} into the bin.",
        "I have rarely been so angry about a {x}.",
        "One star is one too many for this {x}.",
    ),
}

TICKETS: Mapping[str, tuple[str, ...]] = {
    "billing": (
        "I was charged twice this month, please refund one of the payments.",
        "The invoice shows the wrong company name and VAT number.",
        "My credit card was declined although it has enough money on it.",
        "Why did the price of my plan go up without notice?",
        "Please send me the receipt for last year's subscription.",
        "The discount was not taken off the amount that I paid.",
        "I cancelled, yet money was taken from my bank account again.",
        "Can I pay yearly by bank transfer instead of by card?",
    ),
    "login": (
        "I forgot my password and the reset mail never comes.",
        "It says my account is locked after three attempts.",
        "The two-factor code from my phone is always refused.",
        "I can't sign in since I changed my e-mail address.",
        "The page sends me back to the sign-in form again and again.",
        "My user name is no longer accepted when I try to get in.",
        "How can my colleague get access with her own credentials?",
        "The single sign-on of our company fails with 'invalid user'.",
    ),
    "shipping": (
        "The parcel was due on Monday and still has not arrived.",
        "The courier left my package with somebody I don't know.",
        "Tracking has shown the same depot for nine days.",
        "The box arrived crushed and wet on one side.",
        "Please change the delivery address to my office.",
        "I received somebody else's order by mistake.",
        "Do you deliver to Iceland, and how long does it take?",
        "Half of the items were missing when I opened the carton.",
    ),
    "bug": (
        "The app crashes whenever I turn the phone sideways.",
        "Exporting to a spreadsheet gives an empty file.",
        "The search box freezes after I type an umlaut.",
        "Dark mode shows black text on a black background.",
        "Clicking on save shows an internal error 500.",
        "The calendar displays every event one hour late.",
        "Pictures are upside down after I upload them.",
        "Since the update, the sound stops after ten seconds.",
    ),
}

_COUNT_SENTIMENT = (
    "How many of the reviews are {label}? Each review starts with '{mark}'.",
    "Lines with '{mark}' are customer reviews. Judge each: how many are {label}?",
    "Count the {label} reviews (a review is a line that begins with '{mark}').",
    "Read every line marked '{mark}' and tell how many of those opinions are {label}.",
    "Of the reviews in the text, marked '{mark}', what number has a {label} tone?",
)
_LIST_SENTIMENT = (
    "Which reviews are {label}? Each starts with '{mark}' and a number such as R12; list those numbers.",
    "List the ids (like R12) of all {label} reviews; they stand on lines that begin with '{mark}'.",
    "Give the ids of the lines marked '{mark}' whose opinion is {label}.",
    "Judge each review ('{mark}' lines). Which ids are {label}?",
    "Name the ids of the {label} ones among the reviews, which begin with '{mark}'.",
)
_COUNT_TOPIC = (
    "How many tickets are about {topic}? Tickets are lines that start with '{mark}'; topics are {topics}.",
    "Sort each ticket ('{mark}' lines) into one of {topics}. How many are {topic}?",
    "Count the tickets on {topic}. A ticket begins with '{mark}' and is about one of: {topics}.",
    "Each line that begins with '{mark}' is a ticket about {topics}. What number is about {topic}?",
    "Classify the tickets marked '{mark}' ({topics}); how many belong to {topic}?",
)
_LIST_TOPIC = (
    "Which tickets are about {topic}? List their ids (such as K12). Tickets start with '{mark}'; topics are {topics}.",
    "Sort each ticket ('{mark}' lines) into one of {topics}. Give the ids of those that are {topic}.",
    "List the ids of the tickets on {topic}. A ticket begins with '{mark}' and is about one of: {topics}.",
    "Lines that begin with '{mark}' are tickets about {topics}. Name the ids of those about {topic}.",
    "Classify the tickets marked '{mark}' ({topics}); which ids belong to {topic}?",
)


def judge_sentiment(seed: int, size_chars: int) -> BenchTask:
    """Reviews among filler, each clearly positive or negative."""
    rng = random.Random(f"judge_sentiment:{seed}:{size_chars}")
    mark = rng.choice(("Review", "REVIEW:", "[review]", "Customer review"))
    items = _items(rng, REVIEWS, "R", rng.randint(10, 24))
    label = rng.choice(tuple(REVIEWS))
    templates = _COUNT_SENTIMENT if seed % 2 == 0 else _LIST_SENTIMENT
    return _judged(
        "judge_sentiment", seed, rng, mark, items, label, size_chars, pick(rng, templates, label=label, mark=mark)
    )


def judge_topic(seed: int, size_chars: int) -> BenchTask:
    """Tickets among filler, each about one of four topics."""
    rng = random.Random(f"judge_topic:{seed}:{size_chars}")
    mark = rng.choice(("Ticket", "TICKET:", "[ticket]", "Support ticket"))
    items = _items(rng, TICKETS, "K", rng.randint(12, 24))
    topic = rng.choice(tuple(TICKETS))
    templates = _COUNT_TOPIC if seed % 2 == 0 else _LIST_TOPIC
    question = pick(rng, templates, topic=topic, topics=", ".join(TICKETS), mark=mark)
    return _judged("judge_topic", seed, rng, mark, items, topic, size_chars, question)


def _items(
    rng: random.Random, pool: Mapping[str, Sequence[str]], letter: str, count: int
) -> list[tuple[str, str, str]]:
    """Distinct texts with their ids and labels."""
    everything = [(label, text) for label, texts in pool.items() for text in texts]
    chosen = rng.sample(everything, count)
    ids = rng.sample(range(10, 99), count)
    return [
        (f"{letter}{number}", label, text.format(x=rng.choice(PRODUCTS)))
        for number, (label, text) in zip(ids, chosen, strict=True)
    ]


def _judged(
    family: str,
    seed: int,
    rng: random.Random,
    mark: str,
    items: Sequence[tuple[str, str, str]],
    label: str,
    size_chars: int,
    question: str,
) -> BenchTask:
    lines = [f"{mark} {name}: {text}" for name, _, text in items]
    right = tuple(name for name, own, _ in items if own == label)
    others = tuple(name for name, own, _ in items if own != label)
    counted = seed % 2 == 0 or not right
    return BenchTask(
        family=family,
        seed=seed,
        question=question,
        context="\n".join(bury(rng, prose(rng, size_chars), lines)),
        expected=Number(value=len(right), tolerance=max(1, len(right) // 7))
        if counted
        else Chosen(values=right, others=others),
        facts={"mark": mark, "label": label},
    )
