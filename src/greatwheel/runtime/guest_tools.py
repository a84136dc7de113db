"""Tools that every session offers beside the SDK: `search`, `grep`, `chunks`, `tally`, `classify`.

The source of this module's functions is run inside the session, so it is written in the part of Python that every
engine runs, without imports at the top; the host calls `search` too, to look before the model does. Results are
short: they are for a model to read.
"""

STOP_WORDS = (
    "a about after all an and answer any are as at be been before between but by can context contain contains "
    "count data did do does each every find for from give given had has have how if in into is it its just list "
    "made many me more most much name named no not number of on one only or other out over please say says so "
    "some such tell text than that the their them then there these they this those to total under up upon us was "
    "were what when where which while who whom whose why will with within would you your according exactly "
    "document documents file files line lines record records entry entries following state stated mention "
    "mentioned appear appears found value values long large show shown"
)


def terms(query):
    """The words of a question that are worth looking for, each once, in order."""
    words = []
    word = ""
    for char in query + " ":
        if char.isalnum() or char in "_-.@/'":
            word += char
        else:
            word = word.strip("-./'")
            if word.endswith("'s"):
                word = word[:-2]
            if len(word) > 1 and word.lower() not in STOP_WORDS.split() and word.lower() not in words:
                words.append(word.lower())
            word = ""
    return words


def passages(data):
    """(place, line) for each line of a text, of each text in a list or dict."""
    if isinstance(data, str):
        return [(str(index + 1), line) for index, line in enumerate(data.split("\n")) if line.strip()]
    found = []
    if isinstance(data, dict):
        for key in data:
            for place, line in (
                passages(data[key]) if isinstance(data[key], (str, dict, list)) else [("", str(data[key]))]
            ):
                found.append((str(key) + ":" + place, line))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            if isinstance(item, str) and len(item) < 1000:
                found.append((str(index), item))
            elif isinstance(item, (str, dict, list)):
                for place, line in passages(item):
                    found.append((str(index) + ":" + place, line))
            else:
                found.append((str(index), str(item)))
    return found


def cut_around(line, word, width):
    """A piece of a long line around a word."""
    if len(line) <= width:
        return line.strip()
    at = max(0, line.lower().find(word) - width // 3)
    return ("…" if at else "") + line[at : at + width].strip() + ("…" if at + width < len(line) else "")


def ranked(query, data, top):
    """The `top` passages that share the rarest words with the query, and how many passages hold each word."""
    import math

    words = terms(query)
    lines = passages(data)
    lowered = [line.lower() for place, line in lines]
    hits = {}
    for word in words:
        stem = word[:-1] if len(word) > 4 and word.endswith("s") else word
        hits[word] = [index for index, line in enumerate(lowered) if stem in line]
    scores = {}
    for word in words:
        if hits[word] and len(hits[word]) < 0.5 * len(lines) + 2:
            weight = math.log(1 + len(lines) / len(hits[word]))
            for index in hits[word]:
                scores[index] = scores.get(index, 0.0) + weight
    order = sorted(scores.items(), key=lambda item: (-item[1], item[0]))[:top]
    return (
        [lines[index] for index, score in order],
        {word: len(hits[word]) for word in words},
        [score for index, score in order],
    )


def search(query, data=None, top=8):
    """Print the lines that best match the words of `query`, and how often each word occurs; return the lines."""
    data = context if data is None else data  # noqa: F821
    found, counts, scores = ranked(query, data, top)
    print("lines that contain each word:", ", ".join(word + " " + str(counts[word]) for word in counts))
    words = [word for word in counts if counts[word]]
    rarest = sorted(words, key=lambda word: counts[word])
    for place, line in found:
        inside = [word for word in rarest if word in line.lower()]
        print("[" + place + "] " + cut_around(line, inside[0] if inside else "", 300))
    if not found:
        print("no line matches: " + query)
    return [line for place, line in found]


def grep(pattern, data=None, top=10):
    """Print how many lines match a pattern (case ignored) and the first of them; return all matching lines."""
    import re

    data = context if data is None else data  # noqa: F821
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error:
        compiled = re.compile(re.escape(pattern), re.IGNORECASE)
    found = [(place, line) for place, line in passages(data) if compiled.search(line)]
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
