"""Runs git: without a shell, without the machine's settings for git, and ended with all that it started."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass

from greatwheel.core.errors import GitFailed

# No proxy: it would connect for git, to addresses that nobody checked.
_KEPT = ("PATH", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO")
"""Variables of this process that git gets."""
_OWN = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
    "GIT_OPTIONAL_LOCKS": "0",
    "LC_ALL": "C",
}
_SAID = 4_000
"""Bytes of git's messages that are kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GitCommand:
    """The command with what it is told by variables."""

    home: str
    """An empty folder: in the user's own there are passwords (`.netrc`)."""
    variables: Mapping[str, str]
    most: int
    """Bytes of its output that are kept."""

    async def run(self, *arguments: str) -> bytes:
        """What it prints.

        Raises:
            GitFailed: git's own message.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._environment(),
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise GitFailed("The command git is not installed; agents' git sources need it.") from error
        try:
            out, said = await asyncio.gather(_kept(process.stdout, self.most), _kept(process.stderr, _SAID))
            code = await process.wait()
        finally:
            await _ended(process)
        if code != 0:
            raise GitFailed(f"git {_verb(arguments)}: {_message(said)}")
        return out

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
        return {**kept, **_OWN, **self.variables, "HOME": self.home}


async def _kept(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    """The first bytes of a stream that is read to its end."""
    assert stream is not None
    kept = bytearray()
    while piece := await stream.read(65_536):
        kept += piece[: limit - len(kept)]
    return bytes(kept)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End git and what it started; what has ended already is left alone."""
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _verb(arguments: tuple[str, ...]) -> str:
    return arguments[2] if arguments[0] == "-C" else arguments[0]


def _message(said: bytes) -> str:
    """The line of git's output that says what is wrong, fit for a terminal."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    faults = [line for line in lines if line.startswith(("fatal:", "error:"))] or lines or ["it failed"]
    shown = "".join(char if char.isprintable() else "?" for char in faults[0])
    return shown.removeprefix("fatal: ").removeprefix("error: ")[:500]
