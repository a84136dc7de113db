# mypy: ignore-errors
# ruff: noqa: B905, RUF005
"""Guest source of `difflib`, after CPython's algorithms."""

from collections import namedtuple as _namedtuple

Match = _namedtuple("Match", "a b size")


class SequenceMatcher:
    def __init__(self, isjunk=None, a="", b="", autojunk=True):
        self.isjunk = isjunk
        self.autojunk = autojunk
        self.set_seqs(a, b)

    def set_seqs(self, a, b):
        self.set_seq1(a)
        self.set_seq2(b)

    def set_seq1(self, a):
        self.a = a
        self._blocks = self._codes = None

    def set_seq2(self, b):
        self.b = b
        self._blocks = self._codes = None
        places = {}
        for i, item in enumerate(b):
            places.setdefault(item, []).append(i)
        self.bjunk = {item for item in places if self.isjunk is not None and self.isjunk(item)}
        self.bpopular = set()
        if self.autojunk and len(b) >= 200:
            limit = len(b) // 100 + 1
            self.bpopular = {item for item, at in places.items() if len(at) > limit and item not in self.bjunk}
        gone = self.bjunk | self.bpopular
        self.b2j = {item: at for item, at in places.items() if item not in gone}

    def find_longest_match(self, alo=0, ahi=None, blo=0, bhi=None):
        a, b, junk = self.a, self.b, self.bjunk
        ahi = len(a) if ahi is None else ahi
        bhi = len(b) if bhi is None else bhi
        i, j, k = self._longest(alo, ahi, blo, bhi)
        while i > alo and j > blo and b[j - 1] not in junk and a[i - 1] == b[j - 1]:
            i, j, k = i - 1, j - 1, k + 1
        while i + k < ahi and j + k < bhi and b[j + k] not in junk and a[i + k] == b[j + k]:
            k += 1
        while i > alo and j > blo and b[j - 1] in junk and a[i - 1] == b[j - 1]:
            i, j, k = i - 1, j - 1, k + 1
        while i + k < ahi and j + k < bhi and b[j + k] in junk and a[i + k] == b[j + k]:
            k += 1
        return Match(i, j, k)

    def _longest(self, alo, ahi, blo, bhi):
        besti, bestj, best = alo, blo, 0
        lengths = {}
        for i in range(alo, ahi):
            new = {}
            for j in self.b2j.get(self.a[i], []):
                if j < blo:
                    continue
                if j >= bhi:
                    break
                k = new[j] = lengths.get(j - 1, 0) + 1
                if k > best:
                    besti, bestj, best = i - k + 1, j - k + 1, k
            lengths = new
        return besti, bestj, best

    def get_matching_blocks(self):
        if self._blocks is not None:
            return self._blocks
        waiting = [(0, len(self.a), 0, len(self.b))]
        found = []
        while waiting:
            alo, ahi, blo, bhi = waiting.pop()
            i, j, k = match = self.find_longest_match(alo, ahi, blo, bhi)
            if k:
                found.append(tuple(match))
                if alo < i and blo < j:
                    waiting.append((alo, i, blo, j))
                if i + k < ahi and j + k < bhi:
                    waiting.append((i + k, ahi, j + k, bhi))
        found.sort()
        self._blocks = _joined(found) + [Match(len(self.a), len(self.b), 0)]
        return self._blocks

    def get_opcodes(self):
        if self._codes is not None:
            return self._codes
        i = j = 0
        codes = []
        for ai, bj, size in self.get_matching_blocks():
            tag = ""
            if i < ai and j < bj:
                tag = "replace"
            elif i < ai:
                tag = "delete"
            elif j < bj:
                tag = "insert"
            if tag:
                codes.append((tag, i, ai, j, bj))
            i, j = ai + size, bj + size
            if size:
                codes.append(("equal", ai, i, bj, j))
        self._codes = codes
        return codes

    def get_grouped_opcodes(self, n=3):
        codes = list(self.get_opcodes()) or [("equal", 0, 1, 0, 1)]
        if codes[0][0] == "equal":
            tag, i1, i2, j1, j2 = codes[0]
            codes[0] = (tag, max(i1, i2 - n), i2, max(j1, j2 - n), j2)
        if codes[-1][0] == "equal":
            tag, i1, i2, j1, j2 = codes[-1]
            codes[-1] = (tag, i1, min(i2, i1 + n), j1, min(j2, j1 + n))
        groups = []
        group = []
        for tag, i1, i2, j1, j2 in codes:
            if tag == "equal" and i2 - i1 > n + n:
                group.append((tag, i1, min(i2, i1 + n), j1, min(j2, j1 + n)))
                groups.append(group)
                group = []
                i1, j1 = max(i1, i2 - n), max(j1, j2 - n)
            group.append((tag, i1, i2, j1, j2))
        if group and not (len(group) == 1 and group[0][0] == "equal"):
            groups.append(group)
        return iter(groups)

    def ratio(self):
        matches = sum([block[2] for block in self.get_matching_blocks()])
        return _ratio(matches, len(self.a) + len(self.b))

    def quick_ratio(self):
        available = {}
        for item in self.b:
            available[item] = available.get(item, 0) + 1
        matches = 0
        for item in self.a:
            left = available.get(item, 0)
            available[item] = left - 1
            if left > 0:
                matches += 1
        return _ratio(matches, len(self.a) + len(self.b))

    def real_quick_ratio(self):
        return _ratio(min(len(self.a), len(self.b)), len(self.a) + len(self.b))


