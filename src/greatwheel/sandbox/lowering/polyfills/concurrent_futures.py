# mypy: ignore-errors
# ruff: noqa: B905
"""Guest source of `concurrent.futures`: work runs when it is submitted, in order.

Work that calls the host comes as an asynchronous twin from the pass that lowers pools (`_gw_map`, `_gw_submit`). It
waits until a result is asked for, and then goes out in one `gather`.
"""

import asyncio as _asyncio

FIRST_COMPLETED = "FIRST_COMPLETED"
FIRST_EXCEPTION = "FIRST_EXCEPTION"
ALL_COMPLETED = "ALL_COMPLETED"


class CancelledError(Exception):
    pass


class TimeoutError(Exception):
    pass


class BrokenExecutor(RuntimeError):
    pass


class Future:
    def __init__(self):
        self._done = False
        self._result = None
        self._error = None
        self._callbacks = []
        self._pool = None

    def _settle(self):
        if self._pool is not None:
            self._pool._flush()

    def result(self, timeout=None):
        self._settle()
        if self._error is not None:
            raise self._error
        return self._result

    def exception(self, timeout=None):
        self._settle()
        return self._error

    def done(self):
        self._settle()
        return self._done

    def running(self):
        return False

    def cancelled(self):
        return False

    def cancel(self):
        return False

    def add_done_callback(self, fn):
        if self._done:
            fn(self)
        else:
            self._callbacks.append(fn)

    def set_result(self, result):
        self._result = result
        self._finish()

    def set_exception(self, exception):
        self._error = exception
        self._finish()

    def _finish(self):
        self._done = True
        for callback in self._callbacks:
            callback(self)


class ThreadPoolExecutor:
    def __init__(self, max_workers=None, thread_name_prefix="", initializer=None, initargs=()):
        if max_workers is not None and max_workers <= 0:
            raise ValueError("max_workers must be greater than 0")
        self._max_workers = max_workers or 8
        self._shut = False
        self._waiting = []
        if initializer is not None:
            initializer(*initargs)

    def submit(self, fn, *args, **kwargs):
        if self._shut:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future = Future()
        try:
            result = fn(*args, **kwargs)
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        return future

    def map(self, fn, *iterables, timeout=None, chunksize=1):
        futures = [self.submit(fn, *args) for args in zip(*iterables)]
        return _Results(futures)

    def _gw_submit(self, twin, *args, **kwargs):
        future = Future()
        future._pool = self
        self._waiting.append((future, twin, args, kwargs))
        return future

    def _gw_map(self, twin, *iterables):
        futures = [self._gw_submit(twin, *args) for args in zip(*iterables)]
        self._flush()
        return _Results(futures)

    def _flush(self):
        waiting, self._waiting = self._waiting, []
        for job in waiting:
            job[0]._pool = None
        if waiting:
            _asyncio.run(_all_of(waiting))

    def shutdown(self, wait=True, *, cancel_futures=False):
        self._flush()
        self._shut = True

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self._flush()
        self._shut = True
        return False


async def _one_of(future, twin, args, kwargs):
    try:
        future.set_result(await twin(*args, **kwargs))
    except Exception as error:
        future.set_exception(error)


async def _all_of(waiting):
    await _asyncio.gather(*[_one_of(future, twin, args, kwargs) for future, twin, args, kwargs in waiting])


class _Results:
    def __init__(self, futures):
        self._futures = futures
        self._next = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self._next >= len(self._futures):
            raise StopIteration
        self._next += 1
        return self._futures[self._next - 1].result()


ProcessPoolExecutor = ThreadPoolExecutor


def as_completed(fs, timeout=None):
    futures = list(fs)
    for future in futures:
        future._settle()
    return iter(futures)


class _Waited:
    def __init__(self, done, not_done):
        self.done = done
        self.not_done = not_done

    def __iter__(self):
        return iter((self.done, self.not_done))

    def __getitem__(self, i):
        return (self.done, self.not_done)[i]


def wait(fs, timeout=None, return_when=ALL_COMPLETED):
    return _Waited(set(as_completed(fs)), set())
