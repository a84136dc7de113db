# mypy: ignore-errors
# ruff: noqa
"""Guest source: `re.sub` with a function."""

def _gw_re_sub(module, pattern, repl, string, count=0, flags=0):
    if type(repl) is str:
        return module.sub(pattern, repl, string, count=count, flags=flags)
    if type(pattern) is str:
        pattern = module.compile(pattern, flags)
    return _gw_replace(pattern, repl, string, count)[0]


def _gw_re_subn(module, pattern, repl, string, count=0, flags=0):
    if type(pattern) is str:
        pattern = module.compile(pattern, flags)
    return _gw_replace(pattern, repl, string, count)


def _gw_replace(pattern, repl, string, count):
    out, at, done = [], 0, 0
    for m in pattern.finditer(string):
        if count and done >= count:
            break
        out.append(string[at : m.start()])
        out.append(m.expand(repl) if type(repl) is str else repl(m))
        at = m.end()
        done += 1
    out.append(string[at:])
    return "".join(out), done


def _gw_pattern_sub(o, repl, *args, **kwargs):
    if _gw_kind(o) == "module":
        return _gw_re_sub(o, repl, *args, **kwargs)
    if type(repl) is str or _gw_kind(o) not in ("Pattern", "re.Pattern"):
        return o.sub(repl, *args, **kwargs)
    string = args[0] if args else kwargs["string"]
    count = args[1] if len(args) > 1 else kwargs.get("count", 0)
    return _gw_replace(o, repl, string, count)[0]


def _gw_pattern_subn(o, repl, *args, **kwargs):
    if _gw_kind(o) == "module":
        return _gw_re_subn(o, repl, *args, **kwargs)
    if _gw_kind(o) not in ("Pattern", "re.Pattern"):
        return o.subn(repl, *args, **kwargs)
    string = args[0] if args else kwargs["string"]
    count = args[1] if len(args) > 1 else kwargs.get("count", 0)
    return _gw_replace(o, repl, string, count)
