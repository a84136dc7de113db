"""Modules for guests: what an engine has, what we add as guest source, and what we refuse with a hint.

A polyfill is a readable file in `polyfills/` (`urllib.parse` is `urllib_parse.py`). Its public names are the module's.
Where the engine has a module of that name, the file holds what that one lacks. The file becomes the body of a loading
function, which runs once per session, so that nothing but one guest name (`guest_name`) appears in the session.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from greatwheel.sandbox.lowering.rewrite import PREFIX
from greatwheel.sandbox.lowering.state import Block, ClassFacts, Setup, State

_POLYFILLS = resources.files("greatwheel.sandbox.lowering") / "polyfills"

_NO_NETWORK = "the sandbox has no network: ask for a tool, or work on the text in `context`"
_NO_FILES = "the sandbox has no files: work on the text in `context`"
_NO_PROCESSES = "the sandbox starts no processes: do the work in Python"
_PLAIN = "is not installed: use plain lists and dicts, `statistics`, `collections` and `csv`"

HINTS: Mapping[str, str] = {
    "numpy": "numpy " + _PLAIN,
    "pandas": "pandas is not installed: read tables by csv.DictReader(text.splitlines()) and group with defaultdict",
    "scipy": "scipy " + _PLAIN,
    "sklearn": "sklearn " + _PLAIN,
    "polars": "polars " + _PLAIN,
    "matplotlib": "matplotlib is not installed: print figures as text",
    "seaborn": "seaborn is not installed: print figures as text",
    "nltk": "nltk is not installed: split text by re.findall",
    "spacy": "spacy is not installed: split text by re.findall",
    "tiktoken": "tiktoken is not installed: a token is about four characters",
    "tqdm": "tqdm is not installed: loop without a progress bar",
    "bs4": "bs4 is not installed: take text from HTML by re and html.unescape",
    "lxml": "lxml is not installed: take text from XML by re",
    "xml": "xml is not offered: take text from XML by re and html.unescape",
    "yaml": "yaml is not installed: split its lines by hand, or use json",
    "openai": "openai is not installed: call llm_query(prompt)",
    "anthropic": "anthropic is not installed: call llm_query(prompt)",
    "transformers": "transformers is not installed: call llm_query(prompt)",
    "torch": "torch is not installed: call llm_query(prompt)",
    "requests": _NO_NETWORK,
    "httpx": _NO_NETWORK,
    "aiohttp": _NO_NETWORK,
    "http": _NO_NETWORK,
    "socket": _NO_NETWORK,
    "ssl": _NO_NETWORK,
    "smtplib": _NO_NETWORK,
    "urllib.request": _NO_NETWORK,
    "urllib.error": _NO_NETWORK,
    "subprocess": _NO_PROCESSES,
    "multiprocessing": "the sandbox starts no processes: use concurrent.futures, or batch_llm_query for models",
    "signal": _NO_PROCESSES,
    "ctypes": "native code is not reachable from the sandbox",
    "glob": _NO_FILES,
    "shutil": _NO_FILES,
    "tempfile": _NO_FILES,
    "fileinput": _NO_FILES,
    "sqlite3": "sqlite3 is not offered: keep rows in lists of dicts",
    "zipfile": _NO_FILES,
    "tarfile": _NO_FILES,
    "gzip": "gzip is not offered: pass text that is not compressed",
    "bz2": "bz2 is not offered: pass text that is not compressed",
    "lzma": "lzma is not offered: pass text that is not compressed",
    "pickle": "pickle is not offered: variables persist from block to block; use json for text",
    "shelve": "shelve is not offered: variables persist from block to block",
    "importlib": "importlib is not offered: write the import statement",
    "pkgutil": "pkgutil is not offered: write the import statement",
    "argparse": "there is no command line: assign the values to variables",
    "getpass": "there is nobody at the keyboard: credentials never enter the sandbox",
    "ast": "ast is not offered: use json.loads for literals",
    "gc": "gc is not offered: memory is freed by itself",
    "weakref": "weakref is not offered: use plain references",
    "email": "email is not offered: split headers by re",
    "sched": "sched is not offered: call the functions in order",
    "locale": "locale is not offered: format numbers by f-strings",
    "platform": "platform is not offered: the sandbox tells nothing of its host",
}
"""Modules that no session has, and what to write instead."""

RAW_MODULES = "raw modules"
"""In `State.specials` while a polyfill is lowered: the engine's own modules are imported as they are."""

_PACKAGES = {"urllib": "parse", "concurrent": "futures"}
"""Packages that exist for one submodule."""

