# mypy: ignore-errors
# ruff: noqa
"""Guest source: generators and lazy generator expressions as objects."""


class _gw_Generator:
    """A generator; `step(sent, error)` runs on to the next yield and returns (value,) or None when it ended."""

    def __init__(self, step):
        self._gw_step = step
        self._gw_done = False

    def __iter__(self):
        return self

    def __next__(self):
        return self.send(None)

    def send(self, value):
        if self._gw_done:
            raise StopIteration
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
        if self._gw_done:
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
        self._gw_done = True

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
