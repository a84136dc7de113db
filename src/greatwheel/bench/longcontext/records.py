"""What is kept of each task that a system tried: one line of JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from greatwheel.core.errors import BadInput


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One task, one system."""

    system: str
    split: str
    family: str
    seed: int
    size_chars: int
    question: str
    expected: str
    answer: str
    solved: bool
    error: str
    prompt_tokens: int
    completion_tokens: int
    model_calls: int
    steps: int
    seconds: float
    model: str
    settings: str
    """What of the system was set, in words."""
    machine: str
    at: str
    """UTC, when it ended."""

    @property
    def tokens(self) -> int:
        """Prompt and completion together."""
        return self.prompt_tokens + self.completion_tokens

    @property
    def task(self) -> tuple[str, str, int]:
        """Which task it is."""
        return self.split, self.family, self.seed


def read_records(path: Path) -> list[Record]:
    """The records of a file, oldest first; none where there is no file.

    Raises:
        BadInput: the file holds something else.
    """
    if not path.exists():
        return []
    try:
        return [Record(**json.loads(line)) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (ValueError, TypeError, OSError) as error:
        raise BadInput(f"{path} does not hold the records of a run; choose another file.") from error


def append_record(path: Path, record: Record) -> None:
    """Add a record to the file, so that a run that is broken off loses nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as out:
        out.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")


def latest(records: Iterable[Record]) -> list[Record]:
    """One record a system and task: the last."""
    return list({(record.system, *record.task): record for record in records}.values())
