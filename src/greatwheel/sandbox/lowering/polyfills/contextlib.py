# mypy: ignore-errors
"""Guest source of `contextlib`; `contextmanager` over a generator is lowered by a pass of its own."""


class suppress:
    def __init__(self, *exceptions):
        self._exceptions = exceptions

    def __enter__(self):
        return None

    def __exit__(self, kind, value, trace):
        return value is not None and isinstance(value, self._exceptions)


class nullcontext:
    def __init__(self, enter_result=None):
        self.enter_result = enter_result

    def __enter__(self):
        return self.enter_result

    def __exit__(self, kind, value, trace):
        return False


class closing:
    def __init__(self, thing):
        self.thing = thing

    def __enter__(self):
        return self.thing

    def __exit__(self, kind, value, trace):
        self.thing.close()
        return False


class ExitStack:
    def __init__(self):
        self._exits = []

    def enter_context(self, cm):
        entered = cm.__enter__()
        self._exits.append(cm.__exit__)
        return entered

    def push(self, exit):
        self._exits.append(exit.__exit__ if hasattr(exit, "__exit__") else exit)
        return exit

    def callback(self, callback, *args, **kwds):
        def call(kind, value, trace):
            callback(*args, **kwds)
            return False

        self._exits.append(call)
        return callback

    def close(self):
        self.__exit__(None, None, None)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        swallowed = False
        while self._exits:
            if self._exits.pop()(kind, value, trace):
                swallowed = True
                kind = value = trace = None
        return swallowed


class AbstractContextManager:
    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        return None


class ContextDecorator:
    def __call__(self, func):
        def inner(*args, **kwds):
            with self:
                return func(*args, **kwds)

        return inner


class _Managed:
    """What a lowered `@contextmanager` function returns: its body before and after the yield."""

    def __init__(self, enter, leave):
        self._enter = enter
        self._leave = leave

    def __enter__(self):
        return self._enter()

    def __exit__(self, kind, value, trace):
        return self._leave(value)


def contextmanager(func):
    return func


def asynccontextmanager(func):
    return func


def redirect_stdout(new_target):
    raise NotImplementedError("redirect_stdout is not available: collect lines in a list instead of printing them")


def redirect_stderr(new_target):
    raise NotImplementedError("redirect_stderr is not available: collect lines in a list instead of printing them")
