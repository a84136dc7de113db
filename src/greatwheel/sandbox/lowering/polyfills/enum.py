# mypy: ignore-errors
"""Guest source of `enum`: the names; classes that derive from them are lowered by a pass of their own."""


class auto:
    pass


class Enum:
    pass


class IntEnum:
    pass


class StrEnum:
    pass


class Flag:
    pass


class IntFlag:
    pass


def unique(enumeration):
    return enumeration
