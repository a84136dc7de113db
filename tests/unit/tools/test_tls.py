"""TLS over connections to checked addresses."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from greatwheel.core.errors import InDoubt
from greatwheel.tenancy.redaction import Redactor
from greatwheel.tools import exchange as exchanges
from greatwheel.tools.addresses import CheckedBackend, parse_network
from greatwheel.tools.exchange import Limits, Request


def certificate(folder: Path, host: str) -> Path:
    """A certificate of that host and its key, signed by itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "both.pem"
    file.write_bytes(
        signed.public_bytes(pem) + key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )  # fmt: skip
    return file


async def test_the_certificate_must_be_the_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection goes to an address, and TLS still asks for the certificate of the host's name."""
    file = certificate(tmp_path, "right.example")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine")
        await writer.drain()
        writer.close()

    def look_up(host: str, *rest: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=serving)
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    port = server.sockets[0].getsockname()[1]
    trusting = ssl.create_default_context(cafile=str(file))
    backend = CheckedBackend([parse_network("127.0.0.1")])
    async with server, httpcore2.AsyncConnectionPool(trusting, network_backend=backend) as pool:
        assert (await pool.request("GET", f"https://right.example:{port}/")).content == b"fine"
        with pytest.raises(httpcore2.ConnectError, match=r"wrong\.example"):
            await pool.request("GET", f"https://wrong.example:{port}/")


async def test_an_effect_is_in_doubt_when_its_connection_turns_to_garbage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order had arrived: an error of TLS afterwards is not one of connecting."""
    file = certificate(tmp_path, "right.example")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)

    def spoil(listening: socket.socket) -> None:
        plain, _ = listening.accept()
        with serving.wrap_socket(plain, server_side=True) as secured:
            assert secured.recv(10_000).startswith(b"POST")
            os.write(secured.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))  # a record that is none of the session's
            secured.recv(1)

    monkeypatch.setattr(exchanges, "_tls", lambda: ssl.create_default_context(cafile=str(file)))
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as threads:
        port = listening.getsockname()[1]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: found)
        spoiling = threads.submit(spoil, listening)
        limits = Limits(seconds=5.0, max_bytes=1_000, networks=[parse_network("127.0.0.1")])
        order = Request(method="POST", url=f"https://right.example:{port}/", body=b"{}")
        with pytest.raises(InDoubt):
            await exchanges.exchange("act", "effect", order, limits, Redactor({}))
        await asyncio.wrap_future(spoiling)
