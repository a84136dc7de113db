"""Family relations scattered over remarks."""

from __future__ import annotations

import random

from greatwheel.bench.longcontext.contexts import bury
from greatwheel.bench.longcontext.families.held_out.pools import persons, remarks
from greatwheel.bench.longcontext.scoring import Expected, Name, Names, NotThere
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import pick

_TEXT = (
    "{child}, born to {parent}, was mentioned in passing.",
    "They spoke of {parent}, the parent of {child}.",
    "{parent} has a child by the name of {child}.",
)
_QUESTION = {
    "parent": (
        "Who is the parent of {person}?",
        "{person} is a child of whom?",
        "Whose child is {person}?",
        "Which person has {person} as a child?",
        "Name {person}'s parent.",
    ),
    "grandparent": (
        "Who is the parent of {person}'s parent?",
        "Name the grandparent of {person}: the parent of the parent.",
        "{person} has a parent; who is that person's parent?",
        "Going two generations back from {person}, whom do you find?",
        "Whose grandchild is {person}?",
    ),
    "children": (
        "Who are the children of {person}? All of them.",
        "Which children does {person} have?",
        "Give the names of all children of {person}.",
        "{person} has several children. Their names?",
        "All those who are born to {person}: who are they?",
    ),
    "absent": (
        "Who is the parent of {person}? Answer 'unknown' if nothing is said about it.",
        "Whose child is {person}? If that isn't told, reply 'unknown'.",
        "Name {person}'s parent, or say 'unknown'.",
        "{person} is a child of whom? ('unknown' if it can't be told)",
        "Which person has {person} as a child? Reply 'unknown' when no one is named.",
    ),
}


def ancestry(seed: int, size_chars: int) -> BenchTask:
    """A parent, a grandparent, all children, and a parent who is not named."""
    rng = random.Random(f"ancestry:{seed}:{size_chars}")
    kind = ("parent", "grandparent", "absent", "children")[seed % 4]
    names = persons(rng, 30)
    roots, middle, young = names[:4], names[4:12], names[12:]
    parent = {name: rng.choice(roots) for name in middle} | {name: rng.choice(middle) for name in young}
    facts = [pick(rng, _TEXT, child=child, parent=other) for child, other in parent.items()]
    families = [name for name in middle if sum(other == name for other in parent.values()) > 1]
    person = {"absent": rng.choice(roots), "children": families[0]}.get(kind, rng.choice(young))
    children = tuple(child for child, other in parent.items() if other == person)
    first = parent.get(person, "")
    second = parent.get(first, "")
    answers: dict[str, Expected] = {
        "parent": Name(value=first, rivals=tuple(name for name in names if name not in (first, person))),
        "grandparent": Name(value=second, rivals=tuple(name for name in names if name not in (second, first, person))),
        "children": Names(values=children, rivals=tuple(n for n in names if n not in children and n != person)),
        "absent": NotThere(rivals=tuple(name for name in names if name != person)),
    }
    lines = [f"{i}. {remark}" for i, remark in enumerate(remarks(rng, size_chars // 52), 1)]
    return BenchTask(
        family="ancestry",
        seed=seed,
        question=pick(rng, _QUESTION[kind], person=person),
        context="\n".join(bury(rng, lines, facts, keep_order=False)),
        expected=answers[kind],
        facts={"kind": kind, "person": person},
    )
