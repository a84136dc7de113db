# mypy: ignore-errors
# ruff: noqa
"""Guest source: generators and lazy generator expressions as objects."""


class _gw_Generator:
    """A generator; `step(sent, error)` runs on to the next yield and returns (value,) or None when it ended."""

    def __init__(self, step):
        self._gw_step = step
        self._gw_done = False
        self._gw_begun = False

    def __iter__(self):
        return self

    def __next__(self):
        return self.send(None)

    def send(self, value):
        if self._gw_done:
            raise StopIteration
        self._gw_begun = True
        try:
            found = self._gw_step(value, None)
        except BaseException:
            self._gw_done = True
            raise
        if found is None:
            self._gw_done = True
            raise StopIteration
        return found[0]

    def throw(self, error):
        if self._gw_done or not self._gw_begun:
            self._gw_done = True
            raise error
        try:
            found = self._gw_step(None, error)
        except BaseException:
            self._gw_done = True
            raise
        if found is None:
            self._gw_done = True
            raise StopIteration
        return found[0]

    def close(self):
        if self._gw_done or not self._gw_begun:
            self._gw_done = True
            return
        self._gw_done = True
        leave = BaseException("generator closed")
        try:
            self._gw_step(None, leave)
        except BaseException as error:
            if error is not leave:
                raise

    def __repr__(self):
        return "<generator object at 0x7f0000000000>"


def _gw_eager(step):
    """All results of a generator that calls the host, collected where a pause is possible."""
    out = []
    while True:
        found = step(None, None)
        if found is None:
            return iter(out)
        out.append(found[0])


def _gw_no_lambda_yield():
    raise NotImplementedError("yield in a lambda is not available here: write a function")


class _gw_Managed:
    def __init__(self, generator):
        self._gw_generator = generator

    def __enter__(self):
        return next(self._gw_generator)

    def __exit__(self, kind, value, trace):
        if value is None:
            for extra in self._gw_generator:
                raise RuntimeError("generator didn't stop")
            return False
        try:
            self._gw_generator.throw(value)
        except StopIteration:
            return True
        except BaseException as error:
            if error is value:
                return False
            raise
        raise RuntimeError("generator didn't stop after throw()")


def _gw_contextmanager(function):
    return lambda *args, **kwargs: _gw_Managed(function(*args, **kwargs))


def _gw_lazy_step(source, make):
    """Steps of a generator expression: `make(item)` gives the results for one item of the outermost loop."""
    state = {"source": iter(source), "ready": []}

    def step(sent, error):
        while not state["ready"]:
            try:
                item = next(state["source"])
            except StopIteration:
                return None
            state["ready"] = make(item)[::-1]
        return (state["ready"].pop(),)

    return step


def _gw_lazy(source, make):
    return _gw_Generator(_gw_lazy_step(source, make))


def _gw_any_of(source, make):
    for item in source:
        for found in make(item):
            if found:
                return True
    return False


def _gw_all_of(source, make):
    for item in source:
        for found in make(item):
            if not found:
                return False
    return True


def _gw_next_of(source, make, *default):
    for item in source:
        for found in make(item):
            return found
    if default:
        return default[0]
    raise StopIteration


# Monty's own run through all their items at once: an endless generator, or one that prints, needs the lazy ones.

_gw_py_enumerate = enumerate
_gw_py_zip = zip
_gw_py_map = map
_gw_py_filter = filter


def _gw_is_lazy(o):
    if _gw_kind(o) in ("_gw_Generator", "count", "cycle", "itertools.count", "itertools.cycle", "itertools.repeat"):
        return True
    return _gw_kind(o) not in _gw_methods and _gw_py_hasattr(type(o), "__next__")


def enumerate(iterable, start=0):
    if not _gw_is_lazy(iterable):
        return _gw_py_enumerate(iterable, start)
    state = {"at": start - 1}

    def step(sent, error):
        found = next(iterable, _gw_missing)
        if found is _gw_missing:
            return None
        state["at"] += 1
        return ((state["at"], found),)

    return _gw_Generator(step)


def zip(*iterables, strict=False):
    if not any([_gw_is_lazy(each) for each in iterables]):
        return _gw_py_zip(*iterables, strict=strict)
    sources = [iter(each) for each in iterables]

    def step(sent, error):
        row = []
        for source in sources:
            found = next(source, _gw_missing)
            if found is _gw_missing:
                return None
            row.append(found)
        return (tuple(row),)

    return _gw_Generator(step)


def map(function, *iterables):
    if not any([_gw_is_lazy(each) for each in iterables]):
        return _gw_py_map(function, *iterables)
    rows = zip(*iterables)

    def step(sent, error):
        row = next(rows, _gw_missing)
        return None if row is _gw_missing else (function(*row),)

    return _gw_Generator(step)


def filter(function, iterable):
    if not _gw_is_lazy(iterable):
        return _gw_py_filter(function, iterable)

    def step(sent, error):
        while True:
            found = next(iterable, _gw_missing)
            if found is _gw_missing:
                return None
            if found if function is None else function(found):
                return (found,)

    return _gw_Generator(step)
