"""A shop's catalogue as parsed data, with suppliers in a table of their own."""

from __future__ import annotations

import json
import random

from greatwheel.bench.longcontext.families.held_out.pools import COUNTRIES, GOODS
from greatwheel.bench.longcontext.scoring import Expected, Name, Names, Number
from greatwheel.bench.longcontext.task import BenchTask, Context, Json
from greatwheel.bench.longcontext.wording import pick

_QUESTION = {
    "cheapest": (
        "What is the sku of the cheapest article in the group {group}?",
        "Within {group}, which sku has the lowest price?",
        "Looking at {group} only: the sku with the least price, please.",
        "The least expensive article of {group} has what sku?",
        "Find the article of the group {group} that costs least, and give its sku.",
    ),
    "dearest": (
        "Which three skus have the highest prices overall? Begin with the most expensive.",
        "The three most expensive articles: their skus, dearest first?",
        "Rank all articles by price. What are the skus in places one, two and three?",
        "Give the skus of the three articles with the largest price, in falling order.",
        "By price, which skus come first, second and third?",
    ),
    "origin": (
        "How many articles come from suppliers in {country}?",
        "Suppliers from {country} deliver how many of the articles?",
        "Taking the suppliers' country into account, how many articles are from {country}?",
        "Articles whose supplier sits in {country}: how many?",
        "Number of articles supplied out of {country}?",
    ),
    "sold_out": (
        "How many articles in the group {group} are sold out, that is, have a stock of 0?",
        "Within {group}, how many articles have no stock left (0)?",
        "Articles of {group} with a stock of 0: how many?",
        "The group {group} has how many articles that are out of stock (0 left)?",
        "Number of sold-out articles (stock 0) in {group}?",
    ),
}


def catalogue(seed: int, size_chars: int) -> BenchTask:
    """The cheapest, the dearest, the sold out, and where articles come from."""
    rng = random.Random(f"catalogue:{seed}:{size_chars}")
    kind = ("cheapest", "origin", "dearest", "sold_out")[seed % 4]
    count = size_chars // 90
    suppliers = {f"S{number}": rng.choice(COUNTRIES) for number in rng.sample(range(100, 999), 40)}
    skus, prices = rng.sample(range(100_000, 9_999_999), count), rng.sample(range(100, 100_000 + 50 * count), count)
    groups, ids = rng.choices(GOODS, k=count), rng.choices(list(suppliers), k=count)
    stock = rng.choices((0, 0, *range(1, 60)), k=count)
    group, country = rng.choice(groups), suppliers[rng.choice(ids)]
    ranked = sorted(range(count), key=lambda i: prices[i])
    cheap = [f"A{skus[i]}" for i in ranked if groups[i] == group]
    dear = [f"A{skus[i]}" for i in reversed(ranked)]
    answers: dict[str, Expected] = {
        "cheapest": Name(value=cheap[0], rivals=tuple(cheap[1:6])),
        "dearest": Names(values=tuple(dear[:3]), rivals=tuple(dear[3:9]), ordered=True),
        "origin": Number(value=sum(suppliers[name] == country for name in ids)),
        "sold_out": Number(value=sum(g == group and left == 0 for g, left in zip(groups, stock, strict=True))),
    }
    articles: list[Json] = [
        {"sku": f"A{sku}", "group": g, "price": price / 100, "supplier": name, "stock": left}
        for sku, g, price, name, left in zip(skus, groups, prices, ids, stock, strict=True)
    ]
    data: dict[str, Json] = {"suppliers": dict(suppliers), "articles": articles}
    return BenchTask(
        family="catalogue",
        seed=seed,
        question=pick(rng, _QUESTION[kind], group=group, country=country),
        context=_laid_out(seed, data),
        expected=answers[kind],
        facts={"kind": kind, "group": group, "country": country},
    )


def _laid_out(seed: int, data: dict[str, Json]) -> Context:
    return data if seed % 2 else json.dumps(data)
