"""A secret with a mark goes through everything that tasks do; afterwards the mark is nowhere.

Beside it goes a word that is no secret, the same ways: where that is found, the search sees.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import psycopg
import pytest

from greatwheel.channels.questions import answer_question, open_questions
from greatwheel.core.ids import OrgId, TaskId, UserId
from greatwheel.core.tasks import ENDED, SubmitTask
from greatwheel.database import blobs, embedded
from greatwheel.runtime.keeping import SQL as KEEPING
from greatwheel.runtime.packing import unpack
from greatwheel.server.assembly import Installation, opened
from greatwheel.server.settings import load_settings
from greatwheel.testing.server_formats import FakeRequest
from greatwheel.testing.servers import FakeModelServer

MARKED = "mark?5f2c secret/9e+wörd-7a41d0"
SEEN = "plainword-c83b1f"
"""No secret; the agents pass it on beside what they get."""
SECONDS = 90.0

TOOLS = """
networks = ["127.0.0.1/32"]

[[functions]]
function = "marked_tools:leak"

[[tools]]
name = "ask"
description = "Sends the secret in every place; the server answers with what it was sent."
method = "POST"
url = "{url}/echo?key={{secret:KEY}}&q={{q}}"
headers = {{ Authorization = "Bearer {{secret:KEY}}" }}
body = {{ key = "{{secret:KEY}}", q = "{{q}}" }}
parameters = {{ q = "string" }}
result = "text"

[[tools]]
name = "broken"
description = "Answers with an error that has the secret."
url = "{url}/broken"
headers = {{ Authorization = "Bearer {{secret:KEY}}" }}
result = "text"
"""

SETTINGS = """
[server]
data = "{folder}/data"
[agents]
folder = "{folder}"
[tools]
file = "{folder}/tools.toml"
[llm]
model = "{model}"
[scheduler]
heartbeat_seconds = 0.5
stalled_after_seconds = 2.0
[session]
in_memory = 1
"""

FUNCTIONS = '''
import base64
from urllib.parse import quote_plus
from greatwheel.tools.functions import tool
from greatwheel.tools.port import Invocation


@tool(kind="effect", repeatable=True, secrets=("KEY",))
def leak(how: str, invocation: Invocation) -> dict:
    """Gives the secret away."""
    secret = invocation.secrets["KEY"]
    if how == "raise":
        raise OSError(f"no way to https://user:{secret}@host")
    if how == "value":
        raise ValueError(secret)
    return {
        "plain": secret, "half": [secret[:9] + secret[9:]], secret: "a key",
        "base64": base64.b64encode(b"ab" + secret.encode()).decode(), "quoted": quote_plus(secret),
        "hex": secret.encode().hex(),
    }
'''

AGENTS = """
[agents.keeper]
file = "keeper.py"
[agents.helper]
file = "helper.py"
[agents.failing]
file = "failing.py"
[agents.bare]
description = "The loop alone."
[agents.triage]
file = "helper.py"
"""

KEEPER = f'''
def tried(call):
    try:
        return call()
    except Exception as error:
        return f"{{type(error).__name__}}: {{error}}"

def handle(task):
    seen = "{SEEN}"
    got = [seen, tool.ask(q="what is {{secret:KEY}}?"), tool.leak(how="give")]
    got.append(tool.authorized_action(action="ask", params={{"q": seen}}))
    got += [tried(lambda: tool.leak(how=how)) for how in ("raise", "value")]
    got.append(tried(lambda: tool.broken()))
    said = str(got)
    print(said)
    memory.store("got", said)
    memory.store("again", seen + str(memory.recall("plain", mode="text")))
    channel.send(said)
    got.append(llm_query(said))
    got += batch_llm_query([said, seen])
    got.append(tried(lambda: rlm_query("Use the tool.", said)))
    state.checkpoint()
    got.append(channel.ask(said[:3000]))
    got.append(tried(lambda: agent.call("helper", said)))
    got.append(tried(lambda: agent.call("failing", said)))
    agent.notify("failing", said)
    return got
'''

HELPER = """
def handle(task):
    return [task["input"], tool.leak(how="give"), tool.ask(q=task["input"][:500])]
"""

FAILING = """
def handle(task):
    raise RuntimeError(task["input"][:2000] + str(tool.leak(how="give")))
"""

LOOP = f"""got = ["{SEEN}", tool.ask(q="loop"), tool.leak(how="give")]
print(got)
try:
    tool.leak(how="raise")
