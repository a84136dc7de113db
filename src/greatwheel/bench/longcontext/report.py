"""Tables of systems side by side, family by family, as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from greatwheel.bench.longcontext.records import Record
from greatwheel.bench.longcontext.splits import JUDGED

SYSTEMS = ("alone", "rlms", "greatwheel")
BASELINE = "rlms"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One system on one set of tasks."""

    solved: int
    tried: int
    tokens: float
    calls: float
    seconds: float

    @classmethod
    def of(cls, records: Sequence[Record]) -> Cell:
        """Counts and medians; there must be records."""
        return cls(
            solved=sum(record.solved for record in records),
            tried=len(records),
            tokens=median(record.tokens for record in records),
            calls=median(record.model_calls for record in records),
            seconds=median(record.seconds for record in records),
        )

    def __str__(self) -> str:
        return f"{self.solved}/{self.tried}, {self.tokens:,.0f} tok, {self.calls:g} calls, {self.seconds:.1f} s"


def section(records: Sequence[Record]) -> str:
    """The report of all records: a table and its totals for each split, then what was measured on what."""
    parts = []
    for split, title in (("dev", "Development families"), ("held_out", "Held-out families (looked at once)")):
        chosen = [record for record in records if record.split == split]
        if chosen:
            parts.append(f"### {title}\n\n{_table(chosen)}\n\n{_comparison(chosen)}")
    return "\n\n".join([*parts, _made_on(records)])


def _table(records: Sequence[Record]) -> str:
    systems = [name for name in SYSTEMS if any(record.system == name for record in records)]
    families = list(dict.fromkeys(record.family for record in records))
    families.sort(key=lambda name: name in JUDGED)
    rows = [[name + (" (judged)" if name in JUDGED else ""), *_cells(records, systems, {name})] for name in families]
    plain = {name for name in families if name not in JUDGED}
    judged = set(families) - plain
    if plain:
        rows.append(["**all that need no judging**", *_cells(records, systems, plain)])
    if judged:
        rows.append(["**all judged**", *_cells(records, systems, judged)])
    head = ["family", *systems]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cells(records: Sequence[Record], systems: Sequence[str], families: set[str]) -> list[str]:
    chosen = [[r for r in records if r.system == system and r.family in families] for system in systems]
    return [str(Cell.of(own)) if own else "not run" for own in chosen]


def _comparison(records: Sequence[Record]) -> str:
    """Ratios to the baseline over the tasks that both tried."""
    by_task = {record.task: record for record in records if record.system == BASELINE}
    lines = []
    for system in SYSTEMS:
        pairs = [(r, by_task[r.task]) for r in records if r.system == system and r.task in by_task]
        if system == BASELINE or not pairs:
            continue
        own, other = Cell.of([a for a, _ in pairs]), Cell.of([b for _, b in pairs])
        lines.append(
            f"- {system} against {BASELINE} on the {len(pairs)} tasks that both tried: "
            f"{own.solved} solved against {other.solved}; tokens per task (median) {_ratio(own.tokens, other.tokens)}, "
            f"model calls {_ratio(own.calls, other.calls)}, seconds {_ratio(own.seconds, other.seconds)}."
        )
    return "\n".join(lines) or f"{BASELINE} was not run on these tasks."


def _ratio(own: float, other: float) -> str:
    return f"{own / other:.2f} times" if other else "(none)"


def _made_on(records: Sequence[Record]) -> str:
    machines = "; ".join(sorted({record.machine for record in records}))
    models = ", ".join(sorted({record.model for record in records}))
    days = sorted({record.at[:10] for record in records})
    span = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    settings = [f"- {name}: {said}" for name, said in sorted({(r.system, r.settings) for r in records})]
    failed = {name: [r for r in records if r.system == name and r.error] for name in SYSTEMS}
    errors = [f"- {name} ended with an error on {len(own)} tasks" for name, own in failed.items() if own]
    head = f"Cells: solved/tried, median tokens, model calls and seconds a task. Model {models}; {machines}; {span}."
    return "\n".join([head, "", *settings, *errors])
