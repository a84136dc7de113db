"""The console's files and its Markdown."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from greatwheel.channels.console import router
from greatwheel.channels.console.markdown import MOST_CHARS, to_html
from greatwheel.channels.console.router import FOLDER


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who asks for the console's files."""
    app = FastAPI()
    app.include_router(router)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://wheel") as client:
        yield client


async def test_the_page_and_its_files_are_served(client: httpx.AsyncClient) -> None:
    """Each file has its type, and is asked for again by its ETag."""
    for path, kind in (
        ("/", "text/html; charset=utf-8"),
        ("/console/static/main.js", "text/javascript; charset=utf-8"),
        ("/console/static/chat/turn.js", "text/javascript; charset=utf-8"),
        ("/console/static/console.css", "text/css; charset=utf-8"),
        ("/console/static/icon.svg", "image/svg+xml"),
    ):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, kind)
        assert answer.headers["cache-control"] == "no-cache"
        again = await client.get(path, headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert (await client.head(path)).status_code == 200


@pytest.mark.parametrize(
    "path",
    ["../router.py", "%2e%2e/router.py", "..%2frouter.py", "missing.js", "chat", "", "/etc/hosts", "..%5crouter.py"],
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, path: str) -> None:
    """What is no file of the page is not there, however it is asked for."""
    assert (await client.get(f"/console/static/{path}")).status_code == 404


def test_the_page_has_nothing_inline() -> None:
    """No script, style or handler stands in the page itself, and nothing comes from elsewhere."""
    text = (FOLDER / "index.html").read_text()
    assert "<style" not in text
    assert " style=" not in text
    assert "http" not in text
    assert text.count("<script") == text.count("<script src=") + text.count('<script type="module" src=')


def test_scripts_make_no_html_of_text() -> None:
    """Only Markdown from the server becomes HTML, at one place."""
    places = [
        path.name for path in sorted(FOLDER.rglob("*.js")) for line in path.read_text().splitlines() if _raw(line)
    ]
    assert places == ["ui.js"]


def _raw(line: str) -> bool:
    return any(each in line for each in (".innerHTML =", "outerHTML", "insertAdjacentHTML", "document.write", "eval("))


def test_what_the_page_names_is_there() -> None:
    """Each file that the page asks for exists."""
    named = re.findall(r'(?:href|src)="/console/static/([^"]+)"', (FOLDER / "index.html").read_text())
    assert len(named) > 10
    assert [name for name in named if not (FOLDER / name).is_file()] == []


def test_every_import_is_there() -> None:
    """No module asks for a file that is not there."""
    for path in FOLDER.rglob("*.js"):
        for line in path.read_text().splitlines():
            if line.startswith("import ") and ' from "' in line:
                named = line.rsplit('"', 2)[1]
                assert (path.parent / Path(named)).is_file(), (path.name, named)


async def test_markdown_is_rendered(client: httpx.AsyncClient) -> None:
    """Markdown comes back as HTML; what is too long is cut, and said to be."""
    answer = await client.post("/console/markdown", json={"text": "a **b**"})
    assert answer.json() == {"html": "<p>a <strong>b</strong></p>\n", "cut": False}
    answer = await client.post("/console/markdown", json={"text": "a" * (MOST_CHARS + 1)})
    assert answer.json() == {"html": f"<p>{'a' * MOST_CHARS}</p>\n", "cut": True}


def test_markdown_has_tables_lists_and_code() -> None:
    """What models like to write; headings stand below the page's own, alignment needs no style."""
    html = to_html("# A\n\n| x | y |\n|---|--:|\n| 1 | 2 |\n\n3. c\n\n```python\n1 < 2\n```\n\n~~d~~")
    for part in (
        "<h3>A</h3>",
        '<td align="right">2</td>',
        '<ol start="3">',
        "<pre><code>1 &lt; 2\n</code></pre>",
        "<s>d</s>",
    ):
        assert part in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>x</script>",
        '<img src=x onerror="x">',
        "[a](javascript:x)",
        "[a](JaVaScRiPt:x)",
        "[a](data:text/html,x)",
        "[a](vbscript:x)",
        "<javascript:x>",
        "[a](/#key=gwk_x)",
        "[a](#key=gwk_x)",
        "[a](//evil.example)",
        "![a](/api/tasks)",
        '[a](http://b "x\\" onclick=\\"y")',
        "```x onload=y\nz\n```",
        '<http://a/" onclick="b>',
    ],
)
def test_markdown_can_do_nothing(text: str) -> None:
    """No elements, addresses or handlers that act, no pictures, no links into the console."""
    read = Reader()
    read.feed(to_html(text))
    assert {tag for tag, _ in read.found} <= {"p", "a", "pre", "code"}
    for _, attributes in read.found:
        assert set(attributes) <= {"href", "title", "target", "rel"}
        assert (attributes.get("href") or "http://").startswith("http://")


class Reader(HTMLParser):
    """The elements of a text, as a browser would make them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """See HTMLParser."""
        self.found.append((tag, dict(attrs)))


def test_links_tell_nobody_where_they_come_from() -> None:
    """A link opens a tab of its own, which can't reach back."""
    html = to_html("[a](https://example.org)")
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


@pytest.mark.parametrize("piece", ["[", "*a ", ">", "[a](b", "`a``", "- ", "|", "![[]()", "<"])
def test_hostile_markdown_takes_its_time_once(piece: str) -> None:
    """The time grows with the length and no faster."""
    short, long = (_seconds(piece * (chars // len(piece))) for chars in (10_000, 40_000))
    assert long < max(0.5, short * 12)


def _seconds(text: str) -> float:
    """Of the processor: the best of three, since others use the machine, too."""

    def once() -> float:
        begin = time.process_time()
        to_html(text)
        return time.process_time() - begin

    return min(once() for _ in range(3))
