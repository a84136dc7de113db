# mypy: ignore-errors
"""Guest source of `string`."""

import re as _re

whitespace = " \t\n\r\v\f"
ascii_lowercase = "abcdefghijklmnopqrstuvwxyz"
ascii_uppercase = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ascii_letters = ascii_lowercase + ascii_uppercase
digits = "0123456789"
hexdigits = digits + "abcdef" + "ABCDEF"
octdigits = "01234567"
punctuation = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"
printable = digits + ascii_letters + punctuation + whitespace


def capwords(s, sep=None):
    return (sep or " ").join([word.capitalize() for word in s.split(sep)])


class Template:
    delimiter = "$"

    def __init__(self, template):
        self.template = template

    def substitute(self, mapping=None, **kws):
        return self._fill(mapping, kws, True)

    def safe_substitute(self, mapping=None, **kws):
        return self._fill(mapping, kws, False)

    def get_identifiers(self):
        names = []
        for match in _re.finditer(r"(?i)\$(?:\$|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)\})", self.template):
            name = match.group(1) or match.group(2)
            if name and name not in names:
                names.append(name)
        return names

    def _fill(self, mapping, kws, strict):
        values = dict(mapping or {})
        values.update(kws)
        parts = []
        end = 0
        for match in _re.finditer(r"(?i)\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)\}|)", self.template):
            parts.append(self.template[end : match.start()])
            end = match.end()
            name = match.group(2) or match.group(3)
            if match.group(1):
                parts.append("$")
            elif name is None and strict:
                self._invalid(match.start())
            elif name is None or (name not in values and not strict):
                parts.append(match.group(0))
            else:
                parts.append(str(values[name]))
        parts.append(self.template[end:])
        return "".join(parts)

    def _invalid(self, start):
        lines = self.template[:start].splitlines(True)
        column = start - len("".join(lines[:-1])) + 1 if lines else 1
        raise ValueError(f"Invalid placeholder in string: line {max(len(lines), 1)}, col {column}")
