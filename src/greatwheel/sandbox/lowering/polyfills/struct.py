# mypy: ignore-errors
"""Guest source of `struct`: integers, bytes, booleans and text of fixed length; floats by their IEEE bits."""

import math as _math

_SIZES = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 4, "L": 4, "q": 8, "Q": 8, "?": 1, "c": 1, "x": 1}
_FLOATS = {"e": (2, 5, 10), "f": (4, 8, 23), "d": (8, 11, 52)}
_MAX = 1000000


class error(Exception):
    pass


def calcsize(format):
    return sum(
        [_size(code) * (count or 0) if code == "s" else _size(code) * count for count, code in _parse(format)[1]]
    )


def pack(format, *v):
    big, items = _parse(format)
    values = list(v)
    wanted = sum([0 if code == "x" else 1 if code == "s" else count for count, code in items])
    if wanted != len(values):
        raise error(f"pack expected {wanted} items for packing (got {len(values)})")
    parts = []
    for count, code in items:
        if code == "s":
            parts.append((values.pop(0) + bytes(count))[:count])
        elif code == "x":
            parts.append(bytes(count))
        else:
            parts.extend([_pack_one(code, values.pop(0), big) for _ in range(count)])
    return b"".join(parts)


def unpack(format, buffer):
    size = calcsize(format)
    if len(buffer) != size:
        raise error(f"unpack requires a buffer of {size} bytes")
    return unpack_from(format, buffer)


def unpack_from(format, buffer, offset=0):
    big, items = _parse(format)
    values = []
    at = offset
    for count, code in items:
        if code == "s":
            values.append(buffer[at : at + count])
            at += count
        elif code == "x":
            at += count
        else:
            size = _size(code)
            for _ in range(count):
                values.append(_unpack_one(code, buffer[at : at + size], big))
                at += size
    return tuple(values)


def iter_unpack(format, buffer):
    size = calcsize(format)
    return iter([unpack_from(format, buffer, at) for at in range(0, len(buffer), size)])


def _size(code):
    if code == "s":
        return 1
    return _FLOATS[code][0] if code in _FLOATS else _SIZES[code]


def _parse(format):
    big = format[:1] in (">", "!")
    body = format[1:] if format[:1] in ("<", ">", "!", "=", "@") else format
    items = []
    number = ""
    for char in body:
        if char.isdigit():
            number += char
        elif not char.isspace():
            if char != "s" and char not in _SIZES and char not in _FLOATS:
                raise error("bad char in struct format")
            count = int(number) if number else 1
            if count > _MAX:
                raise error("total struct size too long")
            items.append((count, char))
            number = ""
    return big, items


def _pack_one(code, value, big):
    if code == "c":
        return value
    size = _size(code)
    if code in _FLOATS:
        number = _float_bits(float(value), code)
    elif code == "?":
        number = 1 if value else 0
    else:
        low, high = (-(1 << (8 * size - 1)), (1 << (8 * size - 1)) - 1) if code.islower() else (0, (1 << 8 * size) - 1)
        if not isinstance(value, int):
            raise error("required argument is not an integer")
        if not low <= value <= high:
            name = {"b": "byte", "B": "ubyte"}.get(code, f"'{code}'")
            raise error(f"{name} format requires {low} <= number <= {high}")
        number = value % (1 << 8 * size)
    data = bytes.fromhex(f"{number:0{2 * size}x}")
    return data if big else data[::-1]


def _unpack_one(code, data, big):
    if code == "c":
        return data
    number = int((data if big else data[::-1]).hex(), 16)
    if code in _FLOATS:
        return _from_bits(number, code)
    if code == "?":
        return number != 0
    bits = 8 * _size(code)
    return number - (1 << bits) if code.islower() and number >> (bits - 1) else number


def _float_bits(value, code):
    size, exponent_bits, mantissa_bits = _FLOATS[code]
    bias = (1 << (exponent_bits - 1)) - 1
    top = (1 << exponent_bits) - 1
    sign = 1 if _math.copysign(1.0, value) < 0 else 0
    value = abs(value)
    if value != value:
        return (top << mantissa_bits) | (1 << (mantissa_bits - 1))
    if value == _math.inf:
        return (sign << (8 * size - 1)) | (top << mantissa_bits)
    if value == 0:
        return sign << (8 * size - 1)
    exponent = max(_math.frexp(value)[1] - 1, 1 - bias)
    whole = round(_math.ldexp(value, mantissa_bits - exponent))
    if whole >> (mantissa_bits + 1):
        whole >>= 1
        exponent += 1
    if exponent > bias:
        raise OverflowError("float too large to pack with f format")
    if whole >> mantissa_bits:
        whole = whole - (1 << mantissa_bits) + ((exponent + bias) << mantissa_bits)
    return (sign << (8 * size - 1)) | whole


def _from_bits(number, code):
    size, exponent_bits, mantissa_bits = _FLOATS[code]
    bias = (1 << (exponent_bits - 1)) - 1
    sign = -1.0 if number >> (8 * size - 1) else 1.0
    exponent = (number >> mantissa_bits) & ((1 << exponent_bits) - 1)
    mantissa = number & ((1 << mantissa_bits) - 1)
    if exponent == (1 << exponent_bits) - 1:
        return _math.nan if mantissa else sign * _math.inf
    if exponent == 0:
        return sign * _math.ldexp(mantissa, 1 - bias - mantissa_bits)
    return sign * _math.ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits)
