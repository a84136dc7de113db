"""Contexts: from what users have (strings, lists, dicts, files, folders) to the values a session is given."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from greatwheel.core.errors import ContextInvalid, NotText

Context: TypeAlias = str | Sequence[Any] | Mapping[str, Any]

MAX_DEPTH = 60
"""Deeper nesting than this is refused: interpreters and their dumps recurse."""
MAX_INT_BITS = 14_000
"""Longer numbers can't be written as JSON: Python refuses more than 4,300 digits."""
_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", ".tox"})


def checked(value: Any, *, _depth: int = 0) -> Any:
    """The context as plain data, fit for a sandbox; tuples become lists, keys become text.

    Raises:
        ContextInvalid: it is empty, or holds something other than text, numbers, lists, dicts and None.
    """
    if _depth == 0 and (value is None or (isinstance(value, (str, list, tuple, dict)) and len(value) == 0)):
        raise ContextInvalid("The context is empty; pass the text or data that the question is about.")
    if _depth == 0 and not isinstance(value, (str, list, tuple, Mapping)):
        raise ContextInvalid(f"The context is a {type(value).__name__}; pass text, a list or a dict.")
    if _depth > MAX_DEPTH:
        raise ContextInvalid(f"The context is nested deeper than {MAX_DEPTH} levels; flatten it.")
    if isinstance(value, int) and value.bit_length() > MAX_INT_BITS:
        raise ContextInvalid("The context holds a number of thousands of digits; pass it as text.")
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if isinstance(value, Mapping):
        return {str(key): checked(item, _depth=_depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [checked(item, _depth=_depth + 1) for item in value]
    raise ContextInvalid(
        f"The context holds a {type(value).__name__}; pass text, numbers, lists, dicts or None (a file as its text)."
    )


def read_paths(paths: Sequence[Path]) -> Any:
    """The context that files and folders make.

    One file is its text, or its data when it is JSON; several files, or a folder, are a dict from name to that.

    Raises:
        ContextInvalid: a path is missing, is not readable, or is not text.
    """
    files: list[tuple[str, Path]] = []
    for path in paths:
        if not path.is_file() and not path.is_dir():
            raise ContextInvalid(f"There is no file or folder {path}; check the path.")
        files.extend(_files_of(path) if path.is_dir() else [(path.name if len(paths) == 1 else str(path), path)])
    if not files:
        raise ContextInvalid(f"There are no text files in {', '.join(map(str, paths))}.")
    if len(files) == 1 and not paths[0].is_dir():
        return _content(files[0][1])
    contents = {}
    for name, path in files:
        content = _text_or_none(path)
        if content is not None:
            contents[name] = content
        elif path in paths:
            raise ContextInvalid(f"{path} is not text; pass UTF-8 text, JSON or CSV.")
    return checked(contents)


def _files_of(folder: Path) -> list[tuple[str, Path]]:
    found = []
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if not _SKIPPED_FOLDERS.intersection(relative.parts) and path.is_file() and not path.is_symlink():
            found.append((str(relative), path))
    return found


def _content(path: Path) -> Any:
    return parsed(str(path), _bytes(path))


def parsed(name: str, raw: bytes) -> Any:
    """The context that a file of that name makes: its text, or its data when it is JSON.

    Raises:
        NotText: it is not text.
        ContextInvalid: it is empty, or nested too deeply.
    """
    text = _decoded(raw)
    if text is None:
        raise NotText(f"{name} is not text; pass UTF-8 text, JSON or CSV.")
    return checked(_json_or_text(text) if name.lower().endswith(".json") else text)


def _json_or_text(text: str) -> Any:
    """What a JSON file holds; its text when it is broken, or a bare number or word."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, (str, list, dict)) else text


def _text_or_none(path: Path) -> str | None:
    return _decoded(_bytes(path))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContextInvalid(f"{path} can't be read: {error.strerror or error}.") from error


def _decoded(raw: bytes) -> str | None:
    """The text that the bytes are; None if they are none."""
    if b"\x00" in raw[:8192]:
        return None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


_FILE_LINE = re.compile(r"^[#=*/<>-]{2,}\s*(?:file(?:name)?|path)?:?\s*([\w./-]+\.\w{1,5})\s*[#=*/<>-]*$", re.MULTILINE)


def split_files(text: str) -> dict[str, str]:
    """The files in a text that several were put into, each under a line with its name; empty for other texts."""
    marks = list(_FILE_LINE.finditer(text))
    if len(marks) < 3 or marks[0].start() > 1000:
        return {}
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    return {mark[1]: text[mark.end() : end].strip("\n") for mark, end in zip(marks, ends, strict=True)}


_TITLE = re.compile(r"^(?:#{1,3} |=+ ?)?([A-Z][A-Za-z ]{1,20}): *(\S[^\n]{0,80}?)\s*=*$")


def titled_texts(items: Sequence[Any]) -> dict[str, str]:
    """The texts of a list by their titles, where each begins with a line such as `Title: name`; else empty."""
    if len(items) < 3 or not all(isinstance(item, str) and "\n" in item for item in items):
        return {}
    titles = [_TITLE.match(item.split("\n", 1)[0]) for item in items]
    found = [title for title in titles if title is not None]
    names = {title[2] for title in found}
    if len(names) < len(items) or len({title[1] for title in found}) != 1:
        return {}
    return {title[2]: item.split("\n", 1)[1] for title, item in zip(found, items, strict=True)}


def digest(value: Any) -> str:
    """SHA-256 of a context, by its content: equal contexts have equal digests."""
    if isinstance(value, str):
        data = b"s" + value.encode("utf-8", "surrogatepass")
    else:
        data = b"j" + json.dumps(value, ensure_ascii=False, sort_keys=False).encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()


def size(value: Any) -> int:
    """Characters of text in a context, all levels counted."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(len(key) + size(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return sum(size(item) for item in value)
    return len(str(value))