except Exception as error:
    print(error)
tool.leak(how="value")"""


@dataclass
class Echo:
    """A server that answers with what it was sent."""

    url: str = ""
    received: list[str] = field(default_factory=list)


@contextmanager
def echoing() -> Iterator[Echo]:
    """It runs."""
    echo = Echo()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            sent = json.dumps([self.path, dict(self.headers), body], ensure_ascii=False)
            echo.received.append(sent)
            raw = "".join([sent, base64.b64encode(sent.encode()).decode(), quote(self.path), quote(body)]).encode()
            self.send_response(500 if "broken" in self.path else 200)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        echo.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield echo
        server.shutdown()


def reply(request: FakeRequest) -> str:
    """Loops get code that uses the tools, then a final; everything else is said again."""
    messages = request.body["messages"]
    if messages[0]["role"] != "system":
        return f"You said {messages[-1]['content']}"
    steps = sum(message["role"] == "assistant" for message in messages)
    return "```python\n" + (LOOP if not steps else "FINAL(str(got))") + "\n```"


@dataclass
class House:
    """An installation in a folder, and its processes."""

    folder: Path
    environment: Mapping[str, str]
    said: list[str] = field(default_factory=list)
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def config(self) -> Path:
        """The settings' file."""
        return self.folder / "greatwheel.toml"

    def run(self, *arguments: str, stdin: str = "") -> str:
        """A command's output; all it says is kept."""
        done = subprocess.run(
            [sys.executable, "-m", "greatwheel.channels.cli.app", *arguments, "--config", str(self.config)],
            env=self.environment, cwd=self.folder, input=stdin, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        self.said += [done.stdout, done.stderr]
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start_worker(self) -> None:
        """One more worker, whose words go to a file."""
        with (self.folder / f"worker-{len(self.workers)}.log").open("wb") as log:
            command = [sys.executable, "-m", "greatwheel.channels.cli.app", "worker", "--config", str(self.config)]
            self.workers.append(
                subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=log, stderr=log)
            )

    def stop(self) -> None:
        """End all processes."""
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        for worker in self.workers:
            worker.wait(30)


@pytest.fixture
def house() -> Iterator[House]:
    """A fresh installation with an organisation `acme` that has the marked secret."""
    folder = Path(tempfile.mkdtemp(prefix="greatwheel-test-"))
    rest = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "GREATWHEEL_MASTER_KEY")}
    house = House(folder, {**rest, "PYTHONPATH": str(folder)})
    try:
        with echoing() as echo, FakeModelServer(reply) as model:
            _furnish(folder, echo.url, f"{model.openai_url}#fake")
            house.run("orgs", "create", "acme")
            house.run("secrets", "set", "KEY", "--org", "acme", stdin=MARKED)
            yield house
            house.stop()
            assert any(MARKED[:9] in text for text in echo.received)
    finally:
        house.stop()
        embedded.stop(folder / "data" / "postgres")
        shutil.rmtree(folder, ignore_errors=True)


def _furnish(folder: Path, receiver: str, model: str) -> None:
    """Write the settings, the tools and the agents."""
    texts = {
        "tools.toml": TOOLS.format(url=receiver),
        "marked_tools.py": FUNCTIONS,
        "agents.toml": AGENTS,
        "keeper.py": KEEPER,
        "helper.py": HELPER,
        "failing.py": FAILING,
        "greatwheel.toml": SETTINGS.format(folder=folder, model=model),
    }
    for name, text in texts.items():
        (folder / name).write_text(text)


async def test_a_marked_secret_is_found_nowhere(house: House) -> None:
    """After tasks of all kinds, a killed worker and a rotation, no table, dump, file, log or output has the secret."""
    async with opened(load_settings(house.config)) as installation:
        async with installation.database.system() as conn:
            row = await (await conn.execute("select * from list_orgs('acme')")).fetchone()
        assert row is not None
        org = OrgId(row["org_id"])
        house.start_worker()
        tasks = [await _submit(installation, org, agent) for agent in ("keeper", "failing", "bare")]
        await _until_asked(installation, org, tasks[0])
        os.kill(house.workers[0].pid, signal.SIGKILL)
        house.run("secrets", "rotate", "--new-key")
        house.start_worker()
        async with installation.database.org(org) as conn:
            await answer_question(conn, org, installation.tasks, tasks[0], "go on")
        ended = await _until_all_ended(installation, org)
        assert (ended[tasks[0]], ended[tasks[1]], ended[tasks[2]]) == ("done", "failed", "done")
        for command in (("secrets", "list"), ("agents", "list"), ("tasks", "list")):
            await asyncio.to_thread(house.run, *command, "--org", org, "--json")
        dumps = await _dumps(installation, org)
    found = {**tables(house), **dumps, "output": "\n".join(house.said), **files(house)}
    assert [(place, form) for place, text in found.items() for form in forms(MARKED) if form in text] == []
    seeing = {place.split(".")[0] for place, text in found.items() if SEEN in text}
    assert seeing >= {"tasks", "host_calls", "memories", "task_events", "dump", "postgres", "output"}
    assert any("[secret KEY]" in text for text in dumps.values())


