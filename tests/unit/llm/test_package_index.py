"""Finding wheels: which index is asked, and what it may answer."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from greatwheel.core.errors import BadInput, ModelUnavailable
from greatwheel.llm.package_index import PYPI, IndexSettings, find_wheel, index_settings, pip_config_files

MIRROR = "https://mirror/simple"
WHEEL = "acme_part1-0.2.0-py3-none-any.whl"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "pip.conf"


@pytest.mark.parametrize(
    ("environment", "config_text", "urls"),
    [
        ({}, "", (PYPI,)),
        ({"PIP_INDEX_URL": f"{MIRROR}/"}, "", (MIRROR,)),
        ({"UV_DEFAULT_INDEX": MIRROR}, "", (MIRROR,)),
        (
            {"PIP_EXTRA_INDEX_URL": "https://a/simple https://b/simple"},
            "",
            (PYPI, "https://a/simple", "https://b/simple"),
        ),
        ({}, f"[global]\nindex-url = {MIRROR}\n", (MIRROR,)),
        ({}, f"[global]\nindex_url = https://weak\n[download]\nindex-url = {MIRROR}\n", (MIRROR,)),
        ({}, "[global]\nextra-index-url = file:///opt/simple https://b\n", (PYPI, "https://b")),
        ({"PIP_INDEX_URL": MIRROR}, "[global]\nindex-url = https://weak\n", (MIRROR,)),
        ({}, "this is not a configuration file", (PYPI,)),
    ],
)
def test_pips_settings_are_respected(
    environment: dict[str, str], config_text: str, urls: tuple[str, ...], config: Path
) -> None:
    """A machine with a private mirror asks it, as pip and uv do."""
    config.write_text(config_text)
    assert index_settings(environment, [config]).urls == urls


def test_later_files_are_stronger(config: Path, tmp_path: Path) -> None:
    """The user's file wins over the machine's, and the one named in the environment over both."""
    config.write_text(f"[global]\nindex-url = {MIRROR}\n")
    weak = tmp_path / "weak.conf"
    weak.write_text("[global]\nindex-url = https://weak\n")
    assert index_settings({}, [weak, config]).urls == (MIRROR,)
    files = pip_config_files({"PIP_CONFIG_FILE": str(config)}, tmp_path, tmp_path)
    assert files[-1] == config


def test_certificates_come_from_the_environment_or_pip(config: Path) -> None:
    """A private certificate authority is trusted where pip trusts it; a file that is missing is bad input."""
    config.write_text("[global]\ncert = /no/such/file.pem\n")
    assert index_settings({"PIP_CERT": "/a.pem"}, [config]).ca_file == "/a.pem"
    with pytest.raises(BadInput, match=r"/no/such/file\.pem"):
        index_settings({}, [config]).certificates()
    assert IndexSettings().certificates() is True


def find(shelf: Any, *indexes: str) -> Any:
    with httpx.Client() as client:
        settings = IndexSettings(urls=tuple(f"{shelf.url}/{index}" for index in indexes or ("simple",)))
        return find_wheel(client, settings, "acme-part1", "0.2.0")


def test_an_index_in_html_is_read(shelf: Any) -> None:
    """A mirror that knows only HTML is understood, with relative links and hashes in fragments."""
    shelf.files["/simple/acme-part1/"] = (
        f'<a href="../../files/acme_part1-0.1.0-py3-none-any.whl">old</a>'
        f'<a href="../../files/acme_part1-0.2.0.tar.gz">source</a>'
        f'<a href="../../files/{WHEEL}#sha256=abc">new</a><a>none</a>'
    ).encode()
    shelf.types["/simple/acme-part1/"] = "text/html"
    found = find(shelf)
    assert found.url == f"{shelf.url}/files/{WHEEL}"
    assert found.sha256 == "abc"


def test_a_name_may_be_written_in_several_ways(shelf: Any) -> None:
    """Case, dots and dashes in a file's name don't hide it, and a hash may be missing."""
    shelf.files["/simple/acme-part1/"] = b'<a href="/f/Acme_Part1-0.2.0-py3-none-any.whl">new</a>'
    assert find(shelf).sha256 is None


def test_the_next_index_is_asked_when_one_lacks_it(shelf: Any) -> None:
    """Indexes are asked in order; one that answers with an error or without the wheel is passed over."""
    shelf.files["/empty/acme-part1/"] = b"<html></html>"
    shelf.files["/good/acme-part1/"] = f'<a href="/f/{WHEEL}">new</a>'.encode()
    assert find(shelf, "missing", "empty", "good").url.endswith(WHEEL)


def test_a_wheel_that_no_index_has_is_named(shelf: Any) -> None:
    """When indexes answer but lack the version, the message has package and version."""
    shelf.files["/simple/acme-part1/"] = b"<html></html>"
    with pytest.raises(ModelUnavailable, match=r"No package index has acme-part1 0\.2\.0"):
        find(shelf)
    with pytest.raises(httpx.HTTPStatusError):
        find(shelf, "missing")
