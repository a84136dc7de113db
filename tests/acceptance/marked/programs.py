"""What an installation under search runs: its settings, its tools, its agents, and what the model says."""

from __future__ import annotations

from greatwheel.testing.server_formats import FakeRequest

SEEN = "plainword-c83b1f"
"""No secret; the agents pass it on beside what they get."""

SETTINGS = """
[server]
data = "{folder}/data"
port = 0
websocket_port = 0
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
[webhooks]
networks = ["127.0.0.1/32"]
backoff_seconds = 0.2
[slack]
url = "{receiver}/api/"
"""

TOOLS = """
networks = ["127.0.0.1/32"]
tenant_networks = ["127.0.0.1/32"]

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
    got += [tried(call) for call in (lambda: tool.desk_seen(), lambda: tool.desk_fail(), lambda: tool.desk_refuse())]
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
    channel.send(task["input"])  # whatever a crash does to the tools
    got = [task["input"], tool.leak(how="give"), tool.ask(q=task["input"][:500])]
    channel.send(str(got))
    return [*got, tool.desk_seen()]
"""

FAILING = """
def handle(task):
    raise RuntimeError(task["input"][:2000] + str(tool.leak(how="give")) + tool.desk_seen())
"""

LOOP = f"""got = ["{SEEN}", tool.ask(q="loop"), tool.leak(how="give"), tool.desk_seen()]
print(got)
try:
    tool.leak(how="raise")
except Exception as error:
    print(error)
tool.leak(how="value")"""


def reply(request: FakeRequest) -> str:
    """Loops get code that uses the tools, then a final; everything else is said again."""
    messages = request.body["messages"]
    if messages[0]["role"] != "system":
        return f"You said {messages[-1]['content']}"
    steps = sum(message["role"] == "assistant" for message in messages)
    return "```python\n" + (LOOP if not steps else "FINAL(str(got)[:150])") + "\n```"
