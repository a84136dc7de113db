"""An installation as one that has been in use: for pictures, and for looking at the console by hand."""

from __future__ import annotations

import json
import random

from ..integration.webhooks.receiver import Got, Receiver, Say
from .serving import Wheel

SERVICES = ("checkout", "search", "mail", "billing", "login")
CAUSES = {
    "checkout": "timeout while waiting for the payment provider after 30 s",
    "search": "index shard 3 is not assigned",
    "mail": "the relay refused the connection",
    "billing": "duplicate invoice number",
    "login": "token signature expired",
}
FAILURES = (
    "I look at how the lines are made before I count anything.\n```python\n"
    "lines = context.splitlines()\nprint(len(lines), 'lines')\nfor line in lines[:4]:\n    print(line)\n```",
    "```python\nfrom collections import Counter\n\nfailed = [line for line in lines if ' ERROR ' in line]\n"
    "by_service = Counter(line.split()[3].rstrip(':') for line in failed)\n"
    "for service, count in by_service.most_common():\n    print(f'{service:10} {count:4}')\n```",
    "```python\n# One example of each of the first three is enough to name the cause.\n"
    "worst = [service for service, _ in by_service.most_common(3)]\n"
    "examples = {s: [l for l in failed if f' {s}:' in l][:5] for s in worst}\n"
    "causes = batch_llm_query([f'Name the cause in a few words:\\n' + '\\n'.join(examples[s]) for s in worst])\n"
    "for service, cause in zip(worst, causes):\n    print(service, '-', cause)\n```",
    "```python\nrows = '\\n'.join(f'| {s} | {by_service[s]} | {c} |' for s, c in zip(worst, causes))\n"
    "FINAL(f'''**{worst[0]}** failed most often: {by_service[worst[0]]} of {len(failed)} errors this week.\n\n"
    "| Service | Errors | Cause |\n|---|--:|---|\n{rows}\n\n"
    "Most of the {worst[0]} errors fall between 02:00 and 03:00, when the nightly export runs. "
    "I would move `nightly_export` to a replica first.''')\n```",
)
REPORT = (
    "```python\nrecipient = channel.ask('Who shall get the report?', "
    "choices=['On-call team', 'Everybody in engineering', 'Nobody yet'])\n"
    "channel.send(f'The report goes to: {recipient}.')\nFINAL('Done: the report is on its way.')\n```"
)
TRIAGE = """def handle(task):
    kind = llm.complete('Which department? ' + task["input"], choices=["billing", "support"])
    return agent.call(kind, task["input"])
"""
BILLING = """\"\"\"Answers questions about invoices.\"\"\"

RULES = "Answer in one sentence. Never promise a refund."


def handle(task):
    notes = memory.recall(task["input"], top_k=3, scope="user")
    text = "\\n".join(note["value"] for note in notes)
    return llm.complete(text + "\\n\\n" + task["input"], system=RULES)
"""
IMPORTER = """def handle(task):
    rows = context.splitlines()
    for number, row in enumerate(rows, 1):
        if row.count(";") != 3:
            raise ValueError(f"row {number} has {row.count(';') + 1} columns, not 4")
    return len(rows)
"""


def log() -> str:
    """A week's log."""
    chance = random.Random(7)
    lines = []
    for number in range(4_000):
        service = chance.choices(SERVICES, (9, 6, 4, 3, 2))[0]
        wrong = chance.random() < 0.08
        day, hour = 16 + number // 600, chance.choice((2, 2, 9, 14, 20))
        at = f"2026-11-{day} {hour:02}:{number % 60:02}:{chance.randrange(60):02}"
        lines.append(f"{at} {'ERROR' if wrong else 'INFO'} {service}: {CAUSES[service] if wrong else 'request served'}")
    return "\n".join(lines)


