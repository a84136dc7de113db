"""Checks of the machine: its Python, its room, its ports."""

from __future__ import annotations

import asyncio
import platform
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx
import psutil

from greatwheel.server.checkup.finding import Finding, fail, ok, sized, warn
from greatwheel.server.settings import Settings

_OLDEST = (3, 11)
_LITTLE_DISK = 1_000_000_000
_NO_DISK = 100_000_000
_PROBE_SECONDS = 2.0


async def python() -> Sequence[Finding]:
    """The interpreter."""
    found = platform.python_version()
    if sys.version_info < _OLDEST:
        return [fail("python", found, "Greatwheel needs Python 3.11 or newer.")]
    return [ok("python", f"{found} on {platform.system()} {platform.machine()}")]


async def disk(settings: Settings) -> Sequence[Finding]:
    """Room where the installation keeps what is its own."""
    folder = nearest(settings.data_folder)
    free = shutil.disk_usage(folder).free
    told = f"{sized(free)} free for {settings.data_folder}"
    remedy = "Make room, or put the data elsewhere: [server] data."
    if free < _NO_DISK:
        return [fail("disk", told, remedy)]
    return [warn("disk", told, remedy) if free < _LITTLE_DISK else ok("disk", told)]


async def memory() -> Sequence[Finding]:
    """Memory that is free; what the model needs is its own check."""
    found = psutil.virtual_memory()
    return [ok("memory", f"{sized(found.available)} of {sized(found.total)} free")]


async def port(settings: Settings, number: int, setting: str, *, needed: bool = True) -> Sequence[Finding]:
    """Whether the server can listen there, or does already; it starts without a port that is not needed."""
    check, host = f"port {number}", settings.server.host
    if number == 0:
        return []  # any that is free, or none
    reason = await asyncio.to_thread(_taken, host, number)
    if reason is None:
        return [ok(check, f"free on {host}")]
    if await _is_ours(number):
        return [ok(check, "a Greatwheel server listens there")]
    tell = fail if needed else warn
    return [tell(check, f"can't be had on {host}: {reason}", f"End what listens there, or set {setting}.")]


def nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.is_dir())


def _taken(host: str, number: int) -> str | None:
    try:
        family, *_, address = socket.getaddrinfo(host, number, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


async def _is_ours(number: int) -> bool:
    async with httpx.AsyncClient(timeout=_PROBE_SECONDS, trust_env=False) as client:
        try:
            answer = await client.get(f"http://127.0.0.1:{number}/health")
            return "dependencies" in answer.json()
        except (httpx.HTTPError, ValueError, TypeError):
            return False
