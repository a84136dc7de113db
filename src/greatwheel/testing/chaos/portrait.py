"""What a finished tree of tasks looks like: the same after every kill, but for effects that are reported in doubt."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import DictRow

from greatwheel.core.ids import TaskId
from greatwheel.database import queries
from greatwheel.database.connection import OrgConnection
from greatwheel.testing.chaos.points import label
from greatwheel.testing.chaos.servers import MARK

SQL = queries.load(__file__)
IN_DOUBT = "InDoubt: "
_ENDED = {"done", "failed"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """The rows of a root task and of everything that it started."""

    root: TaskId
    tasks: Sequence[DictRow]
    calls: Sequence[DictRow]
    events: Sequence[DictRow]
    memories: Sequence[DictRow]
    open_jobs: Sequence[DictRow]
    reservations: Sequence[DictRow]
    unused_blobs: Sequence[DictRow]

    @property
    def labels(self) -> Mapping[str, str]:
        """The tasks' places in the tree, by id."""
        return {task["task_id"]: _label(task, self.root) for task in self.tasks}


async def has_ended(connection: OrgConnection, root: TaskId) -> bool:
    """Whether a root task and all that it started have ended, and their jobs are closed."""
    row = await (await connection.execute(SQL["going_on"], {"root": root})).fetchone()
    return row is not None and not row["going_on"]


async def read(connection: OrgConnection, root: TaskId) -> Tree:
    """The tree as it is now."""

    async def rows(name: str, **values: Any) -> list[DictRow]:
        return await (await connection.execute(SQL[name], values)).fetchall()

    tasks = await rows("tree", root=root)
    ids = [task["task_id"] for task in tasks]
    return Tree(
        root=root,
        tasks=tasks,
        calls=await rows("calls", tasks=ids),
        events=await rows("events", tasks=ids),
        memories=await rows("memories", scopes=[f"session:{task['session_id']}" for task in tasks]),
        open_jobs=await rows("open_jobs", tasks=ids),
        reservations=await rows("reservations", tasks=ids),
        unused_blobs=await rows("unused_blobs"),
    )


def portrait(tree: Tree) -> dict[str, str]:
    """The tree in lines that are the same for each run of the same task, by what they are about."""
    lines: dict[str, str] = {}
    labels = tree.labels
    for task in tree.tasks:
        name, said = labels[task["task_id"]], _told(task, tree.root)
        lines[name] = f"{task['status']} {said} {task['error']} {task['session_status']} key={task['has_key']}"
    for call in tree.calls:
        lines[f"{labels[call['task_id']]} #{call['seq']}"] = f"{call['name']} {_state(call)}"
    for (task_id, type), count in Counter((event["task_id"], event["type"]) for event in tree.events).items():
        lines[f"{labels[task_id]} {type}"] = str(count)
    scopes = {f"session:{task['session_id']}": labels[task["task_id"]] for task in tree.tasks}
    for memory in tree.memories:
        lines[f"{scopes[memory['scope']]} memory {memory['key']}"] = memory["value"].split(MARK)[0]
    return lines


def differences(found: Mapping[str, str], expected: Mapping[str, str]) -> Iterator[str]:
    """In what two portraits differ."""
    for name in sorted(found.keys() | expected.keys()):
        if found.get(name) != expected.get(name):
            yield f"{name}: is {found.get(name)!r}, should be {expected.get(name)!r}"


def orders(tree: Tree) -> Mapping[str, str]:
    """What the root's answer says of each order."""
    result = next(task["result"] for task in tree.tasks if task["task_id"] == tree.root)
    told = dict(result["orders"]) if result else {}
    told.update({task["input"]: "note taken" for task in tree.tasks if task["root_id"] != tree.root})
    return told


def stray(tree: Tree) -> Iterator[str]:
    """What should have been cleared up."""
    for call in tree.calls:
        if call["state"] not in _ENDED:
            yield f"call {call['seq']} ({call['name']}) of {tree.labels[call['task_id']]} is still {call['state']}"
    gaps = defaultdict(set)
    for call in tree.calls:
        gaps[call["task_id"]].add(call["seq"])
    for task_id, numbers in gaps.items():
        if missing := set(range(1, max(numbers) + 1)) - numbers:
            yield f"the journal of {tree.labels[task_id]} has no calls {sorted(missing)}"
    for job in tree.open_jobs:
        yield f"a job of {tree.labels[job['task']]} is still in the queue"
    for held in tree.reservations:
        yield f"tokens are still set aside for {tree.labels[held['task_id']]}"
    for blob in tree.unused_blobs:
        yield f"nothing refers to the blob {blob['digest'][:12]}"


def _label(task: DictRow, root: TaskId) -> str:
    place = label(task["path"], task["parent_call"], task["part"])
    return place if task["root_id"] == root else f"{place} {task['input'].removeprefix(root)}"


def _told(task: DictRow, root: TaskId) -> str:
    """The result, without what may differ."""
    if task["result"] is None:
        return str(task["answer"])
    result = task["result"]
    names = sorted(order.removeprefix(root) for order in result["orders"])
    return f"{result['said']} {names}"


def _state(call: DictRow) -> str:
    """A call in doubt stands for one that was done."""
    if call["error"] is None:
        return str(call["state"])
    return "done" if call["error"].startswith(IN_DOUBT) else f"{call['state']} {call['error']}"
