"""TLS over connections to checked addresses."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from greatwheel.tools.addresses import CheckedBackend, parse_network


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
