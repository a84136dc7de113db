"""`web_search`: the bundled tool, against any server that speaks SearXNG's API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from greatwheel.core.errors import ToolFailed
from greatwheel.tools.addresses import Network
from greatwheel.tools.http import HttpTool, HttpToolSettings
from greatwheel.tools.port import Invocation

_MOST_RESULTS = 20
_SNIPPET_CHARS = 500


class SearchSettings(BaseModel):
    """The `[web_search]` table of the configuration."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    """Of the server, such as `https://searx.example.org`; its settings must offer the format json."""
    headers: dict[str, str] = Field(default_factory=dict)
    """Templates, such as `Bearer {secret:SEARCH_KEY}`."""
    seconds: float = Field(default=20.0, gt=0, le=600)


class WebSearch:
    """Finds pages. Its results are dicts of `title`, `url` and `snippet`, the best first."""

    def __init__(self, settings: SearchSettings, networks: Sequence[Network] = ()) -> None:
        self._request = HttpTool(
            HttpToolSettings(
                name="web_search",
                description="Searches the web. Gives a list of dicts with title, url and snippet, the best first.",
                url=f"{settings.url.rstrip('/')}/search?format=json",
                query={"q": "{query}", "pageno": "{page}", "language": "{language}"},
                headers=settings.headers,
                parameters={
                    "query": {"type": "string", "minLength": 1, "maxLength": 1000},
                    "count": {"type": "integer", "minimum": 1, "maximum": _MOST_RESULTS, "optional": True},
                    "page": {"type": "integer", "minimum": 1, "maximum": 100, "optional": True},
                    "language": {"type": "string", "maxLength": 20, "optional": True},
                },
                seconds=settings.seconds,
                max_response_bytes=2_000_000,
            ),
            networks,
        )
        self.spec = self._request.spec

    async def call(self, invocation: Invocation, arguments: Mapping[str, Any]) -> list[dict[str, str]]:
        """See the port."""
        found = await self._request.call(invocation, arguments)
        results = found.get("results") if isinstance(found, Mapping) else None
        if not isinstance(results, list):
            raise ToolFailed("tool.web_search: the server's answer has no results; is its url a SearXNG server's?")
        return [_result(each) for each in results if isinstance(each, Mapping)][: arguments.get("count", 5)]


def _result(found: Mapping[str, Any]) -> dict[str, str]:
    return {
        "title": str(found.get("title") or ""),
        "url": str(found.get("url") or ""),
        "snippet": str(found.get("content") or "")[:_SNIPPET_CHARS],
    }
