# mypy: ignore-errors
# ruff: noqa: SIM401
"""Guest source of what an engine's `collections` lacks."""

import collections.abc as _abc

abc = _abc


class OrderedDict:
    """A dict in a class of its own: keeps the order, knows `move_to_end`, and prints as CPython's does."""

    def __init__(self, other=(), **kwargs):
        self._data = {}
        self.update(other, **kwargs)

    def __getitem__(self, key):
        return self._data[key]

    def __setitem__(self, key, value):
        self._data[key] = value

    def __delitem__(self, key):
        if key not in self._data:
            raise KeyError(key)
        self._data.pop(key)

    def __contains__(self, key):
        return key in self._data

    def __iter__(self):
        return iter(list(self._data))

    def __reversed__(self):
        return iter(list(self._data)[::-1])

    def __len__(self):
        return len(self._data)

    def __bool__(self):
        return bool(self._data)

    def __eq__(self, other):
        if isinstance(other, OrderedDict):
            return list(self._data.items()) == list(other._data.items())
        return self._data == other

    def __or__(self, other):
        merged = OrderedDict(self)
        merged.update(other)
        return merged

    def __repr__(self):
        if not self._data:
            return "OrderedDict()"
        return f"OrderedDict([{', '.join([f'({k!r}, {v!r})' for k, v in self._data.items()])}])"

    def keys(self):
        return self._data.keys()

    def values(self):
        return self._data.values()

    def items(self):
        return self._data.items()

    def get(self, key, default=None):
        return self._data.get(key, default)

    def setdefault(self, key, default=None):
        return self._data.setdefault(key, default)

    def pop(self, key, *default):
        return self._data.pop(key, *default)

    def popitem(self, last=True):
        if not self._data:
            raise KeyError("dictionary is empty")
        key = list(self._data)[-1] if last else next(iter(self._data))
        return (key, self._data.pop(key))

    def move_to_end(self, key, last=True):
        value = self._data.pop(key)
        if last:
            self._data[key] = value
        else:
            rest = list(self._data.items())
            self._data.clear()
            self._data[key] = value
            self._data.update(rest)

    def update(self, other=(), **kwargs):
        pairs = other.items() if hasattr(other, "items") or isinstance(other, dict) else other
        for key, value in pairs:
            self._data[key] = value
        for key, value in kwargs.items():
            self._data[key] = value

    def clear(self):
        self._data.clear()

    def copy(self):
        return OrderedDict(self)


class ChainMap:
    def __init__(self, *maps):
        self.maps = list(maps) or [{}]

    def __getitem__(self, key):
        for mapping in self.maps:
            if key in mapping:
                return mapping[key]
        raise KeyError(key)

    def __setitem__(self, key, value):
        self.maps[0][key] = value

    def __contains__(self, key):
        return len([mapping for mapping in self.maps if key in mapping]) > 0

    def __iter__(self):
        return iter(list(self._merged()))

    def __len__(self):
        return len(self._merged())

    def __bool__(self):
        return bool(self._merged())

    def __repr__(self):
        return f"ChainMap({', '.join([repr(mapping) for mapping in self.maps])})"

    def get(self, key, default=None):
        return self[key] if key in self else default

    def keys(self):
        return self._merged().keys()

    def values(self):
        return self._merged().values()

    def items(self):
        return self._merged().items()

    def new_child(self, m=None):
        return ChainMap({} if m is None else m, *self.maps)

    def pop(self, key, *default):
        return self.maps[0].pop(key, *default)

    def _merged(self):
        merged = {}
        for mapping in self.maps[::-1]:
            merged.update(mapping)
        return merged


class UserDict:
    def __init__(self, dict=None, **kwargs):
        self.data = {}
        self.update(dict or {}, **kwargs)

    def __getitem__(self, key):
        if key in self.data:
            return self.data[key]
        if hasattr(self, "__missing__"):
            return self.__missing__(key)
        raise KeyError(key)

    def __setitem__(self, key, item):
        self.data[key] = item

    def __delitem__(self, key):
        self.data.pop(key)

    def __contains__(self, key):
        return key in self.data

    def __iter__(self):
        return iter(list(self.data))

    def __len__(self):
        return len(self.data)

    def __repr__(self):
        return repr(self.data)

    def keys(self):
        return self.data.keys()

    def values(self):
        return self.data.values()

    def items(self):
        return self.data.items()

    def get(self, key, default=None):
        return self[key] if key in self else default

    def pop(self, key, *default):
        return self.data.pop(key, *default)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, other=(), **kwargs):
        pairs = other.items() if hasattr(other, "items") or isinstance(other, dict) else other
        for key, value in pairs:
            self[key] = value
        for key, value in kwargs.items():
            self[key] = value


class UserList:
    def __init__(self, initlist=None):
        self.data = list(initlist or [])

    def __getitem__(self, i):
        return self.data[i]

    def __setitem__(self, i, item):
        self.data[i] = item

    def __contains__(self, item):
        return item in self.data

    def __iter__(self):
        return iter(self.data)

    def __len__(self):
        return len(self.data)

    def __repr__(self):
        return repr(self.data)

    def append(self, item):
        self.data.append(item)

    def extend(self, other):
        self.data.extend(other)

    def pop(self, i=-1):
        return self.data.pop(i)

    def sort(self, key=None, reverse=False):
        self.data.sort(key=key, reverse=reverse)
