# mypy: ignore-errors
"""Guest source of `timeit`, for callables."""

import time as _time

default_timer = _time.perf_counter


def timeit(stmt="pass", setup="pass", timer=None, number=1000000, globals=None):
    if isinstance(stmt, str):
        raise NotImplementedError("timeit of source text is not available here: pass a function")
    start = _time.perf_counter()
    for _ in range(number):
        stmt()
    return _time.perf_counter() - start


def repeat(stmt="pass", setup="pass", timer=None, repeat=5, number=1000000, globals=None):
    return [timeit(stmt, setup, timer, number) for _ in range(repeat)]
