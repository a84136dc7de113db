"""Lowering for Ouros: blocks against CPython."""

from __future__ import annotations

import contextlib
import io

import pytest

from greatwheel.server.composition import open_engine

BLOCKS = {
    "percent": "print('%s-%5.1f|%-4d|%04d|%+d|%x|%%' % ('a', 2.55, 3, 42, 5, 255), '%(k)s' % {'k': 1}, '%r' % 'x')",
    "too few": "try:\n    print('%s %s' % (1,))\nexcept TypeError as e:\n    print(e)",
    "format": "print('{:>5}|{:,}|{a[0]}|{!r:>4}|{{}}|{:{w}}'.format('ab', 12345, 'q', 7, a=[1], w=3))",
    "methods": "d = {'a': 1, 'b': 3}\nadd = [].append\nprint(max(d, key=d.get), list(map(str.upper, 'ab')), add(1))",
    "objects": "class P:\n    def __init__(self, a): self.a = a\n    def __lt__(self, o): return self.a < o.a\n"
    "    def __repr__(self): return f'P{self.a}'\n"
    "xs = [P(3), P(1), P(2)]\nprint(sorted(xs), min(xs), max(xs), {'k': (P(4),)}, [1, 'a'])\nprint(f'{xs}')",
    "targets": "class P: pass\np = P()\np.a, p.b = 1, 2\np.a, p.b = p.b, p.a\nprint(p.a, p.b)",
    "dates": "from datetime import datetime, date\n"
    "print(datetime.strptime('05/Mar/2024 10:11', '%d/%b/%Y %H:%M'), datetime.fromisoformat('2024-01-05'))\n"
    "print(date(2024, 2, 28).strftime('%A %-d %b %y %j'), datetime(2024, 7, 4, 15, 5).strftime('%I:%M %p'))\n"
    "try:\n    datetime.strptime('x', '%Y')\nexcept ValueError as e:\n    print(e)",
    "matches": "import re\nm = re.match(r'(\\w)(?P<n>\\w)', 'xy')\nprint(m[1], m['n'])",
    "streams": "import sys\nsys.stdout.write('w')\nsys.stdout.flush()\nprint(*range(3), sep=',')",
    "iterables": "class C:\n    def __iter__(self): return iter([3, 1])\n"
    "print(list(C()), sum(C()), sorted(C()), sorted(map(str, [2, 1])))",
    "slices": "xs = [1, 2, 3, 4]\ndel xs[1:3]\nprint(xs, (3.0).is_integer(), (10).bit_length(), pow(3, -1, 7))",
    "main": "def main():\n    print('ran')\nif __name__ == '__main__':\n    main()",
}
"""What a block shows → the block."""


@pytest.mark.parametrize("name", BLOCKS)
async def test_a_block_lowered_for_ouros_prints_what_cpython_prints(name: str) -> None:
    """A block lowered for Ouros prints what it prints in CPython."""
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(BLOCKS[name], {"__name__": "__main__"})  # noqa: S102  # the tests' own blocks
    engine = open_engine("ouros")
    session = await engine.open()
    event = await session.run(BLOCKS[name])
    await session.close()
    await engine.close()
    assert event.stdout == out.getvalue(), event
