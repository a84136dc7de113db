"""How many processor cores a model server may keep busy."""

from __future__ import annotations

import math
import os
from pathlib import Path

CPU_FOLDER = Path("/sys/devices/system/cpu")
CGROUP_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(cpu_folder: Path = CPU_FOLDER, cgroup_quota: Path = CGROUP_QUOTA) -> int:
    """Physical cores that this process may use: affinity and the container's quota count, hyper-threads don't."""
    allowed = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    physical = len({_siblings(cpu_folder, cpu) for cpu in allowed})
    return max(1, min(physical, _quota(cgroup_quota)))


def _siblings(cpu_folder: Path, cpu: int) -> str:
    """The CPUs that share a core with this one, as the kernel writes them; itself when it does not say."""
    try:
        return (cpu_folder / f"cpu{cpu}" / "topology" / "thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


def _quota(cgroup_quota: Path) -> int:
    try:
        quota, period = cgroup_quota.read_text().split()
        return math.ceil(int(quota) / int(period))
    except (OSError, ValueError, ZeroDivisionError):
        return 1_000_000
