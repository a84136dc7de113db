# mypy: ignore-errors
# ruff: noqa
"""Guest source: what a class inherits and what its method decorators do."""


class _gw_Static:
    def __init__(self, function):
        self.function = function

    def __call__(self, *args, **kwargs):
        return self.function(*args, **kwargs)


class _gw_ClassMethod:
    def __init__(self, function, owner):
        self.function = function
        self.owner = owner

    def __call__(self, *args, **kwargs):
        return self.function(self.owner, *args, **kwargs)


def _gw_class(bases, names, statics, classmethods, props, own):
    """Decorator of a rewritten class: adds what it inherits and what its decorators asked for.

    `names`: of each base, the members to copy; `props`: (name, getter, setter, cached) by the functions that hold them;
    `own`: the names that the body bound.
    """

    def finish(cls):
        table, mro, given = {}, [], []
        for base in bases[::-1]:
            table.update(_gw_py_getattr(base, "_gw_props", {}))
        for base in bases:
            mro.append(base)
        for base in bases:
            mro.extend([each for each in _gw_mro_of(base) if each not in mro])
        for base, members in zip(bases, names):
            for name in members:
                if name not in own and name not in given and _gw_py_hasattr(base, name):
                    given.append(name)
                    value = _gw_py_getattr(base, name)
                    if _gw_kind(value) == "_gw_ClassMethod":
                        value = _gw_ClassMethod(value.function, cls)
                    setattr(cls, name, value)
        for name in own:
            if name in table:
                table.pop(name)
        for name in statics:
            setattr(cls, name, _gw_Static(_gw_py_getattr(cls, name)))
        for name in classmethods:
            setattr(cls, name, _gw_ClassMethod(_gw_py_getattr(cls, name), cls))
        for name, getter, setter, cached in props:
            found = _gw_py_getattr(cls, getter) if getter else None
            for base in bases:
                if found is None:
                    found = _gw_py_getattr(base, "_gw_props", {}).get(name, (None,))[0]
            table[name] = (
                _gw_cached(name, found) if cached else found,
                _gw_py_getattr(cls, setter) if setter else None,
            )
        cls._gw_mro = tuple(mro)
        cls._gw_own = list(own)
        for base in bases:
            if _gw_is_class(base):
                base._gw_heirs = _gw_py_getattr(base, "_gw_heirs", ()) + (cls,)
        if table:
            cls._gw_props = table
        return cls

    return finish


def _gw_hand_on(cls, name):
    """After an assignment to a class: its heirs have the new value, unless they bound the name themselves."""
    own = _gw_py_getattr(cls, "_gw_own", None)
    if own is not None and name not in own:
        own.append(name)
    _gw_inherit(cls, name)


def _gw_inherit(cls, name):
    value = _gw_py_getattr(cls, name)
    for heir in _gw_py_getattr(cls, "_gw_heirs", ()):
        if name not in heir._gw_own:
            setattr(heir, name, value)
            _gw_inherit(heir, name)


def _gw_bindable(function):
    """What a method's decorator made, as a function that binds `self`."""
    if _gw_kind(function) == "function":
        return function
    return lambda self, *args, **kwargs: function(self, *args, **kwargs)


def _gw_no_super(name):
    raise AttributeError("'super' object has no attribute '" + name + "'")


def _gw_nothing(*args, **kwargs):
    return None


def _gw_cached(name, function):
    """A getter that runs once per instance."""
    slot = "_gw_cache_" + name

    def getter(self):
        found = _gw_py_getattr(self, slot, _gw_missing)
        if found is _gw_missing:
            found = function(self)
            setattr(self, slot, found)
        return found

    return getter


def _gw_total_ordering(cls):
    if _gw_py_hasattr(cls, "__lt__"):
        less = _gw_py_getattr(cls, "__lt__")
        cls.__gt__ = lambda self, other: not (less(self, other) or self == other)
        cls.__le__ = lambda self, other: less(self, other) or self == other
        cls.__ge__ = lambda self, other: not less(self, other)
    elif _gw_py_hasattr(cls, "__gt__"):
        more = _gw_py_getattr(cls, "__gt__")
        cls.__lt__ = lambda self, other: not (more(self, other) or self == other)
        cls.__ge__ = lambda self, other: more(self, other) or self == other
        cls.__le__ = lambda self, other: not more(self, other)
    return cls


def _gw_ordered(fields):
    """Decorator for `@dataclass(order=True)`."""

    def key(o):
        return tuple([_gw_py_getattr(o, name) for name in fields])

    def finish(cls):
        cls.__lt__ = lambda self, other: _gw_compare(key(self), "<", key(other))
        cls.__le__ = lambda self, other: _gw_compare(key(self), "<=", key(other))
        cls.__gt__ = lambda self, other: _gw_compare(key(self), ">", key(other))
        cls.__ge__ = lambda self, other: _gw_compare(key(self), ">=", key(other))
        return cls

    return finish


def _gw_field_names(fields):
    def finish(cls):
        cls._gw_fields = fields
        return cls

    return finish
