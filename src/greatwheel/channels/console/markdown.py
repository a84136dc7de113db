"""Markdown of models and users as HTML that can do nothing but be read."""

from __future__ import annotations

from collections.abc import Sequence

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

MOST_CHARS = 200_000
_TAGS = frozenset(
    {
        "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong",
        "table", "tbody", "td", "th", "thead", "tr", "ul",
    }
)  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}}
_SCHEMES = {"http", "https", "mailto"}
_HIGHEST = 3
"""An answer's first heading stands below the page's own two."""


def to_html(text: str) -> str:
    """The text's HTML: no scripts, styles, pictures, ids or classes; links only to other pages, in a tab of their own.

    A link into the console itself could carry a key, and log the reader in as somebody else: none is relative.
    """
    parser = MarkdownIt("js-default", {"html": False, "linkify": False, "maxNesting": 20}).disable("image")
    tokens = parser.parse(text[:MOST_CHARS])
    _adapt(tokens)
    return nh3.clean(
        parser.renderer.render(tokens, parser.options, {}),
        tags=set(_TAGS),
        attributes=_ATTRIBUTES,
        url_schemes=_SCHEMES,
        url_relative="deny",
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )


def _adapt(tokens: Sequence[Token]) -> None:
    """Lower the headings, and say a cell's alignment without a style."""
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1:]) + _HIGHEST - 1)}"
        elif token.type in ("td_open", "th_open"):
            style = str(token.attrs.pop("style", ""))
            if style:
                token.attrs["align"] = style.removeprefix("text-align:")
