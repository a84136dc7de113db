"""Several named documents."""

from __future__ import annotations

import random

from greatwheel.bench.longcontext.contexts import bury, prose
from greatwheel.bench.longcontext.scoring import Expected, Name, Names, Number
from greatwheel.bench.longcontext.task import BenchTask, Context
from greatwheel.bench.longcontext.wording import ANIMALS, CITIES, PRODUCTS, maybe_hinted, people, pick

_QUESTION = {
    "which": (
        "Which document mentions the {animal}? Answer with the document's name.",
        "In which document does the word {animal} occur?",
        "Name the document that speaks of a {animal}.",
        "One of the documents mentions a {animal}. Which?",
        "Find the document with the {animal} in it.",
    ),
    "all": (
        "Which documents mention {city}? List their names.",
        "List all documents in which {city} is named.",
        "Name every document that has {city} in it.",
        "In which documents does {city} occur? Give all of them.",
        "The city {city} is named in several documents. Which ones?",
    ),
    "fact": (
        "According to {document}, who signed the contract?",
        "Who signed the contract, going by the document {document}?",
        "In {document} a contract was signed. By whom?",
        "Name the person who signed the contract in {document}.",
        "Look into {document}: who put a signature under the contract?",
    ),
    "count": (
        "How many documents mention {city}?",
        "Count the documents in which {city} is named.",
        "What is the number of documents that have {city} in them?",
        "In how many documents does {city} occur?",
        "The city {city} is named in how many of the documents?",
    ),
}


def documents(seed: int, size_chars: int) -> BenchTask:
    """Which document says something, or what one of them says."""
    rng = random.Random(f"documents:{seed}:{size_chars}")
    kind = ("which", "fact", "all", "count")[seed % 4]
    count = rng.randint(8, 40)
    ending = rng.choice((".txt", ".md", "", "_report"))
    stems = rng.sample([f"{product}_{number}" for product in PRODUCTS for number in range(10, 60)], count)
    names = [stem + ending for stem in stems]
    city, animal = rng.choice(CITIES), rng.choice(ANIMALS)
    with_city = rng.sample(names, rng.randint(2, min(6, count)))
    with_animal = rng.choice(names)
    signers = dict(zip(names, people(rng, count), strict=True))
    texts: dict[str, str] = {}
    for name in names:
        facts = [f"The contract was signed by {signers[name]}."]
        facts += [f"They had come from {city} that morning."] if name in with_city else []
        facts += [f"A {animal} sat on the roof."] if name == with_animal else []
        texts[name] = "\n".join(bury(rng, prose(rng, size_chars // count), facts, keep_order=False))
    document = rng.choice(names)
    answers: dict[str, Expected] = {
        "which": Name(value=with_animal, rivals=tuple(name for name in names if name != with_animal)),
        "all": Names(values=tuple(with_city), rivals=tuple(name for name in names if name not in with_city)),
        "fact": Name(value=signers[document], rivals=tuple(who for name, who in signers.items() if name != document)),
        "count": Number(value=len(with_city)),
    }
    return BenchTask(
        family="documents",
        seed=seed,
        question=maybe_hinted(rng, pick(rng, _QUESTION[kind], animal=animal, city=city, document=document)),
        context=_laid_out(rng, texts),
        expected=answers[kind],
        facts={"kind": kind, "animal": animal, "city": city, "document": document},
    )


def _laid_out(rng: random.Random, texts: dict[str, str]) -> Context:
    """As a dict of texts, or a list whose items begin with the name."""
    if rng.random() < 0.7:
        return dict(texts)
    return [f"Document: {name}\n{text}" for name, text in texts.items()]
