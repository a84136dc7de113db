"""Judges trials: what was broken, and what is worth counting. Works on values alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from greatwheel.testing.chaos import portrait
from greatwheel.testing.chaos.lane import Freeze, Trial, World
from greatwheel.testing.chaos.servers import Asked

_KEY = re.compile(r"(?P<task>tsk_[0-9a-f]+)-(?P<rest>(?P<step>step-)?(?P<number>\d+).*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Expected:
    """What every trial must come to, taken from an undisturbed one."""

    portrait: Mapping[str, str]
    keys: frozenset[tuple[str, str]]
    """Each paid model call: its task's place in the tree, and its own in the task."""
    embeddings: int


@dataclass(kw_only=True, slots=True)
class Verdict:
    """What one trial comes to."""

    trial: Trial
    violations: list[str] = field(default_factory=list)
    paid: int = 0
    """Model calls, by idempotency keys."""
    sent_again: int = 0
    """Requests beyond the first of their key: their replies were not durable when the worker died."""
    completed_again: int = 0
    """Of these, those whose reply the worker had got: a server that does not know keys is paid for them twice."""
    embedded: int = 0
    """Texts, each with a request of its own."""
    embedded_again: int = 0
    """Requests beyond the first for a text whose vectors a worker had got; they have no keys."""
    effects: int = 0
    """Orders of the receiver that were carried out once."""
    doubts_done: int = 0
    """Orders reported in doubt that were carried out, once."""
    doubts_undone: int = 0
    """Orders reported in doubt that were not."""
    host_calls: int = 0
    """Of the root task."""


def asked_by(tree: portrait.Tree, asked: Mapping[str, Asked]) -> dict[tuple[str, str], Asked]:
    """What the tree's tasks asked of the model: by the task's label and the key's rest."""
    labels = tree.labels
    found = {}
    for key, each in asked.items():
        parts = _KEY.fullmatch(key)
        if parts is not None and parts["task"] in labels:
            found[labels[parts["task"]], parts["rest"]] = each
    return found


def embedded_by(tree: portrait.Tree, embedded: Mapping[str, Asked]) -> list[Asked]:
    """What the root had embedded, in the order of its code."""
    texts = [text for text in embedded if text.startswith(f"{tree.root} ")]
    return [embedded[text] for text in sorted(texts, key=lambda text: int(text.rpartition(" ")[2]))]


def expected_of(trial: Trial, world: World) -> Expected:
    """What an undisturbed trial says that others must come to."""
    assert trial.tree is not None, f"the undisturbed task did not end: {trial.stuck}"
    return Expected(
        portrait=portrait.portrait(trial.tree),
        keys=frozenset(asked_by(trial.tree, world.model.chats)),
        embeddings=len(embedded_by(trial.tree, world.model.embeddings)),
    )


def judge(trial: Trial, expected: Expected, world: World) -> Verdict:
    """All that is to be said of a trial."""
    verdict = Verdict(trial=trial)
    tree = trial.tree
    if tree is None:
        verdict.violations.append(f"the task did not end: {trial.stuck}")
        return verdict
    verdict.violations += portrait.differences(portrait.portrait(tree), expected.portrait)
    verdict.violations += portrait.stray(tree)
    verdict.host_calls = max(call["seq"] for call in tree.calls if call["task_id"] == tree.root)
    _judge_models(verdict, tree, expected, world)
    _judge_embeddings(verdict, tree, expected, world)
    _judge_orders(verdict, tree, world)
    return verdict


def _judge_models(verdict: Verdict, tree: portrait.Tree, expected: Expected, world: World) -> None:
    asked = asked_by(tree, world.model.chats)
    for place in sorted(asked.keys() ^ expected.keys):
        verdict.violations.append(f"the model call {place} was {'paid and' if place in asked else 'never'} expected")
    labels = tree.labels
    kept = {(labels[call["task_id"]], call["seq"]): call["at"].timestamp() for call in tree.calls}
    for (label, rest), each in asked.items():
        verdict.paid += 1
        verdict.sent_again += len(each.times) - 1
        verdict.completed_again += each.completed_again
        _judge_asked(verdict, f"the model call {rest} of {label}", each, kept.get((label, _row_of(rest))))


def _judge_embeddings(verdict: Verdict, tree: portrait.Tree, expected: Expected, world: World) -> None:
    embedded = embedded_by(tree, world.model.embeddings)
    rows = [call for call in tree.calls if call["name"] == "llm.embed" and call["task_id"] == tree.root]
    if not len(embedded) == len(rows) == expected.embeddings:
        verdict.violations.append(f"{len(embedded)} texts were embedded for {len(rows)} calls")
        return
    for number, (each, row) in enumerate(zip(embedded, rows, strict=True)):
        verdict.embedded += 1
        verdict.embedded_again += each.completed_again
        _judge_asked(verdict, f"embedding {number}", each, row["at"].timestamp())


def _judge_asked(verdict: Verdict, what: str, each: Asked, durable: float | None) -> None:
    """`durable`: when its row was written."""
    if len(each.texts) > 1:
        verdict.violations.append(f"{what} was asked with two texts: {sorted(each.texts)}")
    late = durable is not None and max(each.times) > durable
    if late and not isinstance(verdict.trial.disturbance, Freeze):  # that one may send what it was about to send
        verdict.violations.append(f"{what} was asked again after its row was written")


def _row_of(rest: str) -> int:
    """The number of the journal row that a key belongs to."""
    if rest.startswith("step-"):
        return -int(rest.removeprefix("step-"))
    return int(rest.split("-")[0])


def _judge_orders(verdict: Verdict, tree: portrait.Tree, world: World) -> None:
    told = portrait.orders(tree)
    received = {order: each for order, each in world.receiver.orders().items() if order.startswith(tree.root)}
    for order in sorted(told.keys() | received.keys()):
        done = received[order].done if order in received else 0
        in_doubt = told.get(order) == "in doubt"
        if order not in told or done > 1 or (done == 0 and not in_doubt):
            verdict.violations.append(f"the order {order} was done {done} times, and reported as {told.get(order)!r}")
        verdict.effects += done == 1 and not in_doubt
        verdict.doubts_done += done == 1 and in_doubt
        verdict.doubts_undone += done == 0 and in_doubt
    doubts = verdict.doubts_done + verdict.doubts_undone
    if doubts > verdict.trial.hits:
        verdict.violations.append(f"{doubts} orders are in doubt after {verdict.trial.hits} cut-offs")


def as_lines(verdict: Verdict) -> Iterator[str]:
    """What is needed to see a failure again."""
    trial = verdict.trial
    yield f"FAILED --kind {trial.kind} {trial.disturbance} (task {trial.root}, {trial.seconds:.1f} s)"
    for violation in verdict.violations:
        yield f"    {violation}"
