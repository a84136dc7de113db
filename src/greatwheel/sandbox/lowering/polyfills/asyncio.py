# mypy: ignore-errors
"""Guest source of what an engine's `asyncio` lacks."""

import asyncio as _asyncio


class Semaphore:
    def __init__(self, value=1):
        self._value = value

    async def __aenter__(self):
        return None

    async def __aexit__(self, kind, value, trace):
        return False


class Lock(Semaphore):
    pass


class BoundedSemaphore(Semaphore):
    pass


class TimeoutError(Exception):
    pass


class CancelledError(Exception):
    pass


async def wait_for(fut, timeout):
    return await fut


async def to_thread(func, /, *args, **kwargs):
    return func(*args, **kwargs)


def create_task(coro, *, name=None, context=None):
    return coro


def ensure_future(coro_or_future, *, loop=None):
    return coro_or_future


def as_completed(fs, *, timeout=None):
    return iter(list(fs))


def iscoroutinefunction(func):
    return False


class _Loop:
    def run_until_complete(self, future):
        return _asyncio.run(future)

    def close(self):
        return None

    def is_running(self):
        return False


def get_event_loop():
    return _Loop()


def new_event_loop():
    return _Loop()


def set_event_loop(loop):
    return None
