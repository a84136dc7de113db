# mypy: ignore-errors
# ruff: noqa
"""Guest source: methods of built-in types that Monty lacks, as `_gw_m_<name>(object, ...)`."""


def _gw_user_method(o, name):
    found = _gw_py_getattr(o, name, None)
    if found is None:
        raise AttributeError("'" + _gw_kind(o) + "' object has no attribute '" + name + "'")
    return found


def _gw_m_is_integer(o):
    if type(o) is float:
        return o - o == 0 and o == int(o)
    return _gw_user_method(o, "is_integer")()


def _gw_m_bit_length(o):
    if type(o) in (int, bool):
        return len(bin(abs(int(o)))) - 2 if o else 0
    return _gw_user_method(o, "bit_length")()


def _gw_m_bit_count(o):
    if type(o) in (int, bool):
        return bin(abs(int(o))).count("1")
    return _gw_user_method(o, "bit_count")()


def _gw_m_conjugate(o):
    if type(o) is complex:
        return complex(o.real, -o.imag)
    return o if type(o) in (int, float, bool) else _gw_user_method(o, "conjugate")()


def _gw_m_as_integer_ratio(o):
    if type(o) in (int, bool):
        return (int(o), 1)
    if type(o) is not float:
        return _gw_user_method(o, "as_integer_ratio")()
    if o != o:
        raise ValueError("cannot convert NaN to integer ratio")
    if o - o != 0:
        raise OverflowError("cannot convert Infinity to integer ratio")
    down = 1
    while o != int(o):
        o *= 2
        down *= 2
    return (int(o), down)


def _gw_m_to_bytes(o, length=1, byteorder="big", *, signed=False):
    if type(o) not in (int, bool):
        return _gw_user_method(o, "to_bytes")(length, byteorder, signed=signed)
    if o < 0:
        if not signed:
            raise OverflowError("can't convert negative int to unsigned")
        o += 1 << (8 * length)
    if o >> (8 * length):
        raise OverflowError("int too big to convert")
    text = hex(o)[2:]
    data = bytes.fromhex("0" * (2 * length - len(text)) + text) if length else b""
    return data if byteorder == "big" else data[::-1]


def _gw_m_from_bytes(o, data, byteorder="big", *, signed=False):
    if o is not int:
        return _gw_user_method(o, "from_bytes")(data, byteorder, signed=signed)
    total = 0
    for byte in data if byteorder == "big" else data[::-1]:
        total = total * 256 + byte
    if signed and data and total >> (8 * len(data) - 1):
        total -= 1 << (8 * len(data))
    return total


def _gw_m_maketrans(o, *args):
    if type(o) is not str and o is not str:
        return _gw_user_method(o, "maketrans")(*args)
    if len(args) == 1:
        return {ord(k) if type(k) is str else k: v for k, v in args[0].items()}
    if len(args[0]) != len(args[1]):
        raise ValueError("the first two maketrans arguments must have equal length")
    table = {ord(a): ord(b) for a, b in zip(args[0], args[1])}
    if len(args) == 3:
        for c in args[2]:
            table[ord(c)] = None
    return table


def _gw_m_translate(o, table):
    if type(o) is not str:
        return o.translate(table)
    out = []
    for c in o:
        to = table.get(ord(c), _gw_missing) if type(table) is dict else table[ord(c)]
        if to is _gw_missing:
            out.append(c)
        elif to is not None:
            out.append(chr(to) if type(to) is int else to)
    return "".join(out)


def _gw_m_format_map(o, mapping):
    if type(o) is not str:
        return _gw_user_method(o, "format_map")(mapping)
    return o.format(**mapping)


def _gw_m_isprintable(o):
    if type(o) is not str:
        return _gw_user_method(o, "isprintable")()
    return all(repr(c)[1:-1] in (c, "\\\\", "\\'") for c in o)


def _gw_bytes(*args, **kwargs):
    if len(args) != 1 or kwargs or type(args[0]) in (str, bytes, int):
        return bytes(*args, **kwargs)
    values = list(args[0])
    for value in values:
        if not 0 <= value < 256:
            raise ValueError("bytes must be in range(0, 256)")
    return bytes.fromhex("".join([("0" + hex(value)[2:])[-2:] for value in values]))
