# mypy: ignore-errors
# ruff: noqa
"""Guest source: callbacks that call the host."""


def _gw_map(f, *iterables):
    if len(iterables) == 1:
        return iter([f(x) for x in iterables[0]])
    return iter([f(*args) for args in zip(*iterables)])


def _gw_filter(f, items):
    if f is None:
        return iter([x for x in items if x])
    return iter([x for x in items if f(x)])


def _gw_reduce(f, items, /, *initial):
    items = list(items)
    if initial:
        total = initial[0]
    elif items:
        total = items.pop(0)
    else:
        raise TypeError("reduce() of empty iterable with no initial value")
    for x in items:
        total = f(total, x)
    return total


def _gw_any(tests):
    for test in tests:
        if test():
            return True
    return False


class _gw_DefaultDict:
    """A defaultdict whose factory calls the host."""

    def __init__(self, factory, *args, **kwargs):
        self.default_factory = factory
        self._data = dict(*args, **kwargs)

    def __getitem__(self, key):
        if key not in self._data:
            self._data[key] = self.default_factory()
        return self._data[key]

    def __setitem__(self, key, value):
        self._data[key] = value

    def __delitem__(self, key):
        self._data.pop(key)

    def __contains__(self, key):
        return key in self._data

    def __iter__(self):
        return iter(list(self._data))

    def __len__(self):
        return len(self._data)

    def __eq__(self, other):
        return self._data == other

    def __repr__(self):
        return "defaultdict(" + repr(self.default_factory) + ", " + repr(self._data) + ")"

    def get(self, key, default=None):
        return self._data.get(key, default)

    def keys(self):
        return self._data.keys()

    def values(self):
        return self._data.values()

    def items(self):
        return self._data.items()

    def pop(self, *args):
        return self._data.pop(*args)

    def update(self, *args, **kwargs):
        self._data.update(*args, **kwargs)

    def setdefault(self, key, default=None):
        return self._data.setdefault(key, default)


def _gw_item(o, key):
    """`o[key]` where `o` may be such a dict."""
    return o.__getitem__(key) if _gw_kind(o) == "_gw_DefaultDict" else o[key]
