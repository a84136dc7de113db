"""Questions over real Python source: the standard library of the running interpreter."""

from __future__ import annotations

import ast
import random
import re
import sysconfig
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TypeAlias

from greatwheel.bench.longcontext.scoring import Expected, Name, Number
from greatwheel.bench.longcontext.task import BenchTask, Context
from greatwheel.bench.longcontext.wording import pick

_SKIPPED = {
    "site-packages",
    "test",
    "tests",
    "__pycache__",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "turtledemo",
    "encodings",
}

_QUESTION = {
    "defines": (
        "Which module defines the function {name}?",
        "In which file is the function {name} defined?",
        "Where is `def {name}` to be found? Name the file.",
        "Name the source file with the definition of the function {name}.",
        "I am looking for the function {name}. Which file has it?",
    ),
    "default": (
        "What is the default value of the parameter {parameter} of the function {name}?",
        "In the definition of {name}, to what does the parameter {parameter} default?",
        "Which default does {name} give its argument {parameter}?",
        "Look at the signature of {name}: what is {parameter} by default?",
        "If {parameter} is left out when calling {name}, which value does it have?",
    ),
    "subclasses": (
        "How many classes in the file {module} are direct subclasses of {base}?",
        "Count the classes in {module} that inherit directly from {base}.",
        "In {module}, how many class definitions name {base} as a base?",
        "What is the number of direct subclasses of {base} in {module}?",
        "How many times does {module} define a class with {base} among its bases?",
    ),
    "functions": (
        "How many lines of {module} start with 'def ' (not indented)?",
        "Count the functions defined at the top level of {module}, that is, its lines that begin with 'def '.",
        "In {module}, how many lines begin with 'def ' without indentation?",
        "What is the number of top-level 'def ' lines in {module}?",
        "How many unindented 'def ' lines does the file {module} have?",
    ),
}


_Asked: TypeAlias = tuple[dict[str, str], Expected]
"""What is asked, by name, and the answer."""


@cache
def standard_library() -> dict[str, str]:
    """Source by path relative to the library's folder, sorted; files that are not UTF-8 are left out."""
    root = Path(sysconfig.get_paths()["stdlib"])
    sources: dict[str, str] = {}
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root)
        if _SKIPPED.intersection(relative.parts) or any("config-" in part for part in relative.parts):
            continue
        try:
            sources[relative.as_posix()] = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
    return sources


