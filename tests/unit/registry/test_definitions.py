"""agents.toml and the bodies of requests."""

from __future__ import annotations

from pathlib import Path

import pytest

from greatwheel.core.errors import BadInput
from greatwheel.registry.agents import Bare, DefineAgent, File, Git, Inline
from greatwheel.registry.definitions import parse_agent, parse_agents, read_agents

FOUR = """
[agents.loop]

[agents.research]
file = "research.py"
description = "Finds answers."
model = "small"
engine = "ouros"
tools = ["web_*", "agent:research"]
denied = ["*delete*"]
budget = { tokens = 5000, seconds = 2.5 }
instructions = "Be brief."

[agents.short]
source = '''
def handle(task):
    return 1
'''

[agents.shared]
git = "https://example.org/agents.git"
path = "shared.py"
revision = "v1"
"""

FAULTS = {
    "[agents.x]\ntols = []": "Agent x: unknown key tols; did you mean tools?",
    "[agents.x]\nzzzz = 1": "Agent x: unknown key zzzz (known: file, source,",
    "[agents.x]\nbudget = { token = 1 }": "Agent x: unknown key budget.token; did you mean tokens?",
    "[agents.x]\nbudget = { tokens = -1 }": "Agent x: budget.tokens: ",
    "[agents.x]\nbudget = { seconds = nan }": "Agent x: budget.seconds: ",
    "[agents.x]\nengine = 'v8'": "Agent x: engine: ",
    "[agents.x]\ntools = 'all'": "Agent x: tools: ",
    "[agents.x]\ntools = ['a b']": "Agent x: tools.0: ",
    "[agents.x]\ndenied = ['tool.delete_*']": "Agent x: denied.0: 'tool.delete_*' is no permission; a tool's is",
    "[agents.x]\nfile = 'a.py'\nsource = 'b'": "Agent x: takes one of file and source",
    "[agents.x]\ngit = 'https://h/r'": "Agent x: git needs path",
    "[agents.x]\npath = 'a.py'": "Agent x: path and revision belong to git",
    "[agents.'a b']": "'a b' can't be an agent's name",
    "[agents]\nx = 1": "Agent x must be a table",
    "agents = 1": "agents must be tables",
    "[agent.x]": "'agent' is not a key of this file",
    "[agents.x\n": "is not TOML: ",
}


def test_each_kind_of_source_is_read() -> None:
    """A table without a source is a bare agent; the others name a file, hold their code or point to a repository."""
    loop, research, short, shared = parse_agents(FOUR)
    assert loop == DefineAgent(name="loop", origin=Bare())
    assert research == DefineAgent(
        name="research",
        origin=File(path="research.py"),
        description="Finds answers.",
        model="small",
        engine="ouros",
        tools=("web_*", "agent:research"),
        denied=("*delete*",),
        budget={"tokens": 5000, "seconds": 2.5},
        instructions="Be brief.",
    )
    assert short.origin == Inline(source="def handle(task):\n    return 1\n")
    assert shared.origin == Git(repository="https://example.org/agents.git", path="shared.py", revision="v1")


@pytest.mark.parametrize(("text", "said"), FAULTS.items(), ids=FAULTS.values())
def test_each_fault_is_one_line(text: str, said: str) -> None:
    """A fault of the file is told in one line: the file, the agent, the key and the nearest known one."""
    with pytest.raises(BadInput) as fault:
        parse_agents(text)
    told = str(fault.value)
    assert told.startswith("agents.toml")
    assert said in told
    assert "\n" not in told


def test_several_faults_of_an_agent_are_told_together() -> None:
    """All faults of one agent come in one message."""
    with pytest.raises(BadInput, match=r"engine: .*; unknown key fle; did you mean file\?"):
        parse_agent("x", {"engine": 1, "fle": "a.py"})


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_a_body_that_is_no_table_is_refused(body: object) -> None:
    """What is no object at all is refused as one."""
    with pytest.raises(BadInput, match="must be a table"):
        parse_agent("x", body)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A missing file and one that is no text are told apart, by name."""
    with pytest.raises(BadInput, match=r"none\.toml can't be read: No such file"):
        read_agents(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match=r"bad\.toml is not text"):
        read_agents(tmp_path / "bad.toml")
