# mypy: ignore-errors
# ruff: noqa
"""Guest source: the special methods that Monty does not call, and sorting by them."""

_gw_py_len = len
_gw_py_bool = bool
_gw_py_sorted = sorted
_gw_py_format = format
_gw_py_reversed = reversed


def _gw_less(a, b):
    kind = type(a)
    if _gw_py_hasattr(kind, "__lt__") and not _gw_is_value(a):
        return a.__lt__(b)
    if _gw_py_hasattr(type(b), "__gt__") and not _gw_is_value(b):
        return b.__gt__(a)
    if kind is type(b) and kind in (tuple, list):
        for x, y in zip(a, b):
            if not (x is y or x == y):
                return _gw_less(x, y)
        return _gw_py_len(a) < _gw_py_len(b)
    return a < b


_gw_values = ["int", "float", "str", "bool", "bytes", "tuple", "list", "NoneType", "set", "frozenset", "dict"]


def _gw_is_value(o):
    return _gw_kind(o) in _gw_values


def _gw_compare(a, op, b):
    if _gw_is_value(a) and _gw_is_value(b) and type(a) not in (tuple, list):
        return _gw_native_compare(a, op, b)
    name, other = _gw_compare_names[op]
    if not _gw_is_value(a) and _gw_py_hasattr(type(a), name):
        found = _gw_py_getattr(a, name)(b)
        if found is not NotImplemented:
            return found
    if not _gw_is_value(b) and _gw_py_hasattr(type(b), other):
        found = _gw_py_getattr(b, other)(a)
        if found is not NotImplemented:
            return found
    if type(a) is type(b) and type(a) in (tuple, list):
        for x, y in zip(a, b):
            if not (x is y or x == y):
                return _gw_compare(x, op, y)
        return _gw_native_compare(_gw_py_len(a), op, _gw_py_len(b))
    return _gw_native_compare(a, op, b)


_gw_compare_names = {
    "<": ("__lt__", "__gt__"),
    "<=": ("__le__", "__ge__"),
    ">": ("__gt__", "__lt__"),
    ">=": ("__ge__", "__le__"),
}


def _gw_native_compare(a, op, b):
    if op == "<":
        return a < b
    if op == "<=":
        return a <= b
    if op == ">":
        return a > b
    return a >= b


def _gw_truth(o):
    kind = type(o)
    if _gw_is_value(o):
        return _gw_py_bool(o)
    if _gw_py_hasattr(kind, "__bool__"):
        return o.__bool__()
    if _gw_py_hasattr(kind, "__len__"):
        return o.__len__() != 0
    return _gw_py_bool(o)


def _gw_len(o, /):
    if not _gw_is_value(o) and _gw_py_hasattr(type(o), "__len__"):
        return o.__len__()
    return _gw_py_len(o)


def _gw_format(value, spec=""):
    if not _gw_is_value(value) and _gw_py_hasattr(type(value), "__format__"):
        return value.__format__(spec)
    return _gw_py_format(value, spec)


def _gw_reversed(o):
    if not _gw_is_value(o) and _gw_py_hasattr(type(o), "__reversed__"):
        return iter(o.__reversed__())
    if not _gw_is_value(o) and _gw_py_hasattr(type(o), "__getitem__"):
        return iter([o[i] for i in range(_gw_len(o) - 1, -1, -1)])
    return _gw_py_reversed(o)


def _gw_keyed(items, key):
    items = list(items)
    return items, [key(x) for x in items]


def _gw_order(items, key, reverse):
    items, keys = (items, items) if key is None else _gw_keyed(items, key)
    if _gw_plain_keys(keys):
        rank = _gw_py_sorted(range(len(items)), key=lambda i: keys[i], reverse=reverse)
    else:
        rank = _gw_merge(list(range(len(items)))[:: -1 if reverse else 1], keys)
        rank = rank[:: -1 if reverse else 1]
    return [items[i] for i in rank]


def _gw_plain_keys(keys):
    for key in keys:
        for part in key if type(key) in (tuple, list) else (key,):
            if _gw_py_hasattr(type(part), "__lt__") and not _gw_knows(part, "real") and type(part) is not str:
                return False
    return True


def _gw_merge(rank, keys):
    if len(rank) < 2:
        return rank
    middle = len(rank) // 2
    a, b = _gw_merge(rank[:middle], keys), _gw_merge(rank[middle:], keys)
    out, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if _gw_less(keys[b[j]], keys[a[i]]):
            out.append(b[j])
            j += 1
        else:
            out.append(a[i])
            i += 1
    return out + a[i:] + b[j:]


def _gw_sorted(items, /, *, key=None, reverse=False):
    return _gw_order(list(items), key, reverse)


def _gw_sort(o, *, key=None, reverse=False):
    if type(o) is not list:
        return o.sort(key=key, reverse=reverse)
    o[:] = _gw_order(list(o), key, reverse)


def _gw_extreme(name, first, args, key, default, better):
    items = list(first) if not args else [first, *args]
    if not items:
        if default is _gw_missing:
            raise ValueError(name + "() arg is an empty sequence")
        return default
    items, keys = (items, items) if key is None else _gw_keyed(items, key)
    best = 0
    for i in range(1, len(items)):
        if better(keys[i], keys[best]):
            best = i
    return items[best]


def _gw_max(first, /, *args, key=None, default=_gw_missing):
    return _gw_extreme("max", first, args, key, default, lambda a, b: _gw_less(b, a))


def _gw_min(first, /, *args, key=None, default=_gw_missing):
    return _gw_extreme("min", first, args, key, default, _gw_less)
