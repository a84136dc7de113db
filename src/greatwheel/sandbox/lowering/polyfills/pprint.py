# mypy: ignore-errors
"""Guest source of `pprint`: CPython's layout for dicts, lists, tuples, sets and strings."""

import re as _re


class PrettyPrinter:
    def __init__(
        self,
        indent=1,
        width=80,
        depth=None,
        stream=None,
        *,
        compact=False,
        sort_dicts=True,
        underscore_numbers=False,
    ):
        self._indent = indent
        self._width = width
        self._depth = depth
        self._compact = compact
        self._sort = sort_dicts

    def pprint(self, object):
        print(self.pformat(object))

    def pformat(self, object):
        out = []
        self._format(object, out, 0, 0, 1)
        return "".join(out)

    def _format(self, obj, out, indent, allowance, level):
        text = self._repr(obj, level)
        if len(text) <= self._width - indent - allowance or (self._depth and level > self._depth):
            out.append(text)
        elif type(obj) is dict and obj:
            self._dict(obj, out, indent, allowance + 1, level)
        elif isinstance(obj, (list, tuple, set, frozenset)) and obj:
            self._sequence(obj, text, out, indent, allowance, level)
        elif type(obj) is str and obj:
            self._string(obj, out, indent, allowance, level)
        else:
            out.append(text)

    def _dict(self, obj, out, indent, allowance, level):
        out.append("{" + " " * (self._indent - 1))
        inner = indent + self._indent
        keys = self._order(list(obj))
        for i, key in enumerate(keys):
            last = i == len(keys) - 1
            name = self._repr(key, level + 1)
            out.append(name + ": ")
            self._format(obj[key], out, inner + len(name) + 2, allowance if last else 1, level + 1)
            if not last:
                out.append(",\n" + " " * inner)
        out.append("}")

    def _sequence(self, obj, text, out, indent, allowance, level):
        if type(obj) in (set, frozenset):
            start, end = ("{", "}") if type(obj) is set else ("frozenset({", "})")
            items = self._order(list(obj))
        elif type(obj) is tuple:
            start, end, items = "(", ",)" if len(obj) == 1 else ")", obj
        elif type(obj) is list:
            start, end, items = "[", "]", obj
        else:
            out.append(text)
            return
        out.append(start + " " * (self._indent - 1))
        inner = indent + len(start) + self._indent - 1
        if self._compact:
            self._fill(items, out, inner, allowance + len(end), level)
        else:
            for i, item in enumerate(items):
                last = i == len(items) - 1
                self._format(item, out, inner, allowance + len(end) if last else 1, level + 1)
                if not last:
                    out.append(",\n" + " " * inner)
        out.append(end)

    def _fill(self, items, out, indent, allowance, level):
        room = width = self._width - indent + 1
        between = ""
        for i, item in enumerate(items):
            last = i == len(items) - 1
            if last:
                room -= allowance
                width -= allowance
            text = self._repr(item, level + 1)
            need = len(text) + 2
            if room < need:
                room = width
                between = between and ",\n" + " " * indent
            out.append(between)
            if room >= need:
                room -= need
                between = ", "
                out.append(text)
            else:
                between = ",\n" + " " * indent
                self._format(item, out, indent, allowance if last else 1, level + 1)

    def _string(self, text, out, indent, allowance, level):
        lines = text.splitlines(True)
        if level == 1:
            indent += 1
            allowance += 1
        width = limit = self._width - indent
        chunks = []
        for i, line in enumerate(lines):
            whole = repr(line)
            last = i == len(lines) - 1
            if last:
                limit -= allowance
            if len(whole) <= limit:
                chunks.append(whole)
                continue
            parts = _re.findall(r"\S*\s*", line)
            parts = [part for part in parts if part]
            current = ""
            for j, part in enumerate(parts):
                if current and len(repr(current + part)) > (limit if j == len(parts) - 1 else width):
                    chunks.append(repr(current))
                    current = part
                else:
                    current += part
            if current:
                chunks.append(repr(current))
        if len(chunks) == 1:
            out.append(chunks[0])
            return
        body = ("\n" + " " * indent).join(chunks)
        out.append(f"({body})" if level == 1 else body)

    def _order(self, keys):
        if not self._sort:
            return keys
        try:
            return sorted(keys)
        except TypeError:
            return sorted(keys, key=lambda k: (type(k).__name__, str(k)))

    def _repr(self, obj, level):
        if self._depth and level > self._depth and isinstance(obj, (dict, list, tuple)) and obj:
            return "{...}" if isinstance(obj, dict) else "[...]" if isinstance(obj, list) else "(...)"
        if type(obj) is dict:
            pairs = [f"{self._repr(k, level + 1)}: {self._repr(obj[k], level + 1)}" for k in self._order(list(obj))]
            return "{" + ", ".join(pairs) + "}"
        if type(obj) is list:
            return "[" + ", ".join([self._repr(item, level + 1) for item in obj]) + "]"
        if type(obj) is tuple:
            body = ", ".join([self._repr(item, level + 1) for item in obj])
            return f"({body},)" if len(obj) == 1 else f"({body})"
        if type(obj) in (set, frozenset) and obj:
            body = "{" + ", ".join([self._repr(item, level + 1) for item in self._order(list(obj))]) + "}"
            return body if type(obj) is set else f"frozenset({body})"
        return repr(obj)


def pformat(object, indent=1, width=80, depth=None, *, compact=False, sort_dicts=True, underscore_numbers=False):
    return PrettyPrinter(indent, width, depth, compact=compact, sort_dicts=sort_dicts).pformat(object)


def pprint(
    object, stream=None, indent=1, width=80, depth=None, *, compact=False, sort_dicts=True, underscore_numbers=False
):
    text = pformat(object, indent, width, depth, compact=compact, sort_dicts=sort_dicts)
    if stream is not None and hasattr(stream, "getvalue"):
        stream.write(text + "\n")
    else:
        print(text)


def pp(object, *args, sort_dicts=False, **kwargs):
    pprint(object, *args, sort_dicts=sort_dicts, **kwargs)


def saferepr(object):
    return PrettyPrinter()._repr(object, 1)
