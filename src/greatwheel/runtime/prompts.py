"""Every text that the loop says to a model, in one place."""

from __future__ import annotations

from collections.abc import Sequence

from greatwheel.runtime import guest_tools

LOOK_LINE_CHARS = 240

SYSTEM = """\
You answer a question about data by writing Python. The data is in variables, it is too long to read, and you never \
see all of it: you see a description and what your code prints. Each reply is one short Python block. Its variables \
stay for the next block. When your code has the answer, call FINAL(answer).

Rules
- Use the variables that are there. Never type data in, never assign to `context`.
- Work on all the data with loops and comprehensions. Print little.
- FINAL takes the answer itself: a number, a name, a date, a list or a short sentence.
- If the data does not hold the answer, call FINAL("not found").

Tools
search("some words")      print the lines that best match the words; returns the lines
grep(r"pattern")          print how many lines match and the first; returns all matching lines
tally(values)             [(value, count), ...], most frequent first
classify(items, "question about one item", ["label1", "label2"])   a model judges each item; returns a label for each
llm_query("prompt with the text in it")   ask a model; returns its answer as str
chunks(text, 4000)        a long text in pieces

Examples
How often does the word river occur?
```python
import re
FINAL(len(re.findall(r"\\briver\\b", context, re.IGNORECASE)))
```
Which city was the depot moved to?
```python
lines = search("depot moved city")
```
(prints: [812] … the depot was moved from Turin to Genoa in May.)
```python
FINAL("Genoa")
```"""

PREFILL = "```python\n"
"""How a reply begins, where the server continues an assistant's message."""

STOP = ("```",)

ASK = "Write the next Python block."
ASK_FENCED = "Write the next Python block, in a ```python fence, and nothing else."


def first_message(*, brief: str, question: str, look: str, links: Sequence[str], recipes: Sequence[str]) -> str:
    """What opens a run: the data's description, what a first search found, example lines, the question."""
    parts = [f"Variables\n{brief}"]
    if recipes:
        parts.append("Lines of code that work on this data (change names and values to fit)\n" + "\n".join(recipes))
    if look:
        parts.append(f"A search for the question's words found\n{look}")
    if links:
        parts.append("Words of the question in the data\n" + "\n".join(links))
    parts.append(f"Question: {question}")
    return "\n\n".join(parts)


def look(question: str, context: object, top: int) -> str:
    """What `search(question)` would print, for the first message."""
    found, counts, _ = guest_tools.ranked(question, context, top)
    absent = [word for word, count in counts.items() if not count]
    words = [word for word, count in sorted(counts.items(), key=lambda item: item[1]) if count]
    lines = [
        f"[{place}] {guest_tools.cut_around(line, next((w for w in words if w in line.lower()), ''), LOOK_LINE_CHARS)}"
        for place, line in found
    ]
    if absent:
        lines.append("nowhere in the data: " + ", ".join(absent))
    return "\n".join(lines)


def observation(stdout: str, value: str, error: str) -> str:
    """What a block printed, as the model sees it."""
    parts = [text for text in (stdout.rstrip(), value, error) if text]
    return "Output:\n" + ("\n".join(parts) if parts else "(nothing was printed)")


NO_CODE = "That was no Python. Write a Python block that works on the variables and calls FINAL(answer)."
REPEATED = "You wrote this block before and it gave the same output. Do something different."
REPEATED_AGAIN = "Same block again. Look at one record exactly as it is and write new code for it:"
NOTHING_PRINTED = "Nothing was printed and FINAL was not called. Call FINAL(answer) with the value that you computed."
REBOUND = "`{name}` holds the data and was kept; a block must not assign to it."
EMPTY_FINAL = "FINAL was called with {shown}, which is no answer. Look at the data first, then compute the answer."
NOT_FOUND_EARLY = (
    "Before giving up: search the data for other words of the question, with grep() or search(), in another spelling."
    " If it really is not there, call FINAL('not found') again."
)
NOTHING_MATCHED = (
    "The result is {shown}: perhaps nothing matched. Check how the data spells the values that you compare with."
    " If there is none in the data, call FINAL('not found'); if {shown} is right, call FINAL({shown}) again."
)
NOT_IN_DATA = "{shown} is neither in the data nor computed from it. Compute the answer from the variables."
NOT_A_VALUE = "FINAL was called with {shown}, which is not a value. Call FINAL with the value itself."
TOO_LONG = "The answer has {length} characters. The question asks for something short: call FINAL with just that."
OUTPUT_CUT = "… ({count} more characters not shown; print less)"
