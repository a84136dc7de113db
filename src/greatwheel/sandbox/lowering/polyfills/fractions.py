# mypy: ignore-errors
"""Guest source of `fractions`."""

import math as _math
import re as _re


class Fraction:
    def __init__(self, numerator=0, denominator=None):
        top, bottom = _parts(numerator)
        if denominator is not None:
            if isinstance(numerator, (str, float)) or isinstance(denominator, (str, float)):
                raise TypeError("both arguments should be Rational instances")
            other_top, other_bottom = _parts(denominator)
            if other_top == 0:
                raise ZeroDivisionError(f"Fraction({top}, 0)")
            top, bottom = top * other_bottom, bottom * other_top
        if bottom < 0:
            top, bottom = -top, -bottom
        shrink = _math.gcd(top, bottom)
        self.numerator = top // shrink
        self.denominator = bottom // shrink

    def limit_denominator(self, max_denominator=1000000):
        if max_denominator < 1:
            raise ValueError("max_denominator should be at least 1")
        if self.denominator <= max_denominator:
            return Fraction(self.numerator, self.denominator)
        p0, q0, p1, q1 = 0, 1, 1, 0
        n, d = self.numerator, self.denominator
        while True:
            a = n // d
            q2 = q0 + a * q1
            if q2 > max_denominator:
                break
            p0, q0, p1, q1 = p1, q1, p0 + a * p1, q2
            n, d = d, n - a * d
        k = (max_denominator - q0) // q1
        low, high = Fraction(p1, q1), Fraction(p0 + k * p1, q0 + k * q1)
        return low if abs(low - self)._key() <= abs(high - self)._key() else high

    def as_integer_ratio(self):
        return (self.numerator, self.denominator)

    def is_integer(self):
        return self.denominator == 1

    def __add__(self, other):
        return _combine(self, other, "+")

    def __radd__(self, other):
        return _combine(other, self, "+")

    def __sub__(self, other):
        return _combine(self, other, "-")

    def __rsub__(self, other):
        return _combine(other, self, "-")

    def __mul__(self, other):
        return _combine(self, other, "*")

    def __rmul__(self, other):
        return _combine(other, self, "*")

    def __truediv__(self, other):
        return _combine(self, other, "/")

    def __rtruediv__(self, other):
        return _combine(other, self, "/")

    def __floordiv__(self, other):
        return _combine(self, other, "//")

    def __rfloordiv__(self, other):
        return _combine(other, self, "//")

    def __mod__(self, other):
        return _combine(self, other, "%")

    def __rmod__(self, other):
        return _combine(other, self, "%")

    def __pow__(self, other):
        if isinstance(other, Fraction) and other.denominator == 1:
            other = other.numerator
        if not isinstance(other, int):
            return float(self) ** float(other)
        if other >= 0:
            return Fraction(self.numerator**other, self.denominator**other)
        if self.numerator == 0:
            raise ZeroDivisionError(f"Fraction({self.denominator**-other}, 0)")
        return Fraction(self.denominator**-other, self.numerator**-other)

    def __rpow__(self, other):
        if self.denominator == 1:
            return other**self.numerator
        return other ** float(self)

    def __neg__(self):
        return Fraction(-self.numerator, self.denominator)

    def __pos__(self):
        return self

    def __abs__(self):
        return Fraction(abs(self.numerator), self.denominator)

    def __int__(self):
        return self.__trunc__()

    def __trunc__(self):
        return self.numerator // self.denominator if self.numerator >= 0 else -(-self.numerator // self.denominator)

    def __floor__(self):
        return self.numerator // self.denominator

    def __ceil__(self):
        return -(-self.numerator // self.denominator)

    def __float__(self):
        return self.numerator / self.denominator

    def __round__(self, ndigits=None):
        if ndigits is not None:
            shift = 10 ** abs(ndigits)
            if ndigits > 0:
                return Fraction(round(self * shift), shift)
            return Fraction(round(self / shift) * shift)
        floor, rest = divmod(self.numerator, self.denominator)
        if rest * 2 < self.denominator:
            return floor
        if rest * 2 > self.denominator:
            return floor + 1
        return floor + floor % 2

    def __bool__(self):
        return self.numerator != 0

    def __eq__(self, other):
        if isinstance(other, float):
            return float(self) == other
        if isinstance(other, (int, Fraction)):
            return (
                self.numerator == other.numerator and self.denominator == other.denominator
                if isinstance(other, Fraction)
                else self.denominator == 1 and self.numerator == other
            )
        return False

    def __hash__(self):
        return hash(self.numerator) if self.denominator == 1 else hash((self.numerator, self.denominator))

    def __lt__(self, other):
        return _compare(self, other) < 0

    def __le__(self, other):
        return _compare(self, other) <= 0

    def __gt__(self, other):
        return _compare(self, other) > 0

    def __ge__(self, other):
        return _compare(self, other) >= 0

    def _key(self):
        return self.numerator / self.denominator

    def __repr__(self):
        return f"Fraction({self.numerator}, {self.denominator})"

    def __str__(self):
        return str(self.numerator) if self.denominator == 1 else f"{self.numerator}/{self.denominator}"


def _parts(value):
    if isinstance(value, Fraction):
        return value.numerator, value.denominator
    if isinstance(value, int):
        return int(value), 1
    if isinstance(value, float):
        if value != value:
            raise ValueError("cannot convert NaN to integer ratio")
        if value in (_math.inf, -_math.inf):
            raise OverflowError("cannot convert Infinity to integer ratio")
        mantissa, exponent = _math.frexp(value)
        top = int(mantissa * 9007199254740992)
        exponent -= 53
        return (top << exponent, 1) if exponent >= 0 else (top, 1 << -exponent)
    if isinstance(value, str):
        return _from_text(value)
    if hasattr(value, "as_tuple"):
        return _from_text(str(value))
    raise TypeError("argument should be a string or a Rational instance")


def _from_text(text):
    shape = r"\s*([-+]?)(\d[\d_]*)?(?:/(\d+)|(?:\.(\d*))?(?:[eE]([-+]?\d+))?)\s*"
    match = _re.fullmatch(shape, text)
    if not match or not (match.group(2) or match.group(4)):
        raise ValueError(f"Invalid literal for Fraction: {text!r}")
    sign, whole, bottom, decimals, exponent = match.groups()
    top = int((whole or "0") + (decimals or ""))
    if bottom is not None:
        scale = int(bottom)
        if scale == 0:
            raise ZeroDivisionError(f"Fraction({top}, 0)")
    else:
        power = int(exponent or 0) - len(decimals or "")
        if abs(power) > 10000:
            raise OverflowError("exponent too large")
        top, scale = (top * 10**power, 1) if power >= 0 else (top, 10**-power)
    return (-top if sign == "-" else top), scale


def _combine(a, b, op):
    if isinstance(a, float) or isinstance(b, float):
        return _apply(float(a), float(b), op)
    if not isinstance(a, (int, Fraction)) or not isinstance(b, (int, Fraction)):
        raise TypeError(f"unsupported operand type(s) for {op}: '{type(a).__name__}' and '{type(b).__name__}'")
    (an, ad), (bn, bd) = _parts(a), _parts(b)
    if op == "+":
        return Fraction(an * bd + bn * ad, ad * bd)
    if op == "-":
        return Fraction(an * bd - bn * ad, ad * bd)
    if op == "*":
        return Fraction(an * bn, ad * bd)
    if bn == 0:
        raise ZeroDivisionError(f"Fraction({an * bd}, 0)" if op == "/" else "integer division or modulo by zero")
    if op == "/":
        return Fraction(an * bd, ad * bn)
    quotient = (an * bd) // (ad * bn)
    return quotient if op == "//" else Fraction(an * bd - quotient * bn * ad, ad * bd)


def _apply(a, b, op):
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    if op == "*":
        return a * b
    if op == "/":
        return a / b
    return a // b if op == "//" else a % b


def _compare(a, b):
    if isinstance(b, float):
        a = float(a)
        return (a > b) - (a < b)
    if not isinstance(b, (int, Fraction)):
        raise TypeError(f"'<' not supported between instances of 'Fraction' and '{type(b).__name__}'")
    (an, ad), (bn, bd) = _parts(a), _parts(b)
    return (an * bd > bn * ad) - (an * bd < bn * ad)
