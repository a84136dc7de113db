# mypy: ignore-errors
"""Guest source of `io`: text and byte streams in memory."""

SEEK_SET = 0
SEEK_CUR = 1
SEEK_END = 2


class UnsupportedOperation(OSError):
    pass


class StringIO:
    def __init__(self, initial_value="", newline="\n"):
        self._text = initial_value or ""
        self._parts = []
        self._pos = 0
        self._at_end = not self._text
        self.closed = False

    def write(self, s):
        if not isinstance(s, str):
            raise TypeError(f"string argument expected, got '{type(s).__name__}'")
        self._check()
        if self._at_end:
            self._parts.append(s)
            self._pos += len(s)
            return len(s)
        self._join()
        start = self._pos
        if start > len(self._text):
            self._text += "\0" * (start - len(self._text))
        self._text = self._text[:start] + s + self._text[start + len(s) :]
        self._pos = start + len(s)
        self._at_end = self._pos == len(self._text)
        return len(s)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def getvalue(self):
        self._check()
        self._join()
        return self._text

    def read(self, size=-1):
        text = self._rest()
        if size is not None and size >= 0:
            text = text[:size]
        self._advance(len(text))
        return text

    def readline(self, size=-1):
        text = self._rest()
        end = text.find("\n") + 1 or len(text)
        if size is not None and 0 <= size < end:
            end = size
        self._advance(end)
        return text[:end]

    def readlines(self, hint=-1):
        lines = self._rest().split("\n")
        tail = lines.pop()
        lines = [line + "\n" for line in lines]
        if tail:
            lines.append(tail)
        self._advance(len(self._text))
        return lines

    def seek(self, pos, whence=0):
        self._check()
        self._join()
        if whence == 0 and pos < 0:
            raise ValueError(f"Negative seek position {pos}")
        if whence == 2:
            pos = len(self._text)
        elif whence == 1:
            pos = self._pos
        self._pos = pos
        self._at_end = pos == len(self._text)
        return pos

    def tell(self):
        self._check()
        return self._pos

    def truncate(self, size=None):
        self._check()
        self._join()
        size = self._pos if size is None else size
        self._text = self._text[:size]
        self._at_end = self._pos == len(self._text)
        return size

    def close(self):
        self.closed = True

    def flush(self):
        self._check()

    def readable(self):
        return True

    def writable(self):
        return True

    def seekable(self):
        return True

    def isatty(self):
        return False

    def __enter__(self):
        self._check()
        return self

    def __exit__(self, kind, value, trace):
        self.closed = True
        return False

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def _check(self):
        if self.closed:
            raise ValueError("I/O operation on closed file")

    def _join(self):
        # Writes at the end are kept in parts, so that many small ones stay linear.
        if self._parts:
            self._text += "".join(self._parts)
            self._parts = []

    def _rest(self):
        self._check()
        self._join()
        return self._text[self._pos :] if self._pos else self._text

    def _advance(self, count):
        self._pos += count
        self._at_end = self._pos == len(self._text)


class BytesIO:
    def __init__(self, initial_bytes=b""):
        self._data = initial_bytes or b""
        self._pos = 0
        self.closed = False

    def write(self, b):
        if isinstance(b, str):
            raise TypeError("a bytes-like object is required, not 'str'")
        start = self._pos
        self._data = self._data[:start] + b + self._data[start + len(b) :]
        self._pos = start + len(b)
        return len(b)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def getvalue(self):
        return self._data

    def getbuffer(self):
        return self._data

    def read(self, size=-1):
        end = len(self._data) if size is None or size < 0 else self._pos + size
        data = self._data[self._pos : end]
        self._pos += len(data)
        return data

    def readline(self, size=-1):
        end = self._data.find(b"\n", self._pos) + 1 or len(self._data)
        if size is not None and size >= 0:
            end = min(end, self._pos + size)
        return self.read(end - self._pos)

    def readlines(self, hint=-1):
        return list(self)

    def seek(self, pos, whence=0):
        self._pos = pos + (0 if whence == 0 else self._pos if whence == 1 else len(self._data))
        return self._pos

    def tell(self):
        return self._pos

    def truncate(self, size=None):
        size = self._pos if size is None else size
        self._data = self._data[:size]
        return size

    def close(self):
        self.closed = True

    def flush(self):
        return None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.closed = True
        return False

    def __iter__(self):
        return self

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line


class TextIOWrapper(StringIO):
    def __init__(self, buffer, encoding="utf-8", errors="strict", newline=None):
        StringIO.__init__(self, buffer.read().decode(encoding, errors))
