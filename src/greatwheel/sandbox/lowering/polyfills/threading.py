# mypy: ignore-errors
# ruff: noqa: RUF012
"""Guest source of `threading`: a thread runs to its end in `start()`."""

import sys as _sys


class Thread:
    _made = [0]

    def __init__(self, group=None, target=None, name=None, args=(), kwargs=None, *, daemon=None):
        self._target = target
        self._args = args
        self._kwargs = kwargs or {}
        self._done = False
        if name is None:
            Thread._made[0] += 1
            suffix = f" ({target.__name__})" if target is not None and hasattr(target, "__name__") else ""
            name = f"Thread-{Thread._made[0]}{suffix}"
        self.name = name
        self.daemon = bool(daemon)
        self.ident = None

    def start(self):
        if self.ident is not None:
            raise RuntimeError("threads can only be started once")
        self.ident = id(self)
        _running.append(self)
        try:
            self.run()
        except Exception as error:
            print(f"Exception in thread {self.name}:\n{type(error).__name__}: {error}", file=_sys.stderr)
        finally:
            _running.pop()
        self._done = True

    def run(self):
        if self._target is not None:
            self._target(*self._args, **self._kwargs)

    def join(self, timeout=None):
        if self.ident is None:
            raise RuntimeError("cannot join thread before it is started")

    def is_alive(self):
        return self.ident is not None and not self._done

    def getName(self):
        return self.name


class _MainThread(Thread):
    def __init__(self):
        Thread.__init__(self, name="MainThread")
        self.ident = 1


class Timer(Thread):
    def __init__(self, interval, function, args=None, kwargs=None):
        Thread.__init__(self, target=function, args=args or (), kwargs=kwargs)
        self.interval = interval
        self._cancelled = False

    def cancel(self):
        self._cancelled = True

    def run(self):
        if not self._cancelled:
            self._target(*self._args, **self._kwargs)


class Lock:
    def __init__(self):
        self._held = 0
        self._limit = 1

    def acquire(self, blocking=True, timeout=-1):
        if self._held >= self._limit:
            if blocking and timeout is not None and timeout < 0:
                raise RuntimeError("deadlock: the lock is held and there is one thread here")
            return False
        self._held += 1
        return True

    def release(self):
        if self._held <= 0:
            raise RuntimeError("release unlocked lock")
        self._held -= 1

    def locked(self):
        return self._held >= self._limit

    def __enter__(self):
        return self.acquire()

    def __exit__(self, kind, value, trace):
        self.release()
        return False


class RLock(Lock):
    def __init__(self):
        Lock.__init__(self)
        self._limit = 1000000


class Semaphore(Lock):
    def __init__(self, value=1):
        Lock.__init__(self)
        self._limit = value

    def release(self, n=1):
        self._held -= n


class BoundedSemaphore(Semaphore):
    def release(self, n=1):
        if self._held < n:
            raise ValueError("Semaphore released too many times")
        self._held -= n


class Condition(RLock):
    def __init__(self, lock=None):
        RLock.__init__(self)

    def wait(self, timeout=None):
        return False

    def wait_for(self, predicate, timeout=None):
        return predicate()

    def notify(self, n=1):
        return None

    def notify_all(self):
        return None


class Event:
    def __init__(self):
        self._set = False

    def is_set(self):
        return self._set

    def set(self):
        self._set = True

    def clear(self):
        self._set = False

    def wait(self, timeout=None):
        return self._set


class local:
    pass


_running = [_MainThread()]


def current_thread():
    return _running[-1]


def main_thread():
    return _running[0]


def active_count():
    return len(_running)


def enumerate():
    return list(_running)


def get_ident():
    return _running[-1].ident
