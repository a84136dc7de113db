# mypy: ignore-errors
# ruff: noqa
"""Guest source: named tuples with methods."""

from collections import namedtuple as _gw_namedtuple


def _gw_named(fields, defaulted):
    """Decorator of a class that was a NamedTuple with methods; its defaults are class attributes."""
    defaults = {}

    def init(self, *args, **kwargs):
        if len(args) > len(fields):
            raise TypeError(
                _gw_kind(self)
                + ".__new__() takes "
                + str(len(fields) + 1)
                + " positional arguments but "
                + str(len(args) + 1)
                + " were given"
            )
        values = dict(zip(fields, args))
        values.update(kwargs)
        for name in fields:
            if name in values:
                setattr(self, name, values[name])
            elif name in defaults:
                setattr(self, name, defaults[name])
            else:
                raise TypeError(_gw_kind(self) + ".__new__() missing 1 required positional argument: '" + name + "'")

    def values(self):
        return tuple([_gw_py_getattr(self, name) for name in fields])

    def finish(cls):
        for name in defaulted:
            defaults[name] = _gw_py_getattr(cls, name)
        own = {
            "__init__": init,
            "__iter__": lambda self: iter(values(self)),
            "__getitem__": lambda self, index: values(self)[index],
            "__len__": lambda self: len(fields),
            "__hash__": lambda self: hash(values(self)),
            "__eq__": lambda self, other: values(self) == (values(other) if type(other) is type(self) else other),
            "__lt__": lambda self, other: values(self) < tuple(other),
            "__repr__": lambda self: (
                _gw_kind(self) + "(" + ", ".join([n + "=" + repr(_gw_py_getattr(self, n)) for n in fields]) + ")"
            ),
            "_asdict": lambda self: dict(zip(fields, values(self))),
            "_replace": lambda self, **changes: type(self)(**{**dict(zip(fields, values(self))), **changes}),
        }
        for name in own:
            if (
                name == "__init__"
                or not _gw_py_hasattr(cls, name)
                or name in ("__eq__", "__hash__", "__iter__", "__len__", "__getitem__")
            ):
                setattr(cls, name, own[name])
        cls._fields = tuple(fields)
        return cls

    return finish
