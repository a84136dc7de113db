# mypy: ignore-errors
"""Guest source of what an engine's `sys` lacks."""

path = []
modules = {}


def getsizeof(obj, default=0):
    if isinstance(obj, str):
        return 49 + len(obj)
    if isinstance(obj, bytes):
        return 33 + len(obj)
    if isinstance(obj, (list, tuple)):
        return 56 + 8 * len(obj)
    if isinstance(obj, (dict, set, frozenset)):
        return 64 + 36 * len(obj)
    return 28


def getrecursionlimit():
    return 1000


def setrecursionlimit(limit):
    return None


def getdefaultencoding():
    return "utf-8"


def intern(string):
    return string


def set_int_max_str_digits(maxdigits):
    return None


def exit(status=None):
    raise SystemExit(status)
