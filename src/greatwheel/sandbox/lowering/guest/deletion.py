# mypy: ignore-errors
# ruff: noqa
"""Guest source: `del`."""


class _gw_Deleted:
    def __repr__(self):
        return "<deleted>"


_gw_deleted = _gw_Deleted()


def _gw_alive(value, name):
    if value is _gw_deleted:
        raise NameError("name '" + name + "' is not defined")
    return value


def _gw_delitem(o, key):
    kind = _gw_kind(o)
    if kind == "list":
        if type(key) is slice:
            _gw_delslice(o, key.start, key.stop, key.step)
            return
        try:
            o.pop(key)
        except IndexError:
            raise IndexError("list assignment index out of range")
    elif kind == "deque":
        if not -len(o) <= key < len(o):
            raise IndexError("deque index out of range")
        o.rotate(-key)
        o.popleft()
        o.rotate(key)
    elif kind in ("str", "tuple", "int", "set", "range", "bytes"):
        raise TypeError("'" + kind + "' object doesn't support item deletion")
    elif _gw_py_hasattr(o, "__delitem__"):
        o.__delitem__(key)
    elif kind == "Counter":
        if key in o:
            o.pop(key)
    else:
        o.pop(key)


def _gw_delslice(o, start, stop, step):
    if step is None or step == 1:
        o[start:stop] = []
        return
    gone = set(range(len(o))[start:stop:step])
    o[:] = [x for i, x in enumerate(o) if i not in gone]
