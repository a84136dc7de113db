# mypy: ignore-errors
# ruff: noqa
"""Guest source: `globals`, `locals`, `vars` and `dir`."""


def _gw_vars(o, names):
    """`o.__dict__`: the attributes out of `names` that the instance has."""
    kind = type(o)
    found = {}
    for name in [*names, *[n for n in _gw_set_names if n not in names and not _gw_py_hasattr(kind, n)]]:
        value = _gw_py_getattr(o, name, _gw_missing)
        if value is not _gw_missing and not (_gw_py_hasattr(kind, name) and _gw_py_getattr(kind, name) is value):
            found[name] = value
    return found


def _gw_dir(o, names):
    kind = _gw_class_name(o) if _gw_is_class(o) else _gw_kind(o)
    found = [name for name in names if _gw_py_hasattr(o, name)]
    return sorted(set(found + _gw_object_dunders + _gw_dunders.get(kind, []) + _gw_methods.get(kind, [])))


def _gw_scope(pairs):
    """`globals()` and `locals()`: a dict of the names that are bound now."""
    found = {}
    for name, read in pairs:
        try:
            value = read()
        except NameError:
            continue
        if _gw_kind(value) != "_gw_Deleted":
            found[name] = value
    return found


def _gw_update(o, *args, **kwargs):
    """`o.__dict__.update(...)`."""
    if _gw_kind(o) in _gw_methods:
        return o.__dict__.update(*args, **kwargs)
    for name, value in dict(*args, **kwargs).items():
        setattr(o, name, value)
