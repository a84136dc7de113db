# mypy: ignore-errors
"""Guest source of `cmath`: the functions that follow from `math`, to within the last digit."""

import math as _math

pi = _math.pi
e = _math.e
tau = _math.tau
inf = _math.inf
nan = _math.nan
infj = complex(0, _math.inf)
nanj = complex(0, _math.nan)


def phase(z):
    z = _c(z)
    return _math.atan2(z.imag, z.real)


def polar(z):
    return (abs(_c(z)), phase(z))


def rect(r, phi):
    if phi == 0:
        return complex(r, phi * r)
    return complex(r * _math.cos(phi), r * _math.sin(phi))


def exp(z):
    z = _c(z)
    if z.imag == 0:
        return complex(_math.exp(z.real), z.imag)
    size = _math.exp(z.real)
    return complex(size * _math.cos(z.imag), size * _math.sin(z.imag))


def log(z, base=None):
    z = _c(z)
    if z == 0:
        raise ValueError("math domain error")
    result = complex(_math.log(abs(z)), phase(z))
    return result if base is None else result / log(base)


def log10(z):
    result = log(z)
    return complex(result.real / _math.log(10), result.imag / _math.log(10))


def sqrt(z):
    z = _c(z)
    if z == 0:
        return complex(0.0, z.imag)
    size = 2.0 * _math.sqrt(_math.hypot(z.real / 8.0, z.imag / 8.0) + abs(z.real) / 8.0)
    if z.real >= 0:
        return complex(size, abs(z.imag) / (2.0 * size) * _math.copysign(1.0, z.imag))
    return complex(abs(z.imag) / (2.0 * size), _math.copysign(size, z.imag))


def sin(z):
    z = _c(z)
    return complex(_math.sin(z.real) * _math.cosh(z.imag), _math.cos(z.real) * _math.sinh(z.imag))


def cos(z):
    z = _c(z)
    return complex(_math.cos(z.real) * _math.cosh(z.imag), -_math.sin(z.real) * _math.sinh(z.imag))


def tan(z):
    return sin(z) / cos(z)


def sinh(z):
    z = _c(z)
    return complex(_math.sinh(z.real) * _math.cos(z.imag), _math.cosh(z.real) * _math.sin(z.imag))


def cosh(z):
    z = _c(z)
    return complex(_math.cosh(z.real) * _math.cos(z.imag), _math.sinh(z.real) * _math.sin(z.imag))


def tanh(z):
    return sinh(z) / cosh(z)


def isnan(z):
    z = _c(z)
    return _math.isnan(z.real) or _math.isnan(z.imag)


def isinf(z):
    z = _c(z)
    return _math.isinf(z.real) or _math.isinf(z.imag)


def isfinite(z):
    return not isnan(z) and not isinf(z)


def isclose(a, b, rel_tol=1e-09, abs_tol=0.0):
    if a == b:
        return True
    if isinf(a) or isinf(b):
        return False
    return abs(a - b) <= max(rel_tol * max(abs(a), abs(b)), abs_tol)


def _c(z):
    if isinstance(z, str):
        raise TypeError("must be real number, not str")
    return complex(z)
