"""A real text: the descriptions of the standard library's functions, as a manual."""

from __future__ import annotations

import random
import re
from collections import Counter
from functools import cache
from pathlib import PurePosixPath

from greatwheel.bench.longcontext.families.code import standard_library
from greatwheel.bench.longcontext.scoring import Expected, Name, Number
from greatwheel.bench.longcontext.task import BenchTask
from greatwheel.bench.longcontext.wording import pick

_DEFINED = re.compile(r'^[ \t]*def (\w+)\([^\n]*\):\n\s+r?"""(.*?)"""', re.MULTILINE | re.DOTALL)
_QUESTION = {
    "whose": (
        'Which function is described with the words "{phrase}"?',
        'The description of one function says "{phrase}". What is the function called?',
        'Look for "{phrase}" in the manual. To which function does that belong?',
        'Name the function whose entry says "{phrase}".',
        'Going by the manual, which function\'s description has "{phrase}" in it?',
    ),
    "module": (
        "How many entries does the manual have for the module {module}?",
        "The module {module} has how many entries?",
        "Entries that belong to the module {module}: how many?",
        "Tell me how many functions of the module {module} are described.",
        "Number of described functions in the module {module}?",
    ),
    "where": (
        "To which module does the function {name} belong?",
        "The function {name} is described under which module?",
        "What module is the function {name} from, going by the manual?",
        "{name}: in which module is it?",
        "Under what module does the manual list {name}?",
    ),
}

_STYLES = (
    "{name} (module {module})\n    {text}\n",
    "[{module}] {name}: {text}",
    "{name} <{module}>\n{text}\n",
)


@cache
def _entries() -> list[tuple[str, str, str]]:
    """Module, function, description; public functions described once in a module."""
    found = []
    for path, source in standard_library().items():
        module = ".".join(PurePosixPath(path).with_suffix("").parts)
        described = [(name, re.sub(r"\s+", " ", text).strip()) for name, text in _DEFINED.findall(source)]
        own = Counter(name for name, _ in described)
        found += [
            (module, name, text) for name, text in described if own[name] == 1 and name[0] != "_" and len(text) > 25
        ]
    return found


def docstrings(seed: int, size_chars: int) -> BenchTask:
    """Whose description says something, where a function belongs, how many a module has."""
    rng = random.Random(f"docstrings:{seed}:{size_chars}")
    kind = ("whose", "module", "where")[seed % 3]
    entries = _some(rng, size_chars)
    functions = Counter(name for _, name, _ in entries)
    modules = Counter(module for module, _, _ in entries)
    module, name, phrase = _unique(rng, entries, functions)
    answers: dict[str, Expected] = {
        "whose": Name(value=name),
        "module": Number(value=modules[module]),
        "where": Name(value=module),
    }
    style = rng.choice(_STYLES)
    return BenchTask(
        family="docstrings",
        seed=seed,
        question=pick(rng, _QUESTION[kind], phrase=phrase, module=module, name=name),
        context="\n".join(style.format(module=m, name=n, text=text) for m, n, text in entries),
        expected=answers[kind],
        facts={"kind": kind, "phrase": phrase, "module": module, "name": name},
    )


def _some(rng: random.Random, size_chars: int) -> list[tuple[str, str, str]]:
    everything = _entries()
    start, total = rng.randrange(len(everything)), 0
    chosen = []
    for i in range(len(everything)):
        entry = everything[(start + i) % len(everything)]
        total += sum(map(len, entry)) + 12
        if total > size_chars:
            break
        chosen.append(entry)
    return chosen


def _unique(rng: random.Random, entries: list[tuple[str, str, str]], functions: Counter[str]) -> tuple[str, str, str]:
    """An entry whose function's name is given once, and five words that only its description has."""
    everything = "\n".join(text for _, _, text in entries).lower()
    while True:
        module, name, text = rng.choice(entries)
        match = re.search(r"(?:[A-Za-z]+ ){4}[A-Za-z]+", text)
        if match and functions[name] == 1 and name not in match[0] and everything.count(match[0].lower()) == 1:
            return module, name, match[0]
