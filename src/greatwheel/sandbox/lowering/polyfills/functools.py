# mypy: ignore-errors
# ruff: noqa: F821
"""Guest source of what an engine's `functools` lacks."""

WRAPPER_ASSIGNMENTS = ("__module__", "__name__", "__qualname__", "__doc__", "__annotations__")
WRAPPER_UPDATES = ("__dict__",)


def wraps(wrapped, assigned=WRAPPER_ASSIGNMENTS, updated=WRAPPER_UPDATES):
    def decorate(wrapper):
        return update_wrapper(wrapper, wrapped)

    return decorate


def update_wrapper(wrapper, wrapped, assigned=WRAPPER_ASSIGNMENTS, updated=WRAPPER_UPDATES):
    # Monty's functions take no attributes: the name is kept beside them, for the newest ones.
    _gw_renamed.append((wrapper, wrapped.__name__ if hasattr(wrapped, "__name__") else "wrapper"))
    if len(_gw_renamed) > 256:
        _gw_renamed.pop(0)
    return wrapper


class _Key:
    def __init__(self, compare, obj):
        self._compare = compare
        self.obj = obj

    def __lt__(self, other):
        return self._compare(self.obj, other.obj) < 0

    def __gt__(self, other):
        return self._compare(self.obj, other.obj) > 0

    def __eq__(self, other):
        return self._compare(self.obj, other.obj) == 0


def cmp_to_key(mycmp):
    def key(obj):
        return _Key(mycmp, obj)

    return key


def total_ordering(cls):
    return cls


def cached_property(func):
    return func


class singledispatch:
    def __init__(self, func):
        self._default = func
        self._registry = []

    def register(self, kind, func=None):
        if func is not None:
            self._registry.append((kind, func))
            return func

        def decorate(function):
            self._registry.append((kind, function))
            return function

        return decorate

    def dispatch(self, value):
        for kind, func in self._registry:
            if type(value) is kind:
                return func
        for kind, func in self._registry:
            if isinstance(value, kind):
                return func
        return self._default

    def __call__(self, value, *args, **kwargs):
        return self.dispatch(value)(value, *args, **kwargs)
