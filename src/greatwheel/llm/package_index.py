"""Finds wheels on the Python package index, or on the mirror that pip or uv is configured for."""

from __future__ import annotations

import configparser
import re
import ssl
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, unquote, urldefrag, urljoin, urlsplit

import httpx

from greatwheel.core.errors import BadInput, ModelUnavailable

PYPI = "https://pypi.org/simple"
ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"


@dataclass(frozen=True, kw_only=True)
class IndexSettings:
    """Which indexes are asked, in order, and which certificates are trusted."""

    urls: tuple[str, ...] = (PYPI,)
    ca_file: str | None = None
    """None: those that httpx takes."""

    def certificates(self) -> ssl.SSLContext | bool:
        """What httpx's `verify` takes.

        Raises:
            BadInput: the file with the certificates can't be read.
        """
        if self.ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise BadInput(
                f"The certificates in {self.ca_file} can't be read; check PIP_CERT or SSL_CERT_FILE."
            ) from error


@dataclass(frozen=True, kw_only=True)
class WheelFile:
    """Where a wheel is."""

    url: str
    sha256: str | None
    """As the index tells it."""


def pip_config_files(environment: Mapping[str, str], home: Path, prefix: Path) -> list[Path]:
    """Where pip looks, the weakest first."""
    files = [Path("/etc/pip.conf"), home / ".pip/pip.conf", home / ".config/pip/pip.conf", prefix / "pip.conf"]
    own = environment.get("PIP_CONFIG_FILE")
    return [*files, Path(own)] if own else files


def index_settings(environment: Mapping[str, str], config_files: Iterable[Path]) -> IndexSettings:
    """What pip's and uv's environment variables say, then pip's configuration files, then the defaults."""
    config = _pip_config(config_files)
    main = _first(environment, "PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL") or config.get("index-url") or PYPI
    extra = _first(environment, "PIP_EXTRA_INDEX_URL", "UV_EXTRA_INDEX_URL") or config.get("extra-index-url") or ""
    urls = [url.rstrip("/") for url in (main, *extra.split()) if urlsplit(url).scheme in ("http", "https")]
    ca_file = _first(environment, "PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE") or config.get("cert")
    return IndexSettings(urls=tuple(urls) or (PYPI,), ca_file=ca_file)


def machine_index_settings(environment: Mapping[str, str]) -> IndexSettings:
    """The settings of this user on this machine."""
    return index_settings(environment, pip_config_files(environment, Path.home(), Path(sys.prefix)))


def find_wheel(client: httpx.Client, settings: IndexSettings, package: str, version: str) -> WheelFile:
    """The wheel of that package and version.

    Raises:
        ModelUnavailable: no index has it.
        httpx.HTTPError: the last index could not be asked.
    """
    problem: httpx.HTTPError | None = None
    for url in settings.urls:
        try:
            response = client.get(f"{url}/{package}/", headers={"accept": ACCEPT})
            response.raise_for_status()
        except httpx.HTTPError as error:
            problem = error
            continue
        for file in _files(response):
            if _is_wheel(file.url, package, version):
                return file
    if problem is not None:
        raise problem
    raise ModelUnavailable(f"No package index has {package} {version}.")


def _files(response: httpx.Response) -> Iterator[WheelFile]:
    base = str(response.url)
    if "json" in response.headers.get("content-type", ""):
        for file in response.json()["files"]:
            yield WheelFile(url=urljoin(base, file["url"]), sha256=file.get("hashes", {}).get("sha256"))
        return
    links = _Links()
    links.feed(response.text)
    for link in links.found:
        url, fragment = urldefrag(urljoin(base, link))
        yield WheelFile(url=url, sha256=parse_qs(fragment).get("sha256", [None])[0])


class _Links(HTMLParser):
    """Collects the targets of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href")
        if tag == "a" and target:
            self.found.append(target)


def _is_wheel(url: str, package: str, version: str) -> bool:
    name = unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    stem = re.sub(r"[-_.]+", "_", package).lower()
    return name.lower().startswith(f"{stem}-{version}-") and name.endswith(".whl")


def _pip_config(files: Iterable[Path]) -> dict[str, str]:
    """pip's options by name; `[download]` is stronger than `[global]`, a later file than an earlier one."""
    options: dict[str, str] = {}
    for file in files:
        parser = configparser.RawConfigParser()
        try:
            parser.read(file, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError):
            continue
        for section in ("global", "download"):
            if parser.has_section(section):
                options |= {name.replace("_", "-"): value for name, value in parser.items(section)}
    return options


def _first(environment: Mapping[str, str], *names: str) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)