_MODULE_CLASS = f"""
def {PREFIX}module_class():
    class module:
        def __init__(self, name, members):
            self.__name__ = name
            for key, value in members:
                setattr(self, key, value)

        def __repr__(self):
            return f"<module {{self.__name__!r}}>"

    return module


{PREFIX}Module = {PREFIX}module_class()
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Loader:
    """What loading one polyfill takes, lowered for one engine."""

    setups: tuple[Setup, ...]
    specials: frozenset[str]
    classes: Mapping[str, ClassFacts]


@cache
def _native() -> Mapping[str, Mapping[str, str]]:
    table: dict[str, dict[str, str]] = json.loads((_POLYFILLS / "native.json").read_text("utf-8"))
    return table


def natives(engine: str, module: str) -> tuple[str, ...] | None:
    """The public names of the engine's own module; None when it has no such module."""
    names = _native()[engine].get(module)
    return None if names is None else tuple(names.split())


def engine_modules(engine: str) -> tuple[str, ...]:
    """The names of the engine's own modules."""
    return tuple(sorted(_native()[engine]))


@cache
def polyfilled() -> tuple[str, ...]:
    """Every module that has a polyfill, by its dotted name."""
    files = [entry.name for entry in _POLYFILLS.iterdir() if entry.name.endswith(".py") and entry.name != "__init__.py"]
    dotted = {"urllib_parse": "urllib.parse", "concurrent_futures": "concurrent.futures"}
    dotted["collections_abc"] = "collections.abc"
    names = [name.removesuffix(".py") for name in files]
    return tuple(sorted([dotted.get(name, name) for name in names] + list(_PACKAGES)))


@cache
def _tree(module: str) -> ast.Module:
    if module in _PACKAGES:
        child = _PACKAGES[module]
        return ast.parse(f"import {module}.{child} as _child\n{child} = _child")
    return ast.parse((_POLYFILLS / f"{module.replace('.', '_')}.py").read_text("utf-8"))


@cache
def added(module: str) -> tuple[str, ...]:
    """The public names of a polyfill, in their order; empty when there is none."""
    if module not in polyfilled():
        return ()
    names: dict[str, None] = {}
    for node in _tree(module).body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names[node.name] = None
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                names.update(dict.fromkeys(n.id for n in ast.walk(target) if isinstance(n, ast.Name)))
    return tuple(name for name in names if not name.startswith("_"))


@cache
def additions(engine: str, module: str) -> frozenset[str]:
    """The names that a polyfill adds to the engine's own module, those that it replaces left out."""
    own = natives(engine, module)
    return frozenset() if own is None else frozenset(added(module)) - frozenset(own)


def offered(engine: str, module: str) -> bool:
    """Whether the module comes whole from a polyfill."""
    return natives(engine, module) is None and module in polyfilled()


def exports(engine: str, module: str) -> tuple[str, ...]:
    """What `from module import *` binds."""
    return tuple(dict.fromkeys([*(natives(engine, module) or ()), *added(module)]))


def hint(module: str) -> str | None:
    """What to write instead of a module that no session has."""
    return HINTS.get(module) or HINTS.get(module.partition(".")[0])


def guest_name(module: str) -> str:
    """The guest's name of a loaded polyfill."""
    return f"{PREFIX}mod_{module.replace('.', '_')}"


def require(block: Block, module: str) -> str:
    """Have the polyfill loaded before the block runs; the guest name of the module object."""
    loader = _loader(block.state.engine, module)
    for setup in loader.setups:
        block.require(setup.name, setup.source)
    block.state.specials.update(loader.specials)
    for name, facts in loader.classes.items():
        block.state.classes.setdefault(name, facts)
    return guest_name(module)


@cache
def _loader(engine: str, module: str) -> _Loader:
    # The pipeline's passes include the one for imports, which comes here: hence the late import.
    from greatwheel.sandbox.lowering import pipeline

    state = State(engine=engine, specials={RAW_MODULES})
    lowered = pipeline.lower(_loading_source(engine, module), state)
    assert isinstance(lowered, pipeline.Lowered), lowered
    own = Setup(name=f"module:{module}", source=lowered.source)
    shell = Setup(name="module", source=_MODULE_CLASS)
    public = frozenset(added(module))
    classes = {name: facts for name, facts in state.classes.items() if name in public}
    return _Loader(
        setups=(shell, *lowered.setups, own), specials=frozenset(state.specials - {RAW_MODULES}), classes=classes
    )


def _loading_source(engine: str, module: str) -> str:
    body = [node for node in _tree(module).body if not _is_docstring(node)]
    names = ", ".join(f"({name!r}, {name})" for name in added(module))
    own = natives(engine, module)
    native = ""
    if own is not None:
        kept = [name for name in own if name not in added(module)]
        native = f"import {module} as _native\n"
        names = ", ".join(filter(None, [names, *(f"({name!r}, _native.{name})" for name in kept)]))
    inner = ast.unparse(ast.Module(body=body, type_ignores=[])) + f"\n{native}"
    loading = f"{PREFIX}load_{module.replace('.', '_')}"
    text = "".join(f"    {line}\n" for line in inner.splitlines())
    call = f"{guest_name(module)} = {loading}()\n"
    return f"def {loading}():\n{text}    return {PREFIX}Module({module!r}, [{names}])\n\n\n{call}"


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
