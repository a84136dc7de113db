# mypy: ignore-errors
# ruff: noqa: B905
"""Guest source of `statistics`: sums are exact (as fractions of integers), so results agree with CPython's."""

import math as _math
from collections import Counter as _Counter
from decimal import Decimal as _Decimal


class StatisticsError(ValueError):
    pass


def mean(data):
    data = list(data)
    if not data:
        raise StatisticsError("mean requires at least one data point")
    top, bottom, kind = _total(data)
    return _convert(top, bottom * len(data), kind)


def fmean(data, weights=None):
    data = [float(x) for x in data]
    if not data:
        raise StatisticsError("fmean requires at least one data point")
    if weights is None:
        return _math.fsum(data) / len(data)
    weights = list(weights)
    if len(weights) != len(data):
        raise StatisticsError("data and weights must be the same length")
    total = _math.fsum(weights)
    if not total:
        raise StatisticsError("sum of weights must be non-zero")
    return _math.fsum([x * w for x, w in zip(data, weights)]) / total


def geometric_mean(data):
    data = list(data)
    if not data or min(data) <= 0:
        raise StatisticsError("geometric mean requires a non-empty dataset containing positive numbers")
    return _math.exp(fmean([_math.log(x) for x in data]))


def harmonic_mean(data, weights=None):
    data = list(data)
    if not data:
        raise StatisticsError("harmonic_mean requires at least one data point")
    if min(data) < 0:
        raise StatisticsError("harmonic mean does not support negative values")
    if 0 in data:
        return 0
    weights = [1] * len(data) if weights is None else list(weights)
    top, bottom, kind = _total([weight / x if weight else 0 for weight, x in zip(weights, data)])
    weight_top, weight_bottom, _ = _total(weights)
    return _convert(weight_top * bottom, weight_bottom * top, kind)


