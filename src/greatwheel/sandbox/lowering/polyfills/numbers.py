# mypy: ignore-errors
"""Guest source of `numbers`: what `isinstance` asks."""

Number = (int, float, complex)
Complex = (int, float, complex)
Real = (int, float)
Rational = int
Integral = int
