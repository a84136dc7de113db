# mypy: ignore-errors
"""Guest source of `inspect`: the sandbox keeps no source text and no signatures."""

import types as _types


def isfunction(object):
    return isinstance(object, _types.FunctionType)


def isclass(object):
    return isinstance(object, type(int)) or type(object) is type(int)


def ismethod(object):
    return False


def ismodule(object):
    return False


def isbuiltin(object):
    return isinstance(object, _types.BuiltinFunctionType)


def iscoroutinefunction(object):
    return False


def isgeneratorfunction(object):
    return False


def getdoc(object):
    doc = object.__doc__
    return cleandoc(doc) if doc else None


def cleandoc(doc):
    lines = doc.expandtabs().split("\n")
    margins = [len(line) - len(line.lstrip()) for line in lines[1:] if line.strip()]
    margin = min(margins, default=0)
    lines = [lines[0].lstrip(), *[line[margin:] for line in lines[1:]]]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return "\n".join(lines)


def signature(callable):
    raise ValueError("inspect.signature is not available here: write the parameter names down yourself")


def getsource(object):
    raise OSError("inspect.getsource is not available here: the session keeps no source code")


def getmembers(object, predicate=None):
    raise NotImplementedError("inspect.getmembers is not available here: name the attributes with getattr()")


def currentframe():
    return None


def stack(context=1):
    return []
