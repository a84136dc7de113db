"""Known gaps of each engine: what a guest's author meets, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Gap:
    """One thing that an engine does not do as CPython does."""

    feature: str
    symptom: str
    instead: str


MONTY: tuple[Gap, ...] = ()

OUROS: tuple[Gap, ...] = (
    Gap(
        feature="`'…' % values`",
        symptom="TypeError: unsupported operand type(s) for %",
        instead="an f-string",
    ),
    Gap(
        feature="width and alignment in `str.format`",
        symptom="`'{:>5}'.format(x)` pads nothing, and `,` groups nothing",
        instead="an f-string: `f'{x:>5}'`",
    ),
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
        feature="comparison methods in `sorted`",
        symptom="objects with `__lt__` can't be sorted",
        instead="`sorted(xs, key=lambda x: …)`",
    ),
    Gap(
        feature="methods of built-in values as values",
        symptom="AttributeError for `d.get` or `'a'.strip` without a call",
        instead="a lambda: `max(d, key=lambda k: d[k])`",
    ),
    Gap(
        feature="`sys.stdout.write`",
        symptom="AttributeError",
        instead="`print(text, end='')`",
    ),
    Gap(
        feature="`traceback.format_exc`",
        symptom="gives 'NoneType: None'",
        instead="`print(type(e).__name__, e)`",
    ),
    Gap(
        feature="`__name__`, `exit`, `input`, `eval`, `exec`, `globals`",
        symptom="NameError",
        instead="leave the guard out; FINAL ends the run",
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
        feature="`random` and `time` before a call",
        symptom="a session dumped while the call waits can't be loaded (DumpInvalid)",
        instead="call the host first",
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
    Gap(
        feature="`datetime.strptime` and `datetime.fromisoformat` without a time",
        symptom="AttributeError or ValueError",
        instead="`datetime.date.fromisoformat`, or `datetime.datetime(*map(int, text.split('-')))`",
    ),
)
