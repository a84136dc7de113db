"""`greatwheel ask` with a real model over the real source of Python's standard library."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

pytestmark = pytest.mark.model

STDLIB = Path(sysconfig.get_paths()["stdlib"])
COMMAND = [sys.executable, "-m", "greatwheel.channels.cli.app", "ask"]
MODULES = sorted(path for path in STDLIB.glob("*.py") if path.stat().st_size)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The top-level modules of the standard library: some five million characters."""
    folder = tmp_path_factory.mktemp("stdlib")
    for path in MODULES:
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def ask(question: str, corpus: Path, runs: Path) -> subprocess.CompletedProcess[str]:
    """The command, as a process."""
    return subprocess.run(
        [*COMMAND, question, "--file", str(corpus), "--model", "qwen2.5-coder:1.5b"],
        capture_output=True,
        text=True,
        timeout=400,
        env={**os.environ, "GREATWHEEL_RUNS": str(runs)},
        check=False,
    )


def test_a_real_model_counts_over_millions_of_characters(corpus: Path, tmp_path: Path) -> None:
    """A model with a window of 8,192 tokens counts the classes of one module among millions of characters of source."""
    assert sum(path.stat().st_size for path in MODULES) > 1_000_000
    tree = ast.parse((corpus / "argparse.py").read_text())
    classes = sum(isinstance(node, ast.ClassDef) for node in ast.walk(tree))
    done = ask("How many classes are defined in argparse.py?", corpus, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(classes)


def test_a_real_model_finds_where_a_function_stands(corpus: Path, tmp_path: Path) -> None:
    """The model names the file that defines a function, and the run is kept as a trajectory."""
    done = ask("In which file is the function addsitedir defined?", corpus, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "site.py" in done.stdout
    assert list(tmp_path.glob("*.jsonl"))
