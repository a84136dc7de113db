# mypy: ignore-errors
"""Guest source of what an engine's `re` lacks: callable replacements, `subn`, VERBOSE, group names of patterns."""

import re as _re

VERBOSE = X = 64
UNICODE = U = 32
LOCALE = L = 4
DEBUG = 128
PatternError = _re.error


def sub(pattern, repl, string, count=0, flags=0):
    return _substitute(compile(pattern, flags), repl, string, count)[0]


def subn(pattern, repl, string, count=0, flags=0):
    return _substitute(compile(pattern, flags), repl, string, count)


def compile(pattern, flags=0):
    if not isinstance(pattern, str):
        return pattern
    if flags & VERBOSE:
        return _re.compile("(?x)" + pattern, flags & ~(VERBOSE | UNICODE))
    return _re.compile(pattern, flags & ~UNICODE)


def match(pattern, string, flags=0):
    return compile(pattern, flags).match(string)


def fullmatch(pattern, string, flags=0):
    return compile(pattern, flags).fullmatch(string)


def search(pattern, string, flags=0):
    return compile(pattern, flags).search(string)


def findall(pattern, string, flags=0):
    return compile(pattern, flags).findall(string)


def finditer(pattern, string, flags=0):
    return compile(pattern, flags).finditer(string)


def split(pattern, string, maxsplit=0, flags=0):
    return compile(pattern, flags).split(string, maxsplit)


def purge():
    return None


def RegexFlag(value):
    return value


def _substitute(pattern, repl, string, count):
    done = 0
    parts = []
    end = 0
    for found in pattern.finditer(string):
        if count and done >= count:
            break
        parts.append(string[end : found.start()])
        parts.append(_expand(repl, found) if isinstance(repl, str) else repl(found))
        end = found.end()
        done += 1
    parts.append(string[end:])
    return "".join(parts), done


def _expand(template, found):
    if "\\" not in template:
        return template
    parts = []
    end = 0
    for escape in _re.finditer(r"\\(?:g<(\w+)>|(\d\d?)|(.))", template):
        parts.append(template[end : escape.start()])
        end = escape.end()
        name, number, char = escape.groups()
        if name or number:
            key = name or number
            parts.append(found.group(int(key) if key.isdigit() else key) or "")
        else:
            parts.append({"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}.get(char, "\\" + char))
    parts.append(template[end:])
    return "".join(parts)
