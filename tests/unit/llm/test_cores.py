"""How many cores a model may keep busy."""

import os
from pathlib import Path

import pytest

from greatwheel.llm.cores import usable_cores

FOUR = {0, 1, 2, 3}


@pytest.fixture(autouse=True)
def four_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process may run on four CPUs."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: FOUR)


def siblings(folder: Path, lists: list[str]) -> Path:
    for cpu, text in enumerate(lists):
        (folder / f"cpu{cpu}/topology").mkdir(parents=True)
        (folder / f"cpu{cpu}/topology/thread_siblings_list").write_text(f"{text}\n")
    return folder


def test_hyper_threads_count_once(tmp_path: Path) -> None:
    """Two hardware threads of a core are one core."""
    assert usable_cores(siblings(tmp_path, ["0,2", "1,3", "0,2", "1,3"]), tmp_path / "none") == 2


def test_unknown_topology_counts_cpus(tmp_path: Path) -> None:
    """Where the kernel does not tell about siblings, every CPU counts."""
    assert usable_cores(tmp_path, tmp_path / "none") == 4


@pytest.mark.parametrize(
    ("quota", "cores"), [("max 100000", 4), ("150000 100000", 2), ("50000 100000", 1), ("900000 100000", 4), ("x", 4)]
)
def test_a_containers_quota_counts(quota: str, cores: int, tmp_path: Path) -> None:
    """A container that may use one and a half CPUs gets two threads, whatever the machine has."""
    (tmp_path / "cpu.max").write_text(quota)
    assert usable_cores(tmp_path, tmp_path / "cpu.max") == cores