def _joined(found):
    i1 = j1 = k1 = 0
    joined = []
    for i2, j2, k2 in found:
        if i1 + k1 == i2 and j1 + k1 == j2:
            k1 += k2
        else:
            if k1:
                joined.append(Match(i1, j1, k1))
            i1, j1, k1 = i2, j2, k2
    if k1:
        joined.append(Match(i1, j1, k1))
    return joined


def _ratio(matches, length):
    return 2.0 * matches / length if length else 1.0


def get_close_matches(word, possibilities, n=3, cutoff=0.6):
    if n <= 0:
        raise ValueError(f"n must be > 0: {n!r}")
    if not 0.0 <= cutoff <= 1.0:
        raise ValueError(f"cutoff must be in [0.0, 1.0]: {cutoff!r}")
    scored = []
    matcher = SequenceMatcher()
    matcher.set_seq2(word)
    for candidate in possibilities:
        matcher.set_seq1(candidate)
        quick = matcher.real_quick_ratio() >= cutoff and matcher.quick_ratio() >= cutoff
        if quick and matcher.ratio() >= cutoff:
            scored.append((matcher.ratio(), candidate))
    scored.sort(reverse=True)
    return [candidate for _, candidate in scored[:n]]


def _range(start, stop):
    length = stop - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


def unified_diff(a, b, fromfile="", tofile="", fromfiledate="", tofiledate="", n=3, lineterm="\n"):
    lines = []
    for group in SequenceMatcher(None, a, b).get_grouped_opcodes(n):
        if not lines:
            lines.append(f"--- {fromfile}{_date(fromfiledate)}{lineterm}")
            lines.append(f"+++ {tofile}{_date(tofiledate)}{lineterm}")
        first, last = group[0], group[-1]
        lines.append(f"@@ -{_range(first[1], last[2])} +{_range(first[3], last[4])} @@{lineterm}")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                lines.extend([" " + line for line in a[i1:i2]])
                continue
            if tag in ("replace", "delete"):
                lines.extend(["-" + line for line in a[i1:i2]])
            if tag in ("replace", "insert"):
                lines.extend(["+" + line for line in b[j1:j2]])
    return iter(lines)


def context_diff(a, b, fromfile="", tofile="", fromfiledate="", tofiledate="", n=3, lineterm="\n"):
    marks = {"insert": "+ ", "delete": "- ", "replace": "! ", "equal": "  "}
    lines = []
    for group in SequenceMatcher(None, a, b).get_grouped_opcodes(n):
        if not lines:
            lines.append(f"*** {fromfile}{_date(fromfiledate)}{lineterm}")
            lines.append(f"--- {tofile}{_date(tofiledate)}{lineterm}")
        first, last = group[0], group[-1]
        lines.append("***************" + lineterm)
        lines.append(f"*** {_span(first[1], last[2])} ****{lineterm}")
        if [tag for tag, _, _, _, _ in group if tag in ("replace", "delete")]:
            for tag, i1, i2, _, _ in group:
                if tag != "insert":
                    lines.extend([marks[tag] + line for line in a[i1:i2]])
        lines.append(f"--- {_span(first[3], last[4])} ----{lineterm}")
        if [tag for tag, _, _, _, _ in group if tag in ("replace", "insert")]:
            for tag, _, _, j1, j2 in group:
                if tag != "delete":
                    lines.extend([marks[tag] + line for line in b[j1:j2]])
    return iter(lines)


