# mypy: ignore-errors
# ruff: noqa
"""Guest source: `pattern.sub` with a function, and `pattern.subn`."""


def _gw_replace(pattern, repl, string, count):
    if type(repl) is str:
        done = len(pattern.findall(string))
        return pattern.sub(repl, string, count=count), min(done, count) if count else done
    out, at, done = [], 0, 0
    for m in pattern.finditer(string):
        if count and done >= count:
            break
        out.append(string[at : m.start()])
        out.append(repl(m))
        at = m.end()
        done += 1
    out.append(string[at:])
    return "".join(out), done


def _gw_pattern_sub(o, repl, *args, **kwargs):
    if type(repl) is str or _gw_kind(o) not in ("Pattern", "re.Pattern"):
        return o.sub(repl, *args, **kwargs)
    string = args[0] if args else kwargs["string"]
    count = args[1] if len(args) > 1 else kwargs.get("count", 0)
    return _gw_replace(o, repl, string, count)[0]


def _gw_pattern_subn(o, repl, *args, **kwargs):
    if _gw_kind(o) not in ("Pattern", "re.Pattern"):
        return o.subn(repl, *args, **kwargs)
    string = args[0] if args else kwargs["string"]
    count = args[1] if len(args) > 1 else kwargs.get("count", 0)
    return _gw_replace(o, repl, string, count)
