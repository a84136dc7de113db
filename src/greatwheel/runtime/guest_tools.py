"""Tools that every session offers beside the SDK: `search`, `grep`, `chunks`, `tally`, `classify`.

The source of this module's functions is run inside the session, so it is written in the part of Python that every
engine runs, without imports at the top; the host calls `search` too, to look before the model does. Results are
short: they are for a model to read.
"""

import json
import math
import re
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta

STOP_WORDS = (
    "a about after all an and answer any are as at be been before between but by can context contain contains "
    "count data did do does each every find for from give given had has have how if in into is it its just list "
    "made many me more most much name named no not number of on one only or other out over please say says so "
    "some such tell text than that the their them then there these they this those to total under up upon us was "
    "were what when where which while who whom whose why will with within would you your according exactly "
    "document documents file files line lines record records entry entries following state stated mention "
    "mentioned appear appears found value values long large show shown"
)


HEADINGS = ("#", "===", "chapter ", "section ", "topic", "part ", "title:", "article ", "file:")


def terms(query):
    """What is worth looking for in a question, each once: its quoted phrases, then its words."""
    found = []
    for quote in ('"', "`", "“"):
        pieces = query.replace("”", "“").split(quote)
        for index in range(1, len(pieces) - 1, 2):
            phrase = pieces[index].strip(" .…").lower()
            if 2 < len(phrase) < 200:
                found.append(phrase)
    word = ""
    for char in query + " ":
        if char.isalnum() or char in "_-.@/'":
            word += char
        else:
            word = word.strip("-./'")
            if word.endswith("'s"):
                word = word[:-2]
            if len(word) > 1 and word.lower() not in STOP_WORDS.split() and word.lower() not in found:
                found.append(word.lower())
            word = ""
    return found


def sentences(line):
    """A long line in pieces that end where sentences do."""
    if len(line) <= 400:
        return [line]
    pieces = []
    start = 0
    while start < len(line):
        end = line.find(". ", start + 40, start + 601) + 1
        if not end:
            end = len(line) if len(line) - start <= 600 else start + 400
        pieces.append(line[start:end].strip())
        start = end
    return pieces


def passages(data):
    """(place, line) for each line of a text, of each text in a list or dict; a place names the heading above."""
    found = []
    if isinstance(data, str):
        heading = ""
        code = "\nimport " in data or "\ndef " in data
        for index, line in enumerate(data.split("\n")):
            if line.strip():
                title = line.strip(" #=") if len(line) < 80 and line[:12].lower().startswith(HEADINGS) else ""
                if title and not (code and line[0] == "#"):
                    heading = " in " + title
                for piece in sentences(line):
                    found.append((str(index + 1) + heading, piece))
    else:
        items = data.items() if isinstance(data, dict) else enumerate(data)
        for key, item in items:
            whole = isinstance(item, str) and len(item) < 1000 and isinstance(data, list)
            if whole or not isinstance(item, (str, dict, list)):
                found.append((str(key), str(item)))
            else:
                found += [(str(key) + ":" + place, line) for place, line in passages(item)]
    return found