def median(data):
    data = sorted(data)
    n = len(data)
    if n == 0:
        raise StatisticsError("no median for empty data")
    return data[n // 2] if n % 2 else (data[n // 2 - 1] + data[n // 2]) / 2


def median_low(data):
    data = sorted(data)
    if not data:
        raise StatisticsError("no median for empty data")
    return data[(len(data) - 1) // 2]


def median_high(data):
    data = sorted(data)
    if not data:
        raise StatisticsError("no median for empty data")
    return data[len(data) // 2]


def median_grouped(data, interval=1):
    data = sorted(data)
    if not data:
        raise StatisticsError("no median for empty data")
    x = data[len(data) // 2]
    below = len([value for value in data if value < x])
    return float(x) - interval / 2 + interval * (len(data) / 2 - below) / data.count(x)


def mode(data):
    pairs = _Counter(iter(data)).most_common(1)
    if not pairs:
        raise StatisticsError("no mode for empty data")
    return pairs[0][0]


def multimode(data):
    counts = _Counter(iter(data))
    most = max(counts.values(), default=0)
    return [value for value, count in counts.items() if count == most]


def pvariance(data, mu=None):
    top, bottom, kind, n = _squares(data, mu, "pvariance requires at least one data point", 1)
    return _convert(top, bottom * n, kind)


def variance(data, xbar=None):
    top, bottom, kind, n = _squares(data, xbar, "variance requires at least two data points", 2)
    return _convert(top, bottom * (n - 1), kind)


def pstdev(data, mu=None):
    top, bottom, kind, n = _squares(data, mu, "pstdev requires at least one data point", 1)
    return _root(top, bottom * n, kind)


def stdev(data, xbar=None):
    top, bottom, kind, n = _squares(data, xbar, "stdev requires at least two data points", 2)
    return _root(top, bottom * (n - 1), kind)


def quantiles(data, *, n=4, method="exclusive"):
    if n < 1:
        raise StatisticsError("n must be at least 1")
    data = sorted(data)
    size = len(data)
    if size < 2:
        raise StatisticsError("must have at least two data points")
    if method not in ("inclusive", "exclusive"):
        raise ValueError(f"Unknown method: {method!r}")
    result = []
    for i in range(1, n):
        if method == "inclusive":
            j, delta = divmod(i * (size - 1), n)
            value = (data[j] * (n - delta) + data[j + 1] * delta) / n
        else:
            j = min(max(i * (size + 1) // n, 1), size - 1)
            delta = i * (size + 1) - j * n
            value = (data[j - 1] * (n - delta) + data[j] * delta) / n
        result.append(value)
    return result


def covariance(x, y):
    n = _same_length(x, y, "covariance")
    xbar, ybar = _math.fsum(x) / n, _math.fsum(y) / n
    return _math.fsum([(a - xbar) * (b - ybar) for a, b in zip(x, y)]) / (n - 1)


def correlation(x, y):
    n = _same_length(x, y, "correlation")
    xbar, ybar = _math.fsum(x) / n, _math.fsum(y) / n
    sxy = _math.fsum([(a - xbar) * (b - ybar) for a, b in zip(x, y)])
    sxx = _math.fsum([(a - xbar) * (a - xbar) for a in x])
    syy = _math.fsum([(b - ybar) * (b - ybar) for b in y])
    if not sxx or not syy:
        raise StatisticsError("at least one of the inputs is constant")
    return sxy / _math.sqrt(sxx * syy)


def linear_regression(x, y, *, proportional=False):
    n = _same_length(x, y, "linear regression")
    xbar, ybar = _math.fsum(x) / n, _math.fsum(y) / n
    if proportional:
        sxy = _math.fsum([a * b for a, b in zip(x, y)])
        sxx = _math.fsum([a * a for a in x])
    else:
        sxy = _math.fsum([(a - xbar) * (b - ybar) for a, b in zip(x, y)])
        sxx = _math.fsum([(a - xbar) * (a - xbar) for a in x])
    if not sxx:
        raise StatisticsError("x is constant")
    slope = sxy / sxx
    return LinearRegression(slope, 0.0 if proportional else ybar - slope * xbar)


class LinearRegression:
    def __init__(self, slope, intercept):
        self.slope = slope
        self.intercept = intercept

    def __iter__(self):
        return iter((self.slope, self.intercept))

    def __getitem__(self, i):
        return (self.slope, self.intercept)[i]

    def __repr__(self):
        return f"LinearRegression(slope={self.slope!r}, intercept={self.intercept!r})"


def _same_length(x, y, what):
    if len(x) != len(y):
        raise StatisticsError(f"{what} requires that both inputs have same number of data points")
    if len(x) < 2:
        raise StatisticsError(f"{what} requires at least two data points")
    return len(x)


def _ratio(x):
    """A number as (numerator, denominator), exactly."""
    if isinstance(x, int):
        return int(x), 1
    if isinstance(x, float):
        mantissa, exponent = _math.frexp(x)
        top = int(mantissa * 9007199254740992)
        exponent -= 53
        return (top << exponent, 1) if exponent >= 0 else (top, 1 << -exponent)
    if isinstance(x, _Decimal):
        sign, digits, exponent = x.as_tuple()
        top = int("".join([str(d) for d in digits])) * (-1 if sign else 1)
        return (top * 10**exponent, 1) if exponent >= 0 else (top, 10**-exponent)
    if isinstance(x, str):
        raise TypeError(f"can't convert type '{type(x).__name__}' to numerator/denominator")
    return x.numerator, x.denominator


def _widest(a, b):
    if b is bool:
        b = int
    return b if a is int else a


def _total(data):
    by_bottom = {}
    kind = int
    special = None
    for x in data:
        if isinstance(x, float) and (x != x or x in (_math.inf, -_math.inf)):
            special = x if special is None else special + x
            kind = float
            continue
        kind = _widest(kind, type(x))
        top, bottom = _ratio(x)
        by_bottom[bottom] = by_bottom.get(bottom, 0) + top
    if special is not None:
        return special, 1, float
    common = 1
    for bottom in by_bottom:
        common = _math.lcm(common, bottom)
    return sum([top * (common // bottom) for bottom, top in by_bottom.items()]), common, kind


def _squares(data, center, message, least):
    data = list(data)
    n = len(data)
    if n < least:
        raise StatisticsError(message)
    top, bottom, kind = _total(data)
    if kind is float and isinstance(top, float):
        return _math.nan, 1, float, n
    if center is None:
        squares_top, squares_bottom, _ = _sum_of_squares(data)
        # n·Σx² − (Σx)² over n, all in integers.
        return n * squares_top * bottom * bottom - top * top * squares_bottom, n * squares_bottom * bottom**2, kind, n
    ctop, cbottom = _ratio(center)
    total_top, total_bottom = 0, 1
    for x in data:
        xtop, xbottom = _ratio(x)
        dtop, dbottom = xtop * cbottom - ctop * xbottom, xbottom * cbottom
        total_top = total_top * dbottom * dbottom + dtop * dtop * total_bottom
        total_bottom *= dbottom * dbottom
        shrink = _math.gcd(total_top, total_bottom) or 1
        total_top //= shrink
        total_bottom //= shrink
    return total_top, total_bottom, kind, n


def _sum_of_squares(data):
    by_bottom = {}
    for x in data:
        top, bottom = _ratio(x)
        by_bottom[bottom * bottom] = by_bottom.get(bottom * bottom, 0) + top * top
    common = 1
    for bottom in by_bottom:
        common = _math.lcm(common, bottom)
    return sum([top * (common // bottom) for bottom, top in by_bottom.items()]), common, None


def _convert(top, bottom, kind):
    if isinstance(top, float):
        return top / bottom
    if kind is int:
        return top // bottom if top % bottom == 0 else top / bottom
    if kind is float:
        return top / bottom
    if kind is _Decimal:
        return _Decimal(top) / _Decimal(bottom)
    return kind(top, bottom)


def _root(top, bottom, kind):
    if isinstance(top, float):
        return top
    if kind is _Decimal:
        return (_Decimal(top) / _Decimal(bottom)).sqrt()
    # Correctly rounded: an integer root with enough bits, the lowest of them sticky, divided once.
    shift = (_bits(top) - _bits(bottom) - 109) // 2
    if shift >= 0:
        root = _sticky_root(top, bottom << (2 * shift)) << shift
        return root / 1
    return _sticky_root(top << (-2 * shift), bottom) / (1 << -shift)


def _sticky_root(top, bottom):
    root = _math.isqrt(top // bottom)
    return root | (root * root * bottom != top)


def _bits(n):
    return len(bin(n)) - 2 if n else 0
