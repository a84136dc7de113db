"""What a loop's model is told of the tools that it may call: a line for each.

Descriptions come from whoever offers a tool, a hostile server perhaps. Each is kept to its line, as a quotation in a
comment, so that it is neither code, nor an instruction, nor the end of a block.
"""

from __future__ import annotations

from collections.abc import Sequence

from greatwheel.runtime import prompts
from greatwheel.runtime.services import ListedTool, ToolList

DESCRIPTION_CHARS = 120
MOST_CHARS = 3_000


def tool_lines(listed: ToolList) -> str:
    """The tools for a prompt; empty without any."""
    if not listed.tools:
        return ""
    lines = [_line(tool) for tool in listed.tools]
    kept = _fitting(lines)
    more = listed.more + len(lines) - len(kept)
    told = [*kept, prompts.MORE_TOOLS.format(count=more)] if more else kept
    return "\n".join([prompts.TOOLS, *told])


def _line(tool: ListedTool) -> str:
    said = _quotable(tool.description)
    return f'{tool.call}  # "{said}"' if said else tool.call


def _fitting(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    left = MOST_CHARS - len(prompts.TOOLS) - len(prompts.MORE_TOOLS)
    for line in lines:
        left -= len(line) + 1
        if left < 0:
            break
        kept.append(line)
    return kept


def _quotable(text: str) -> str:
    """The beginning of a description, in one line without characters that end a quotation or are not seen."""
    seen = "".join(char if char.isprintable() else " " for char in text)  # direction marks and line ends are not
    plain = " ".join(seen.replace('"', "'").replace("`", "'").split())
    return plain if len(plain) <= DESCRIPTION_CHARS else plain[: DESCRIPTION_CHARS - 1] + "…"
