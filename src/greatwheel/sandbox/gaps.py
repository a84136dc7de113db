"""Known gaps of each engine: what a guest's author meets, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One thing that an engine does not do as CPython does."""

    feature: str
    symptom: str
    instead: str


MONTY: tuple[Gap, ...] = (
    Gap(
        feature="the order of sets that elements were removed from",
        symptom="may differ from CPython's, as may that of frozensets within sets and of sets of over 20,000 elements",
        instead="`sorted(s)` where the order matters",
    ),
    Gap(
        feature="`xs *= n` on a list that has two names",
        symptom="makes a new list: the other name keeps the old one",
        instead="`xs.extend(xs * (n - 1))`",
    ),
    Gap(
        feature="`KeyError` with a key that is no string",
        symptom="its text shows the key in quotes: `'3'` for 3",
        instead="the key itself, from the variable that holds it",
    ),
    Gap(
        feature="`finally` in a generator that is given up",
        symptom="it runs on `close()` and at the end, not when the generator is freed",
        instead="`close()` the generator, or use it to its end",
    ),
    Gap(
        feature="`yield` inside an expression, a handler or a `finally`",
        symptom="NotImplementedError that names it",
        instead="assign `x = yield y` first, or build a list",
    ),
    Gap(
        feature="generators that call the host",
        symptom="run to their end when they are made; endless ones can not call the host",
        instead="a list, or a loop that calls the host itself",
    ),
    Gap(
        feature="async generators, `async with`, `async for`",
        symptom="NotImplementedError",
        instead="`asyncio.gather` over plain coroutines",
    ),
    Gap(
        feature="classes derived from dict, list, str, int",
        symptom="NotImplementedError that names it",
        instead="a plain class that keeps one in an attribute",
    ),
    Gap(
        feature="`super()` across several bases",
        symptom="NotImplementedError that names it",
        instead="calling the base's method by the base's name",
    ),
    Gap(
        feature="`if`, `for` and `with` in a class body",
        symptom="NotImplementedError that names it",
        instead="methods and plain assignments",
    ),
    Gap(
        feature="`del obj.attribute`",
        symptom="NotImplementedError",
        instead="`obj.attribute = None`",
    ),
    Gap(
        feature="`globals()`, `locals()`, `vars(x)`, `x.__dict__`",
        symptom="copies: what is written to them changes nothing",
        instead="bind the name, or use a dict",
    ),
    Gap(
        feature="`f.__doc__` and attributes on functions",
        symptom="None, or AttributeError",
        instead="a dict beside the function",
    ),
    Gap(
        feature="`e.__cause__` and `e.__context__` of built-in exceptions",
        symptom="AttributeError",
        instead="keep the first error in a variable",
    ),
    Gap(
        feature="`__new__`, `__setattr__`, `__getattribute__`, `__init_subclass__`, descriptors",
        symptom="NotImplementedError that names it; metaclasses and `__slots__` have no effect",
        instead="methods and properties",
    ),
    Gap(
        feature="`repr` of functions, classes and plain instances",
        symptom="without `__main__.`, and with another address; after a load, new objects get other addresses than "
        "before it",
        instead="`type(x).__name__`",
    ),
    Gap(
        feature="order of keyword arguments given by `f(**d, b=2)`",
        symptom="named ones come before those of the dict",
        instead="passing all of them in one dict",
    ),
    Gap(
        feature="`open`, files and `input()`",
        symptom="PermissionError, OSError",
        instead="the variables of the session; `channel.ask(question)`",
    ),
    Gap(
        feature="`memoryview`, `bytearray`",
        symptom="NameError",
        instead="bytes, or a list of integers",
    ),
    Gap(
        feature="f-strings with the quotes of Python 3.12 inside",
        symptom="understood, but a block with one is not lowered on Python 3.11",
        instead="other quotes inside the braces",
    ),
)

OUROS: tuple[Gap, ...] = (
    Gap(
        feature="floor division of floats",
        symptom="`7.5 // 0.1` gives 75.0 for 74.0: wrong, without an error",
        instead="`math.floor(a / b)` on exact values, or integers",
    ),
    Gap(
        feature="powers of floats",
        symptom="the last digits of `a ** b` can differ",
        instead="`math.pow`, or rounding before comparing",
    ),
    Gap(
        feature="`csv.DictReader` on rows that are too long",
        symptom="surplus fields are dropped without an error",
        instead="`csv.reader`, and check `len(row)`",
    ),
    Gap(
        feature="comparison methods",
        symptom="`sorted`, `min` and `max` without a key call `__lt__`; `xs.sort()` and tuples of objects do not",
        instead="`sorted(xs, key=lambda x: …)`",
    ),
    Gap(
        feature="functions that the engine calls itself: properties, `__repr__`, key functions",
        symptom="wrong results where these call other functions of the guest",
        instead="plain methods, and keys computed before sorting",
    ),
    Gap(
        feature="`traceback.format_exc`",
        symptom="gives 'NoneType: None'",
        instead="`print(type(e).__name__, e)`",
    ),
    Gap(
        feature="`input`, `eval`, `exec`, `globals`",
        symptom="NameError",
        instead="write the names out",
    ),
    Gap(
        feature="`time.sleep`",
        symptom="RuntimeError",
        instead="nothing: there is nothing to wait for",
    ),
    Gap(
        feature="files and the environment",
        symptom="`open` gives FileNotFoundError, `os.environ` NotImplementedError",
        instead="the variable `context`",
    ),
    Gap(
        feature="`ThreadPoolExecutor.map` over a host function",
        symptom="RuntimeError",
        instead="`executor.submit` for each, a loop, or `batch_llm_query`",
    ),
    Gap(
        feature="coroutines that call the host more than once inside `asyncio.gather`",
        symptom="the next calls come only when all calls in flight are answered",
        instead="no change needed; results are the same",
    ),
    Gap(
        feature="`getattr(time, 'time')`, `from time import *` and the `seed()` of a generator without an argument",
        symptom="are the machine's time and chance: a replay may take another path",
        instead="`time.time()`, `random.seed()`",
    ),
    Gap(
        feature="the size of variables",
        symptom="each host call copies all variables: about 4 ms per MB",
        instead="keep large texts few; use the `monty` engine",
    ),
    Gap(
        feature="`del` of a name that a function uses",
        symptom="the error calls the name `<global 12>`",
        instead="bind it to None",
    ),
    Gap(
        feature="`sys.version_info[:2]`",
        symptom="TypeError",
        instead="`sys.version_info.major`",
    ),
    Gap(
        feature="lists nested over 100,000 deep, deep copies of them, and very deep JSON",
        symptom="the sandbox process is lost",
        instead="flat data",
    ),
    Gap(
        feature="a host function called back by `itertools` (`takewhile`, `starmap`, `groupby`)",
        symptom="RuntimeError that says so",
        instead="a loop or a comprehension",
    ),
    Gap(
        feature="small floats as text",
        symptom="`print(1e-5)` prints 0.00001",
        instead="an f-string with a format: `f'{x:.3g}'`",
    ),
)
