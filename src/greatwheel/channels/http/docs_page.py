"""/docs: the API as a page. Written here, so that no request leaves the machine and no script runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)

STYLE = """:root { color-scheme: light dark; --line: #8884; --dim: #888; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font-family: ui-monospace, monospace; font-size: 0.9em; }
details { border: 1px solid var(--line); border-radius: 6px; margin: 0.4rem 0; padding: 0.4rem 0.8rem; }
summary { cursor: pointer; }
summary b { display: inline-block; min-width: 4.5rem; }
summary span, td span { color: var(--dim); }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid var(--line); padding: 0.3rem 0.6rem 0.3rem 0; vertical-align: top; }
"""


@router.get("/docs")
async def page(request: Request) -> HTMLResponse:
    """The page."""
    return HTMLResponse(render(request.app.openapi()))


@router.get("/docs.css")
async def style() -> Response:
    """Its style: a file, because the page allows nothing inline."""
    return Response(STYLE, media_type="text/css")


def render(description: Mapping[str, Any]) -> str:
    """An OpenAPI description as HTML."""
    schemas = description["components"]["schemas"]
    groups: dict[str, list[str]] = {}
    for path, methods in description["paths"].items():
        for method, route in methods.items():
            groups.setdefault((route.get("tags") or ["other"])[0], []).append(_route(method, path, route))
    parts = [f"<h2>{escape(tag)}</h2>{''.join(routes)}" for tag, routes in groups.items()]
    bodies = "".join(_schema(name, schema) for name, schema in schemas.items())
    info = description["info"]
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{escape(info['title'])}</title><link rel=stylesheet href=/docs.css>"
        f"<h1>{escape(info['title'])} <code>{escape(info['version'])}</code></h1>"
        f"<p>{escape(info.get('description', ''))}</p><p>For programs: <a href=/openapi.json>openapi.json</a></p>"
        f"{''.join(parts)}<h2>Bodies</h2>{bodies}</html>"
    )


def _route(method: str, path: str, route: Mapping[str, Any]) -> str:
    rows = [
        (each["name"], each["in"] + (", required" if each.get("required") else ""), _kind(each["schema"]), _told(each))
        for each in route.get("parameters", ())
    ]
    rows += [("body", "required", kind, "") for kind in _contents(route.get("requestBody", {}))]
    rows += _answers(route["responses"])
    return (
        f"<details><summary><b>{method.upper()}</b> <code>{escape(path)}</code> "
        f"<span>{escape(route['summary'])}</span></summary><p>{escape(_told(route))}</p>{_table(rows)}</details>"
    )


def _answers(responses: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """A row for each kind of answer: most errors have one."""
    kinds: dict[tuple[str, str], list[str]] = {}
    for status, answer in responses.items():
        kinds.setdefault((", ".join(_contents(answer)), _told(answer)), []).append(str(status))
    for (contents, told), statuses in kinds.items():
        yield ", ".join(statuses), "answer", contents, told


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (field, "required" if field in required else "", _kind(facts), _told(facts))
        for field, facts in schema.get("properties", {}).items()
    ]
    return (
        f"<details id={escape(name)}><summary><code>{escape(name)}</code></summary>"
        f"<p>{escape(_told(schema))}</p>{_table(rows)}</details>"
    )


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    lines = "".join(
        f"<tr><td><code>{escape(name)}</code><td><span>{escape(place)}</span><td>{escape(kind)}<td>{escape(told)}"
        for name, place, kind, told in rows
    )
    return f"<table>{lines}</table>"


def _told(facts: Mapping[str, Any]) -> str:
    return str(facts.get("description", ""))


def _contents(facts: Mapping[str, Any]) -> Iterator[str]:
    for media, content in facts.get("content", {}).items():
        yield f"{media}: {_kind(content.get('schema', {}))}"


def _kind(schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("type", "anything"))
