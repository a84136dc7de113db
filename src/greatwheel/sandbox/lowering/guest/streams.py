# mypy: ignore-errors
# ruff: noqa
"""Guest source: `sys.stdout` and `sys.stderr` as objects."""


class _gw_Stream:
    def __init__(self, out):
        self._out = out
        self.encoding = "utf-8"

    def write(self, text):
        if type(text) is not str:
            raise TypeError("write() argument must be str, not " + _gw_kind(text))
        self._out(text)
        return len(text)

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        pass

    def isatty(self):
        return False


def _gw_print(*args, sep=" ", end="\n", file=None, flush=False):
    """`print` to a file that the guest's own code may have made."""
    if file is None:
        print(*args, sep=sep, end=end)
    elif _gw_py_hasattr(type(file), "write"):
        file.write((" " if sep is None else sep).join([str(a) for a in args]) + ("\n" if end is None else end))
    else:
        print(*args, sep=sep, end=end, file=file)


_gw_stdout = _gw_Stream(lambda text: print(text, end=""))
_gw_stderr = _gw_Stream(lambda text: None)
