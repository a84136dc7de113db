# mypy: ignore-errors
"""Guest source of `array`: a list that knows its type code."""


class array:
    def __init__(self, typecode, initializer=()):
        self.typecode = typecode
        self.itemsize = {"b": 1, "B": 1, "h": 2, "H": 2, "f": 4, "i": 4, "I": 4}.get(typecode, 8)
        kind = float if typecode in "fd" else int
        self._items = [kind(item) for item in initializer]

    def append(self, x):
        self._items.append(float(x) if self.typecode in "fd" else x)

    def extend(self, iterable):
        for item in iterable:
            self.append(item)

    def tolist(self):
        return list(self._items)

    def pop(self, i=-1):
        return self._items.pop(i)

    def __getitem__(self, i):
        if isinstance(i, int):
            return self._items[i]
        return array(self.typecode, self._items[i])

    def __setitem__(self, i, value):
        self._items[i] = value

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)

    def __contains__(self, x):
        return x in self._items

    def __eq__(self, other):
        return isinstance(other, array) and self._items == other._items

    def __repr__(self):
        return f"array('{self.typecode}', {self._items})" if self._items else f"array('{self.typecode}')"


ArrayType = array
