# mypy: ignore-errors
# ruff: noqa
"""Guest source: sets of numbers, and of tuples of them, in the order that CPython's hash table gives them.

Monty keeps a set in the order of insertion. From that order the table is built anew where the order shows. What the
order does not tell is the table's size where CPython merged a set into another; `_gw_sized` remembers it for the last
such sets, and the table of a set that was popped from. Texts have no fixed order in CPython, so that sets with one in them stay as they are.
"""

from collections import defaultdict as _gw_defaultdict

_gw_sized = []
_gw_most_sized = 32
_gw_most_kept = 2000
_gw_most_popped = 300
_gw_most_laid_out = 20000
_gw_set_kinds = (set, frozenset)
_gw_nests = (set, frozenset, list, tuple, dict, _gw_defaultdict)
_gw_prime = 2**61 - 1
_gw_word = 2**64 - 1


def _gw_float_hash(x):
    if x != x:
        return None
    if x - x != 0:
        return 314159 if x > 0 else -314159
    shift = 0
    while x != int(x):
        x *= 2
        shift += 1
    found = abs(int(x)) % _gw_prime * 2 ** ((-shift) % 61) % _gw_prime
    return -2 if x < 0 and found == 1 else found if x > 0 else -found


def _gw_number_hash(x):
    """CPython's hash of a number or of a tuple of them; None for anything else."""
    kind = type(x)
    if kind is int or kind is bool:
        found = abs(x) % _gw_prime
        return -2 if x < 0 and found == 1 else found if x >= 0 else -found
    if kind is float:
        return _gw_float_hash(x)
    if kind is not tuple:
        return None
    total = 2870177450012600261
    for each in x:
        lane = _gw_number_hash(each)
        if lane is None:
            return None
        total = (total + (lane & _gw_word) * 14029467366897019727) & _gw_word
        total = (total << 31 | total >> 33) & _gw_word
        total = total * 11400714785074694791 & _gw_word
    total = (total + (len(x) ^ 2870177450012600261 ^ 3527539)) & _gw_word
    return 1546275796 if total == _gw_word else total


def _gw_put(table, entry):
    """Place an entry; True when that took a slot that was never used before. False marks a slot that was emptied."""
    mask = len(table) - 1
    perturb = entry[0] & _gw_word
    i = perturb & mask
    free = -1
    while True:
        for place in range(i, i + 10 if i + 9 <= mask else i + 1):
            if table[place] is None:
                table[place if free < 0 else free] = entry
                return free < 0
            if table[place] is False:
                free = place
        perturb >>= 5
        i = (i * 5 + 1 + perturb) & mask


def _gw_grown(entries, least):
    size = 8
    while size <= least:
        size *= 2
    table = [None] * size
    for entry in entries:
        if entry:
            _gw_put(table, entry)
    return table


def _gw_add_all(table, elements, fill):
    """The table after these elements came one by one; None when a hash is not known."""
    for each in elements:
        found = _gw_number_hash(each)
        if found is None:
            return None
        if not _gw_put(table, (found, each)):
            continue
        fill += 1
        if fill * 5 >= (len(table) - 1) * 3:
            table = [entry for entry in table if entry]
            fill = len(table)
            table = _gw_grown(table, fill * 2 if fill > 50000 else fill * 4)
    return table


def _gw_known(s):
    for known in _gw_sized:
        if known[0] is s:
            return known
    return None


def _gw_size(s):
    """The size of the table that the elements, in the set's own order, came into."""
    known = _gw_known(s)
    return 8 if known is None else known[1]


def _gw_table(s):
    known = _gw_known(s)
    if known is None or known[2] is None:
        return _gw_add_all([None] * (8 if known is None else known[1]), s, 0)
    # Popped from before: the places of what has gone stay taken.
    table = [entry and (entry if entry[1] in s else False) for entry in known[2]]
    there = set([entry[1] for entry in table if entry])
    return _gw_add_all(table, [each for each in s if each not in there], len(table) - table.count(None))


def _gw_ordered_elements(s):
    """The elements in CPython's order, or None when that is the set's own or not known."""
    if len(s) < 2 or len(s) > _gw_most_laid_out or _gw_number_hash(next(iter(s))) is None:
        return None
    table = _gw_table(s)
    return None if table is None else [entry[1] for entry in table if entry]


def _gw_iter(x):
    """What to go through in place of `x`."""
    if type(x) not in _gw_set_kinds:
        return x
    found = _gw_ordered_elements(x)
    return x if found is None else found


