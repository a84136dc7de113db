# mypy: ignore-errors
# ruff: noqa
"""Guest source: Enum classes."""


class _gw_Auto:
    pass


class _gw_EnumType:
    """What a name bound to an Enum class holds: the class's behaviour as a value."""

    def __init__(self, cls, name, members):
        self._gw_class = cls
        self.__name__ = name
        self.__members__ = members
        self._gw_values = list({id(m): m for m in members.values()}.values())

    def __call__(self, value):
        for member in self._gw_values:
            if member is value or member.value == value:
                return member
        missing = _gw_py_getattr(self._gw_class, "_missing_", None)
        if missing is not None:
            found = missing(value)
            if found is not None:
                return found
        raise ValueError(repr(value) + " is not a valid " + self.__name__)

    def __getitem__(self, name):
        return self.__members__[name]

    def __iter__(self):
        return iter(self._gw_values)

    def __len__(self):
        return _gw_py_len(self._gw_values)

    def __contains__(self, value):
        for member in self._gw_values:
            if member is value or member.value == value:
                return True
        return False

    def __repr__(self):
        return "<enum '" + self.__name__ + "'>"


def _gw_enum(name, keys, methods, mixin, flag=False):
    """Decorator of a class that was an Enum; `keys` are its members in order, `mixin` is int, str or empty."""

    def finish(cls):
        members, last = {}, 0
        for key in keys:
            raw = _gw_py_getattr(cls, key)
            if _gw_kind(raw) == "_gw_Auto":
                raw = key.lower() if mixin == "strenum" else (last * 2 or 1) if flag else last + 1
            if type(raw) is int:
                last = raw
            members[key] = _gw_member(cls, key, raw, members)
        if not _gw_py_hasattr(cls, "__str__"):
            cls.__str__ = (lambda self: str(self.value)) if mixin in ("intenum", "strenum") else _gw_enum_str
        cls.__repr__ = (
            cls.__repr__
            if "__repr__" in methods
            else lambda self: "<" + name + "." + self.name + ": " + repr(self.value) + ">"
        )
        if "__eq__" not in methods and not mixin:
            cls.__hash__ = lambda self: hash(self.name)
        if mixin:
            _gw_mix(cls, methods)
        if flag:
            _gw_flags(cls, members)
        enum = _gw_EnumType(cls, name, members)
        for key in members:
            setattr(enum, key, members[key])
            setattr(cls, key, members[key])
        for key in methods:
            if not key.startswith("__") and _gw_py_hasattr(cls, key):
                value = _gw_py_getattr(cls, key)
                setattr(
                    enum, key, _gw_ClassMethod(value.function, enum) if _gw_kind(value) == "_gw_ClassMethod" else value
                )
        cls._gw_enum_type = enum
        return enum

    return finish


def _gw_enum_str(self):
    return type(self)._gw_enum_type.__name__ + "." + self.name


def _gw_member(cls, key, raw, members):
    for other in members.values():
        if type(other.value) is type(raw) and other.value == raw:
            return other
    init = _gw_py_getattr(cls, "_gw_enum_init", None)
    member = cls()
    member.name = key
    member.value = raw
    member._name_ = key
    member._value_ = raw
    if init is not None:
        if type(raw) is tuple:
            init(member, *raw)
        else:
            init(member, raw)
    return member


def _gw_plain(o):
    return o.value if _gw_py_hasattr(type(o), "_gw_enum_type") else o


def _gw_mix(cls, methods):
    """The operators of an int or str mixin, on the members' values."""
    cls.__hash__ = lambda self: hash(self.value)
    cls.__eq__ = lambda self, other: self.value == _gw_plain(other)
    cls.__ne__ = lambda self, other: self.value != _gw_plain(other)
    cls.__lt__ = lambda self, other: self.value < _gw_plain(other)
    cls.__le__ = lambda self, other: self.value <= _gw_plain(other)
    cls.__gt__ = lambda self, other: self.value > _gw_plain(other)
    cls.__ge__ = lambda self, other: self.value >= _gw_plain(other)
    cls.__add__ = lambda self, other: self.value + _gw_plain(other)
    cls.__radd__ = lambda self, other: _gw_plain(other) + self.value
    cls.__sub__ = lambda self, other: self.value - _gw_plain(other)
    cls.__mul__ = lambda self, other: self.value * _gw_plain(other)
    cls.__int__ = lambda self: int(self.value)
    cls.__index__ = lambda self: self.value
    cls.__len__ = lambda self: _gw_py_len(self.value)
    for name in "upper lower title capitalize strip split startswith endswith replace".split():
        _gw_mix_method(cls, name)


def _gw_mix_method(cls, name):
    calls = {
        "upper": lambda self: self.value.upper(),
        "lower": lambda self: self.value.lower(),
        "title": lambda self: self.value.title(),
        "capitalize": lambda self: self.value.capitalize(),
        "strip": lambda self, *args: self.value.strip(*args),
        "split": lambda self, *args: self.value.split(*args),
        "startswith": lambda self, *args: self.value.startswith(*args),
        "endswith": lambda self, *args: self.value.endswith(*args),
        "replace": lambda self, *args: self.value.replace(*args),
    }
    setattr(cls, name, calls[name])


def _gw_make_enum(name, names, kind):
    class Made:
        pass

    if type(names) is str:
        names = names.replace(",", " ").split()
    pairs = (
        list(names.items())
        if type(names) is dict
        else [n if type(n) in (tuple, list) else (n, i + 1) for i, n in enumerate(names)]
    )
    for key, value in pairs:
        setattr(Made, key, value)
    mixin = {"IntEnum": "intenum", "StrEnum": "strenum"}.get(kind, "")
    return _gw_enum(name, [key for key, value in pairs], [], mixin)(Made)


def _gw_flags(cls, members):
    """The operators of a Flag; a combination is made when it is first needed."""
    made = {}

    def member(value):
        for each in members.values():
            if each.value == value:
                return each
        if value not in made:
            new = cls()
            new.value = new._value_ = value
            new.name = new._name_ = "|".join([n for n, m in members.items() if m.value & value]) or None
            made[value] = new
        return made[value]

    every = 0
    for each in members.values():
        every |= each.value
    cls.__or__ = lambda self, other: member(self.value | _gw_plain(other))
    cls.__and__ = lambda self, other: member(self.value & _gw_plain(other))
    cls.__xor__ = lambda self, other: member(self.value ^ _gw_plain(other))
    cls.__invert__ = lambda self: member(every & ~self.value)
    cls.__contains__ = lambda self, other: other.value & self.value == other.value
    cls.__bool__ = lambda self: self.value != 0
