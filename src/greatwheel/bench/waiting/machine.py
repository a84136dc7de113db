"""What processes hold in memory, as the operating system has it."""

from __future__ import annotations

import psutil


def resident(pid: int) -> tuple[int, int]:
    """Bytes in memory of a process, and of all processes below it."""
    process = psutil.Process(pid)
    below = 0
    for child in process.children(recursive=True):
        try:
            below += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return process.memory_info().rss, below