def _some_files(rng: random.Random, size_chars: int) -> dict[str, str]:
    """Files of the library up to a size, in a random order, small ones left out."""
    everything = standard_library()
    names = [name for name, text in everything.items() if 2_000 < len(text) < max(size_chars // 3, 20_000)]
    rng.shuffle(names)
    chosen: dict[str, str] = {}
    left = size_chars
    for name in names:
        if len(everything[name]) <= left:
            chosen[name] = everything[name]
            left -= len(chosen[name])
    return chosen


def code(seed: int, size_chars: int) -> BenchTask:
    """Where something is defined, what a default is, how many classes or functions there are."""
    rng = random.Random(f"code:{seed}:{size_chars}")
    files = _some_files(rng, size_chars)
    make = (_defines, _default, _functions, _subclasses)[seed % 4]
    # Few files may hold no fair question about defaults or bases.
    facts, expected = make(rng, files) or _defines(rng, files)
    return BenchTask(
        family="code",
        seed=seed,
        question=pick(rng, _QUESTION[facts["kind"]], **facts),
        context=_laid_out(seed, files),
        expected=expected,
        facts=facts,
    )


def _defines(rng: random.Random, files: dict[str, str]) -> _Asked:
    name, module = _unique_function(rng, files)
    plain = module if "/" in module else module.removesuffix(".py")
    return {"kind": "defines", "name": name}, Name(value=plain)


def _default(rng: random.Random, files: dict[str, str]) -> _Asked | None:
    option = _a_default(rng, files)
    if option is None:
        return None
    name, parameter, value = option
    is_number = re.fullmatch(r"-?\d+(\.\d+)?", value) is not None
    expected = Number(value=float(value)) if is_number else Name(value=value.strip("'"))
    return {"kind": "default", "name": name, "parameter": parameter}, expected


def _functions(rng: random.Random, files: dict[str, str]) -> _Asked:
    module = rng.choice([name for name, text in files.items() if text.count("\ndef ") > 1])
    number = len(re.findall(r"^def ", files[module], re.MULTILINE))
    return {"kind": "functions", "module": module}, Number(value=number)


def _subclasses(rng: random.Random, files: dict[str, str]) -> _Asked | None:
    option = _a_base(rng, files)
    if option is None:
        return None
    module, base, number = option
    return {"kind": "subclasses", "module": module, "base": base}, Number(value=number)


def _laid_out(seed: int, files: dict[str, str]) -> Context:
    if seed % 8 < 4:
        return dict(files)
    return "".join(f"##### file: {name} #####\n{text}\n" for name, text in files.items())


def _unique_function(rng: random.Random, files: dict[str, str]) -> tuple[str, str]:
    """A function defined once in all the files, at the top level of one whose name is unique."""
    found = Counter(name for text in files.values() for name in re.findall(r"^[ \t]*(?:async )?def (\w+)", text, re.M))
    places = [
        (name, module) for module, text in files.items() for name in re.findall(r"^def ([a-z]\w{5,})", text, re.M)
    ]
    stems = Counter(Path(module).stem for module in files)
    unique = [(name, module) for name, module in places if found[name] == 1 and stems[Path(module).stem] == 1]
    return rng.choice(unique)


def _a_default(rng: random.Random, files: dict[str, str]) -> tuple[str, str, str] | None:
    """A function defined once, one of its parameters, and that parameter's default (a simple literal)."""
    found = Counter(name for text in files.values() for name in re.findall(r"\bdef (\w+)", text))
    modules = list(files)
    rng.shuffle(modules)
    for module in modules:
        options = [option for option in _defaults(files[module]) if found[option[0]] == 1]
        if options:
            return rng.choice(options)
    return None


def _defaults(source: str) -> list[tuple[str, str, str]]:
    options = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.FunctionDef) or not re.search(rf"^def {node.name}\([^()]*\):", source, re.M):
            continue  # signatures over a search's reach are no fair question
        named = zip(reversed(node.args.args), reversed(node.args.defaults), strict=False)
        for argument, default in named:
            if isinstance(default, ast.Constant) and default.value is not None and _simple(default.value):
                options.append((node.name, argument.arg, repr(default.value)))
    return options


def _simple(value: object) -> bool:
    return isinstance(value, bool | int | float) or (isinstance(value, str) and re.fullmatch(r"\w+", value) is not None)


def _bases_by_text(source: str) -> Counter[str]:
    """The same count as a search in the text gives: it differs where a class stands in a string or over two lines."""
    lists = re.findall(r"^[ \t]*class \w+\((.*?)\):", source, re.M)
    return Counter(base.strip() for bases in lists for base in bases.split(","))


def _a_base(rng: random.Random, files: dict[str, str]) -> tuple[str, str, int] | None:
    """A module, one of its classes' most frequent bases, and how many of the classes name it."""
    modules = [name for name, text in files.items() if len(re.findall(r"^class \w+\(", text, re.M)) > 1]
    rng.shuffle(modules)
    for module in modules:
        nodes = [node for node in ast.walk(ast.parse(files[module])) if isinstance(node, ast.ClassDef)]
        bases = Counter(base.id for node in nodes for base in node.bases if isinstance(base, ast.Name))
        plain = _bases_by_text(files[module])
        agreed = Counter({name: number for name, number in bases.items() if plain[name] == number})
        if agreed:
            return module, *agreed.most_common(1)[0]
    return None
