# mypy: ignore-errors
# ruff: noqa
"""Guest source: arithmetic of a complex and a real number, which CPython makes complex first, zeros signed."""


def _gw_complex(x, other):
    """A real number, as a complex one where the other operand is complex."""
    return complex(x, 0.0) if type(other) is complex and type(x) in (int, float, bool) else x


def _gw_arithmetic(a, sign, b):
    a, b = _gw_complex(a, b), _gw_complex(b, a)
    if sign == "+":
        return a + b
    if sign == "-":
        return a - b
    if sign == "*":
        return a * b
    return a / b