async def _submit(installation: Installation, org: OrgId, agent: str) -> TaskId:
    async with installation.database.org(org) as conn:
        row = await (await conn.execute("select user_id from users")).fetchone()
        assert row is not None
        order = SubmitTask(user_id=UserId(row["user_id"]), agent=agent, input=f"Do it: {SEEN}", context=SEEN * 50)
        return (await installation.tasks.submit(conn, order)).task_id


async def _until_asked(installation: Installation, org: OrgId, task: TaskId) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            async with installation.database.org(org) as conn:
                if await open_questions(conn, org, task=task):
                    return
                seen = await installation.tasks.get(conn, task)
            assert seen.status not in ENDED, seen.error
            await asyncio.sleep(0.1)


async def _until_all_ended(installation: Installation, org: OrgId) -> dict[TaskId, str]:
    async with asyncio.timeout(SECONDS):
        while True:
            async with installation.database.org(org) as conn:
                rows = await (await conn.execute("select task_id, status, error from tasks")).fetchall()
            if all(row["status"] in ENDED for row in rows):
                return {row["task_id"]: row["status"] for row in rows}
            await asyncio.sleep(0.1)


async def _dumps(installation: Installation, org: OrgId) -> dict[str, str]:
    """What the sealed dumps and contexts have in them, by their kind."""
    opened_blobs = {}
    async with installation.database.org(org) as conn:
        for row in await (await conn.execute(KEEPING["kept_blobs"], {"org": org})).fetchall():
            raw = await blobs.get(conn, org, row["digest"], sealer=installation.sealer, binding=row["binding"])
            plain = await unpack(raw) if row["binding"].startswith("dump:") else raw
            opened_blobs[f"{row['binding'].partition(':')[0]}.{row['digest'].hex()}"] = plain.decode("latin-1")
    return opened_blobs


def tables(house: House) -> dict[str, str]:
    """Every column of every table, as text and as bytes, for the superuser, whom no policy holds."""
    server = embedded.start(house.folder / "data" / "postgres")
    with psycopg.connect(server.url(), autocommit=True) as conn:
        columns = conn.execute(
            "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'"
        ).fetchall()
        conn.execute("checkpoint")
        return {
            f"{table}.{column}": "\n".join(
                text.decode("latin-1") for (text,) in conn.execute(_cells(table, column, kind)).fetchall()
            )
            for table, column, kind in columns
        }


def _cells(table: str, column: str, kind: str) -> Any:
    bare = f'"{column}"' if kind == "bytea" else f"convert_to(\"{column}\"::text, 'utf8')"
    return f'select {bare} from "{table}" where "{column}" is not null'


def files(house: House) -> dict[str, str]:
    """Every file below the folder, Postgres' own among them."""
    return {
        f"{file.parent.relative_to(house.folder).parts[1] if 'postgres' in file.parts else file.name}.{file}": (
            file.read_bytes().decode("latin-1")
        )
        for file in house.folder.rglob("*")
        if file.is_file()
    }


def forms(secret: str) -> set[str]:
    """What to search for: the secret and recognisable parts of it, as texts and bytes have them."""
    raw = secret.encode()
    shifted = [base64.b64encode(b"x" * before + raw).decode()[4:-4] for before in range(3)]
    spelled = {secret, secret[:9], secret[-9:], json.dumps(secret)[1:-1], quote(secret), quote(secret, safe="")}
    spelled |= {
        quote_plus(secret),
        raw.hex(),
        *shifted,
        *(text.replace("+", "-").replace("/", "_") for text in shifted),
    }
    return {form.encode().decode("latin-1") for form in spelled}