def _span(start, stop):
    length = stop - start
    if length <= 1:
        return f"{start + 1 if length else start}"
    return f"{start + 1},{start + length}"


def _date(date):
    return f"\t{date}" if date else ""


def IS_CHARACTER_JUNK(ch, ws=" \t"):
    return ch in ws


def IS_LINE_JUNK(line):
    return line.strip() in ("", "#")


class Differ:
    def __init__(self, linejunk=None, charjunk=None):
        self.linejunk = linejunk
        self.charjunk = charjunk

    def compare(self, a, b):
        lines = []
        for tag, alo, ahi, blo, bhi in SequenceMatcher(self.linejunk, a, b).get_opcodes():
            if tag == "replace":
                self._replace(lines, a, alo, ahi, b, blo, bhi)
            elif tag == "delete":
                lines.extend(["- " + line for line in a[alo:ahi]])
            elif tag == "insert":
                lines.extend(["+ " + line for line in b[blo:bhi]])
            else:
                lines.extend(["  " + line for line in a[alo:ahi]])
        return iter(lines)

    def _plain(self, lines, a, alo, ahi, b, blo, bhi):
        old = ["- " + line for line in a[alo:ahi]]
        new = ["+ " + line for line in b[blo:bhi]]
        # The shorter block first, as CPython prints it.
        lines.extend(new + old if bhi - blo < ahi - alo else old + new)

    def _replace(self, lines, a, alo, ahi, b, blo, bhi):
        best, besti, bestj, eqi, eqj = 0.74, None, None, None, None
        matcher = SequenceMatcher(self.charjunk)
        for j in range(blo, bhi):
            matcher.set_seq2(b[j])
            for i in range(alo, ahi):
                if a[i] == b[j]:
                    if eqi is None:
                        eqi, eqj = i, j
                    continue
                matcher.set_seq1(a[i])
                if matcher.real_quick_ratio() > best and matcher.quick_ratio() > best and matcher.ratio() > best:
                    best, besti, bestj = matcher.ratio(), i, j
        if best < 0.75:
            if eqi is None:
                self._plain(lines, a, alo, ahi, b, blo, bhi)
                return
            besti, bestj = eqi, eqj
        self._around(lines, a, alo, besti, b, blo, bestj)
        if best < 0.75:
            lines.append("  " + a[besti])
        else:
            self._marked(lines, a[besti], b[bestj], matcher)
        self._around(lines, a, besti + 1, ahi, b, bestj + 1, bhi)

    def _around(self, lines, a, alo, ahi, b, blo, bhi):
        if alo < ahi and blo < bhi:
            self._replace(lines, a, alo, ahi, b, blo, bhi)
        elif alo < ahi:
            lines.extend(["- " + line for line in a[alo:ahi]])
        else:
            lines.extend(["+ " + line for line in b[blo:bhi]])

    def _marked(self, lines, old, new, matcher):
        atags = btags = ""
        matcher.set_seqs(old, new)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            la, lb = i2 - i1, j2 - j1
            sign_a, sign_b = {"replace": "^^", "delete": "-+", "insert": "-+", "equal": "  "}[tag]
            atags += sign_a * la
            btags += sign_b * lb
        atags = _keep_tabs(old, atags).rstrip()
        btags = _keep_tabs(new, btags).rstrip()
        lines.append("- " + old)
        if atags:
            lines.append(f"? {atags}\n")
        lines.append("+ " + new)
        if btags:
            lines.append(f"? {btags}\n")


def _keep_tabs(line, tags):
    return "".join([c if tag == " " and c in " \t\n" else tag for c, tag in zip(line, tags)])


def ndiff(a, b, linejunk=None, charjunk=IS_CHARACTER_JUNK):
    return Differ(linejunk, charjunk).compare(a, b)
