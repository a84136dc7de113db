"""Downloads that go on where they stopped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import httpx

from greatwheel.core.errors import ModelRefused

CHUNK = 1 << 20

OnBytes = Callable[[int], None]
"""Called with the number of bytes that the file has so far."""


def download(client: httpx.Client, url: str, target: Path, *, limit: int, on_bytes: OnBytes) -> None:
    """Fetch `url` into `target`, continuing what is there if the server can.

    A broken connection leaves what has come; calling again continues. More than `limit` bytes are refused.

    Raises:
        httpx.HTTPError: the server can't be reached, answers with an error, or breaks off.
        ModelRefused: the file is larger than `limit`.
    """
    have = target.stat().st_size if target.exists() else 0
    headers = {"accept-encoding": "identity"} | ({"range": f"bytes={have}-"} if have else {})
    with client.stream("GET", url, headers=headers) as response:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE and _length(response) == have:
            return
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            target.unlink()
        response.raise_for_status()
        continues = response.status_code == httpx.codes.PARTIAL_CONTENT and _start(response) == have
        _write(response, target, have if continues else 0, limit, on_bytes)


def _write(response: httpx.Response, target: Path, start: int, limit: int, on_bytes: OnBytes) -> None:
    with target.open("r+b" if start else "wb") as file:
        file.seek(start)
        done = start
        for chunk in response.iter_raw():
            done += len(chunk)
            if done > limit:
                raise ModelRefused(f"{response.url.host} sent more than the expected {limit:,} bytes.")
            file.write(chunk)
            on_bytes(done)


def _start(response: httpx.Response) -> int | None:
    match = re.match(r"bytes (\d+)-", response.headers.get("content-range", ""))
    return int(match[1]) if match else None


def _length(response: httpx.Response) -> int | None:
    match = re.match(r"bytes \*/(\d+)", response.headers.get("content-range", ""))
    return int(match[1]) if match else None


def sha256_of(path: Path, on_bytes: OnBytes = lambda done: None) -> str:
    """The file's SHA-256 in hex."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            done += len(chunk)
            on_bytes(done)
    return digest.hexdigest()