def fill(wheel: Wheel, receiver: Receiver | None = None) -> dict[str, str]:
    """Give the installation agents, users, tasks and sessions; the addresses of what pictures show.

    `receiver` is told of tasks that end, and takes what was answered.
    """
    _people(wheel)
    _agents(wheel)
    told = "" if receiver is None else _webhooks(wheel, receiver)
    wheel.script.say("Which services failed", *FAILURES)
    wheel.script.say("incident report", REPORT)
    wheel.script.answer("invoice", "Invoice 4711 was paid on 3 November; the reminder crossed with the payment.")
    wheel.script.answer("Which department", "billing")
    wheel.script.answer("Name the cause", lambda request: _cause(str(request.body["messages"][-1]["content"])))
    wheel.script.answer("Translate", "Guten Morgen, der Bericht ist fertig.")
    wheel.ended(wheel.submit("Translate: good morning, the report is done.", agent="billing")["task_id"])
    wheel.ended(wheel.submit("Why was I reminded of invoice 4711?", agent="support-desk")["task_id"], 90)
    broken = wheel.submit("Import the price list.", agent="importer", context="a;1;2;3\nb;4;5\n")
    analysis = wheel.submit("Which services failed most often this week, and why?", agent="analyst", context=log())
    asked = wheel.submit("Send the incident report of Tuesday.", agent="analyst")
    for task in (broken, analysis, asked):
        wheel.ended(task["task_id"], 90)
    return {
        "analysis": analysis["session_id"],
        "analysis_task": analysis["task_id"],
        "asked": asked["session_id"],
        "broken_task": broken["task_id"],
        "told": told,
    }


def _people(wheel: Wheel) -> None:
    for name, role in (("ada", "admin"), ("grace", "member"), ("linus", "member")):
        wheel.call("POST", "/api/users", 201, json={"name": name, "role": role})
    wheel.call("POST", "/api/keys", 201, json={"user": "grace", "label": "laptop", "days": 90})
    wheel.call("POST", "/api/keys", 201, json={"user": "linus", "label": "nightly export"})
    for name in ("MAIL_KEY", "TICKET_TOKEN"):
        wheel.call("PUT", f"/api/secrets/{name}", 204, json={"value": "not shown anywhere"})
    for limit in (
        {"metric": "tokens", "period": "day", "soft": 40_000, "hard": 60_000},
        {"metric": "tasks", "period": "week", "hard": 500},
        {"metric": "tokens", "period": "day", "hard": 8_000, "user": "grace"},
    ):
        wheel.call("PUT", "/api/limits", 204, json=limit)


def _agents(wheel: Wheel) -> None:
    wheel.agent("analyst", description="Reads logs, tables and reports, and answers with figures.", tools=["*"])
    wheel.agent("billing", BILLING, description="Answers questions about invoices.")
    wheel.agent("support-desk", TRIAGE, description="Sorts what customers write, and hands it on.")
    wheel.agent("importer", IMPORTER, description="Checks price lists.")
    better = BILLING.replace("top_k=3", "top_k=5").replace("one sentence.", "one sentence, with the invoice's number.")
    wheel.call(
        "PUT", "/api/agents/billing", json={"source": better, "description": "Answers questions about invoices."}
    )


def _webhooks(wheel: Wheel, receiver: Receiver) -> str:
    """Who is told, and where payloads come in; the subscription."""
    receiver.answer = _takes_answers
    wheel.call("POST", "/api/webhooks", 201, json={"name": "pull requests", "user": "ada", "scheme": "github"})
    wheel.call("POST", "/api/webhooks", 201, json={"name": "orders", "user": "ada", "agent": "billing"})
    url = f"http://localhost:{receiver.port}"
    order = {"url": f"{url}/on-call", "events": ["question.asked", "limit.warned"]}
    wheel.call("POST", "/api/webhooks/outbound", 201, json=order)
    order = {"url": f"{url}/reports", "events": ["task.ended"]}
    told: str = wheel.call("POST", "/api/webhooks/outbound", 201, json=order)["subscription_id"]
    return told


def _takes_answers(got: Got) -> Say:
    return Say(status=204 if json.loads(got.body)["data"].get("status") == "done" else 503)


def _cause(text: str) -> str:
    return next((cause for cause in CAUSES.values() if cause in text), "not known")