def cut_around(line, word, width):
    """A piece of a long line around a word."""
    if len(line) <= width:
        return line.strip()
    at = max(0, line.lower().find(word) - width // 3)
    return ("…" if at else "") + line[at : at + width].strip() + ("…" if at + width < len(line) else "")


def names_in(query):
    """The words of a question that name something: capitals inside a sentence, digits, quotations."""
    found = [word for word in terms(query) if " " in word or any(char.isdigit() for char in word)]
    before = "."
    for token in query.split():
        word = token.strip("\"'()[],.;:?!`")
        if word[:1].isupper() and before[-1:] not in ".?!:":
            found.append(word.lower().removesuffix("'s"))
        before = token
    return found


def phrases_in(query):
    """Names of several words in a question: words with capitals that stand together, in lower case."""
    found = []
    run = []
    for token in [*query.split(), "."]:
        word = token.strip("\"'()[],.;:?!`").removesuffix("'s")
        if word[:1].isupper():
            run.append(word.lower())
        if not word[:1].isupper() or token[-1:] in ".,;:?!)":
            if len(run) > 1:
                found.append(" ".join(run))
            run = []
    return found


def weigh(words, lowered, names=()):
    """word -> (weight, the lines that hold it); a word of more than a third of the lines weighs nothing.

    A name weighs more: lines about something else of the same kind are no answer.
    """
    weighed = {}
    holding = {word: len([1 for line in lowered if word in line]) for word in names}
    fewest = min([count for count in holding.values() if count] or [0])
    for word in words:
        stem = word[:-1] if len(word) > 4 and word.endswith("s") else word
        hits = [index for index, line in enumerate(lowered) if stem in line]
        rare = hits and len(hits) < 0.3 * len(lowered) + 3
        factor = (1 + word.count(" ")) * (4 if 0 < holding.get(word, 0) <= 2 * fewest else 1)
        weighed[word] = (math.log(1 + len(lowered) / len(hits)) * factor if rare else 0.0, hits)
    return weighed


def names_by(data, words):
    """The words that the data writes with a capital wherever they stand: the names in a question without capitals."""
    names = []
    for word in words:
        held = [line for place, line in data if word in line.lower()]
        if held and not [line for line in held if word in line]:
            names.append(word)
    return names


def scored(weighed):
    """line -> the sum of the weights of its words."""
    scores = {}
    for weight, hits in weighed.values():
        if weight:
            for index in hits:
                scores[index] = scores.get(index, 0.0) + weight
    return scores


def ranked(query, data, top):
    """(best, onward, counts) for a query: at most `top` (place, line) in all.

    `best` are the lines that share the rarest words with the query, in the data's order. When those are one or two,
    `onward` are lines that go on from them, each sharing a rare word with the line before it: facts told in
    several places. `counts` has the number of lines that hold each word.
    """
    words = terms(query)
    lines = across_lines(words, data) + passages(named_in(query, data))
    lowered = [line.lower() for place, line in lines]
    weighed = weigh(words, lowered, names_in(query) or names_by(lines, words))
    scores = scored({**weigh(phrases_in(query), lowered), **weighed})
    order = sorted(scores, key=lambda index: (-scores[index], index))
    highest = scores[order[0]] if order else 0.0
    several = any(word in query.lower().split() for word in ("all", "list", "names", "members", "people", "every"))
    best = [index for index in order if scores[index] >= (0.45 if several else 0.6) * highest]
    best = once(best, lines, isinstance(data, str))[:top]
    first = [index for index in best if scores[index] >= 0.9 * highest]
    alone = len(first) == 1 and len(best) <= 3 and not several
    onward = follow(first[0], weighed, lines, lowered, scores)[: top - 1] if alone else []
    best = (first + [index for index in best if index not in first and index not in onward])[: top - len(onward)]
    counts = {word: len(weighed[word][1]) for word in weighed}
    return [lines[index] for index in sorted(best)], [lines[index] for index in onward], counts


def once(order, lines, plain):
    """The lines that say something new where they stand: under their heading, or in their text of several."""
    kept = {}
    for index in order:
        place, line = lines[index]
        kept.setdefault((line.lower(), place.partition(" in ")[2] if plain else place.partition(":")[0]), index)
    return list(kept.values())


def follow(first, weighed, lines, lowered, scores):
    """Lines that go on from a line, each sharing a rare word, at best a name, with the one before."""
    told = [hits for weight, hits in weighed.values() if weight and len(hits) <= 10 and first in hits]
    near = {index for hits in told for index in hits}
    path = []
    current = first
    while len(path) < 8:
        new = [word for word in terms(lines[current][1][:600]) if word not in weighed]
        capital = {word for word in new if word[:1].upper() + word[1:] in lines[current][1][1:]}
        names = capital | {word for word in new if any(char.isdigit() for char in word)}
        bridges = {
            word: pair for word, pair in weigh(new, lowered).items() if 1 < len(pair[1]) <= (40 if word in names else 3)
        }
        shared = scored({word: (pair[0] * (3 if word in names else 1), pair[1]) for word, pair in bridges.items()})
        ties = [index for index in shared if index in scores and index not in path and index != first]
        tied = [index for word, pair in bridges.items() if word in names for index in pair[1]]
        ties = [index for index in ties if index in tied or not alike(lowered[index], lowered[current])]
        ties = [index for index in ties if index in near] or ([] if path else ties)
        if not ties:
            break
        current = sorted(ties, key=lambda index: (-shared[index] - scores[index], index))[0]
        if not path:
            near = {index for hits in told if current in hits for index in hits}
        path.append(current)
    return path


def alike(one, other):
    """Whether two lines tell the same kind of fact of different things: most of their words are the same."""
    first, second = one.split(), other.split()
    return len([word for word in first if word in second]) >= 0.6 * min(len(first), len(second))


def named_in(query, data):
    """Of a dict of texts those that the query names; all of them when it names none."""
    low = query.lower()
    if not isinstance(data, dict):
        return data
    named = {key: data[key] for key in data if not str(key).isalpha() and len(str(key)) > 4 and str(key).lower() in low}
    return named or data


def across_lines(words, data):
    """(place, piece) for each phrase of the query that stands across a line's end."""
    found = []
    texts = data.items() if isinstance(data, dict) else [("", data)]
    for phrase in [word for word in words if word.count(" ") > 1]:
        for key, text in texts:
            at = text.replace("\n", " ").lower().find(phrase) if isinstance(text, str) else -1
            if at >= 0 and "\n" in text[at : at + len(phrase)]:
                piece = text[max(0, at - 120) : at + len(phrase) + 120].replace("\n", " ")
                above = [place for place, line in passages(text[: at + 1])[-1:]]
                found.append((str(key) + (":" if key else "") + (above[0] if above else "1"), piece))
    return found


def search(query, data=None, top=8):
    """Print the lines that best match the words of `query`, and how many lines hold each word; return the lines."""
    data = context if data is None else data  # noqa: F821
    best, onward, counts = ranked(query, data, top)
    print("lines with each word:", ", ".join(word + " " + str(counts[word]) for word in counts))
    rarest = sorted([word for word in counts if counts[word]], key=lambda word: counts[word])
    for place, line in best + onward:
        inside = [word for word in rarest if word in line.lower()]
        print("[" + place + "] " + cut_around(line, inside[0] if inside else "", 300))
    if not best:
        print("no line matches " + repr(query))
    return [line for place, line in best + onward]


def grep(pattern, data=None, top=10):
    """Print how many lines hold a text, or match a pattern (case ignored), and the first; return all those lines."""
    data = context if data is None else data  # noqa: F821
    lines = passages(data)
    low = pattern.lower()
    compiled = re.compile(re.escape(pattern), re.IGNORECASE)
    if not any(low in line.lower() for place, line in lines):
        try:
            compiled = re.compile(pattern, re.IGNORECASE)
        except re.error:
            print("that is no regular expression; it was looked for as text")
    found = [(place, line) for place, line in lines if compiled.search(line)]
    print(str(len(found)) + " lines match " + repr(pattern))
    for place, line in found[:top]:
        match = compiled.search(line)
        print("[" + place + "] " + cut_around(line, line[match.start() : match.end()].lower(), 300))
    return [line for place, line in found]


def chunks(data, size=4000, overlap=200):
    """A text, cut at line ends where possible, in pieces of about `size` characters."""
    pieces = []
    start = 0
    while start < len(data):
        end = min(len(data), start + size)
        if end < len(data):
            newline = data.rfind("\n", start + size // 2, end)
            end = newline + 1 if newline > 0 else end
        pieces.append(data[start:end])
        start = end if end >= len(data) else max(start + 1, end - overlap)
    return pieces


def tally(values):
    """(value, count) pairs, most frequent first."""
    counts = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return sorted(counts.items(), key=lambda item: -item[1])


def place_of(rows, text):
    for index, row in enumerate(rows):
        if text.lower() in str(row).lower():
            return index
    raise ValueError("no record or line holds " + repr(text))


def before(rows, text):
    """The records or lines before the first that holds a text."""
    return rows[: place_of(rows, text)]


def after(rows, text):
    """The records or lines after the first that holds a text."""
    return rows[place_of(rows, text) + 1 :]


def join(left, right, key):
    """The records of `left`, each with the fields of the record of `right` that has the same `key`."""
    found = {r[key]: r for r in right if key in r}
    return [{**found[r[key]], **r} for r in left if r.get(key) in found]


def classify(items, question, labels=("yes", "no")):
    """Ask the sub-model about each item by itself; returns one of `labels` per item, in order."""
    allowed = list(labels)
    prompts = [
        question + "\n\nText: " + str(item) + "\n\nAnswer with one of: " + ", ".join(allowed) + "." for item in items
    ]
    answers = []
    for reply in batch_llm_query(prompts, choices=allowed):  # noqa: F821
        low = str(reply).strip().lower()
        chosen = [label for label in allowed if low.startswith(str(label).lower())]
        chosen = chosen or [label for label in allowed if str(label).lower() in low]
        answers.append(chosen[0] if chosen else allowed[-1])
    return answers


def final(answer):
    """Another spelling of FINAL."""
    FINAL(answer)  # noqa: F821
