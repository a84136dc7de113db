"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from greatwheel.llm.cores import usable_cores


def describe_machine() -> str:
    """Processor, cores, memory and Python in one line."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = f"{len(os.sched_getaffinity(0))} CPUs ({usable_cores()} cores in use)"
    return f"{_processor()}, {cores}, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())