def _gw_shown(x, depth=0):
    """What to print in place of `x`."""
    kind = type(x)
    if kind is _gw_defaultdict:
        changed = _gw_shown(dict(x), depth)
        return _gw_defaultdict(x.default_factory, changed) if changed is not x else x
    if kind not in _gw_nests or depth > 8:
        return x
    if kind in _gw_set_kinds:
        found = _gw_ordered_elements(x)
        return x if found is None else kind(found)
    inner = x.values() if kind is dict else x
    if not any([type(each) in _gw_nests for each in inner]):
        return x
    changed = [_gw_shown(each, depth + 1) for each in inner]
    if all([a is b for a, b in zip(inner, changed)]):
        return x
    if kind is dict:
        return dict(zip(x.keys(), changed))
    return kind(changed)


def _gw_keep_size(s, size):
    if len(s) <= _gw_most_kept:
        _gw_sized.append([s, size, None, 0])
        if len(_gw_sized) > _gw_most_sized:
            _gw_sized.pop(0)
    return s


def _gw_merge_size(size, fill, more):
    """The size of a table that took in another set."""
    if (fill + more) * 5 < (size - 1) * 3:
        return size
    size = 8
    while size <= (fill + more) * 2:
        size *= 2
    return size


def _gw_merged(kind, x):
    """A set made from a set or a dict, which CPython merges at once."""
    size = _gw_merge_size(8, 0, len(x))
    if type(x) is dict:
        return kind(x) if size == 8 else _gw_keep_size(kind(x), size)
    table = None if _gw_ordered_elements(x) is None else _gw_table(x)
    known = _gw_known(x)
    if table is None or (known is None and len(table) == size):
        return kind(x)
    if len(table) != size or False in table:
        return _gw_keep_size(kind([entry[1] for entry in table if entry]), size)
    made = _gw_keep_size(kind(x), known[1])
    if known[2] is not None and _gw_known(made) is not None:
        _gw_known(made)[2] = table
    return made


def _gw_display(s):
    """A display of constants as CPython compiles it: a frozenset made from the order of another."""
    found = _gw_ordered_elements(s)
    return s if found is None else set(found)


def _gw_literal(s):
    """A display of constants as a new set."""
    return _gw_merged(set, _gw_display(s))


def _gw_new_set(kind, x):
    """`set(x)` and `frozenset(x)`."""
    if type(x) is frozenset and kind is frozenset:
        return x
    if type(x) in _gw_set_kinds or type(x) is dict:
        return _gw_merged(kind, x)
    return kind(x)


def _gw_union(a, b):
    """`a | b`."""
    if type(a) not in _gw_set_kinds or type(b) not in _gw_set_kinds:
        return a | b
    if a is b:
        return _gw_merged(type(a), a)
    copy = _gw_merged(type(a), a)
    table = None if _gw_ordered_elements(copy) is None and len(copy) > 1 else _gw_table(copy)
    size = 8 if table is None else _gw_merge_size(len(table), len(a), len(b))
    if table is None or size == len(table):
        return _gw_keep_size(copy | type(a)(_gw_iter(b)), _gw_size(copy))
    return _gw_keep_size(type(a)(_gw_iter(copy)) | type(a)(_gw_iter(b)), size)


def _gw_in_place(a, sign, b):
    """`a |= b` and the like."""
    if type(a) is dict and sign == "|":
        a.update(b)
        return a
    if type(a) is not set or type(b) not in _gw_set_kinds:
        return _gw_operate(a, sign, b)
    if sign == "|":
        table = None if len(a) > _gw_most_kept else _gw_table(a)
        if table is not None and _gw_merge_size(len(table), len(a), len(b)) != len(table):
            if _gw_known(a) is None:
                _gw_keep_size(a, 8)
            _gw_known(a)[2] = _gw_grown(table, (len(a) + len(b)) * 2)
        a.update(_gw_iter(b))
        return a
    both = [each for each in a if each in b]
    if sign == "^":
        a.update([each for each in _gw_iter(b) if each not in a])
    for each in [each for each in a if each not in b] if sign == "&" else both:
        a.discard(each)
    return a


def _gw_change(a, sign, *others):
    """`a.difference_update(b)` and the like."""
    if type(a) is not set:
        raise AttributeError("'" + _gw_kind(a) + "' object has no such method")
    for b in others:
        _gw_in_place(a, sign, b if type(b) in _gw_set_kinds else set(b))


def _gw_operate(a, sign, b):
    if sign == "|":
        return a | b
    if sign == "&":
        return a & b
    return a - b if sign == "-" else a ^ b


def _gw_pop(x):
    """`x.pop()`; a set gives up its elements from where it stopped the last time."""
    if type(x) is not set or not x or len(x) > _gw_most_popped or _gw_number_hash(next(iter(x))) is None:
        return x.pop()
    table = _gw_table(x)
    if table is None:
        return x.pop()
    if _gw_known(x) is None:
        _gw_keep_size(x, 8)
    known = _gw_known(x)
    place = known[3] & (len(table) - 1)
    while not table[place]:
        place = (place + 1) & (len(table) - 1)
    element = table[place][1]
    table[place] = False
    known[2] = table
    known[3] = place + 1
    x.remove(element)
    return element
