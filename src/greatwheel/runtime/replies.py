"""From a model's reply to the block of code in it."""

from __future__ import annotations

import ast
import re
import textwrap

_FENCE = re.compile(r"```(?:python|py|repl|tool_code)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL | re.IGNORECASE)
_FINAL_CALL = re.compile(r"^[ \t]*FINAL(?:_VAR)?\(.*\)[ \t]*$", re.MULTILINE)
MAX_COMMENTS = 12
_THINKING = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


def code_in(reply: str, *, prefill: str = "") -> str:
    """The block to run; empty when the reply holds none.

    A prefilled reply is code up to its first fence, its first line begun by the prefill. Otherwise the fenced blocks
    count, all together; without a fence, a reply that is Python as a whole, or a line of it that calls FINAL.
    """
    text = _THINKING.sub("", reply)
    if prefill:
        whole = prefill + text.removeprefix(prefill)
        return _clean(re.split(r"^```", whole.removeprefix("```python\n"), maxsplit=1, flags=re.MULTILINE)[0])
    blocks = _FENCE.findall(text)
    if blocks:
        return _clean("\n".join(blocks))
    if _is_python(text):
        return _clean(text)
    final = _FINAL_CALL.search(text)
    return _clean(final[0]) if final and _is_python(final[0]) else ""


def comments_in(reply: str, *, prefill: str) -> str:
    """The comments that a begun reply consists of, each once and few; empty when it holds anything else."""
    lines = (prefill + reply).removeprefix("```python\n").split("\n")[:-1]
    if not all(line.startswith("#") for line in lines if line.strip()):
        return ""
    return "\n".join(list(dict.fromkeys(line for line in lines if line.strip()))[:MAX_COMMENTS])


def _clean(code: str) -> str:
    """Without a REPL's prompts, common indentation and blank edges."""
    lines = [re.sub(r"^(?:>>>|\.\.\.) ?", "", line) for line in textwrap.dedent(code).split("\n")]
    cleaned = "\n".join(lines).strip("\n")
    return _balanced(cleaned.rstrip()) if _has_statement(cleaned) else ""


def _balanced(code: str) -> str:
    """Without brackets that close nothing at the end: small models lose count of them."""
    for surplus in range(4):
        shorter = code[: len(code) - surplus]
        if code[len(shorter) :].strip(")]}"):
            break
        try:
            ast.parse(shorter)
        except (SyntaxError, ValueError):
            continue
        except (RecursionError, MemoryError):
            break
        return shorter
    return code


def _has_statement(code: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in code.split("\n"))


def _is_python(text: str) -> bool:
    """Whether a text is a program: it parses, and it does something (a prose word parses as a name)."""
    try:
        tree = ast.parse(textwrap.dedent(text).strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    acts = (ast.Call, ast.Assign, ast.AugAssign, ast.Import, ast.ImportFrom, ast.For, ast.FunctionDef)
    return any(isinstance(node, acts) for node in ast.walk(tree))


def complete_part(code: str) -> str:
    """The block without a last statement that was cut off (a reply that ran into its token limit)."""
    lines = code.split("\n")
    while lines:
        try:
            ast.parse("\n".join(lines))
        except (SyntaxError, ValueError):
            lines.pop()
        except (RecursionError, MemoryError):
            return ""
        else:
            return "\n".join(lines)
    return ""
