"""What agents, models and users write is shown as text, wherever it stands: nothing of it runs."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from .conftest import Visitor
from .serving import Wheel

SCRIPT = (
    '<script>pwned=1</script><img src=x onerror="pwned=1"><svg onload="pwned=1"></svg><iframe src="javascript:pwned=1">'
)
MARK = f"\"'>{SCRIPT}"
MARKDOWN = f"""{MARK}
[press](javascript:pwned=1) [data](data:text/html,<script>pwned=1</script>) [key](/#key=gwk_bad) [hash](#key=gwk_bad)
![picture](http://evil.example/x.png) <http://evil.example/" onclick="pwned=1>

<div onclick="pwned=1" style="position:fixed">raw</div>

```html" onload="pwned=1
{SCRIPT}
```

[^1]: {SCRIPT}
"""
FOUND = """() => [...document.querySelectorAll("#app *, #toasts *, dialog *")].filter((node) =>
  ["IMG", "SCRIPT", "IFRAME", "OBJECT", "EMBED", "STYLE", "BASE", "META", "LINK"].includes(node.tagName)
  || [...node.attributes].some((each) => /^(on|style$)/i.test(each.name) || /^\\s*javascript:/i.test(each.value))
  || (node.tagName === "A" && !/^(#\\/|https?:|mailto:)/.test(node.getAttribute("href") ?? "#/"))
).map((node) => node.outerHTML.slice(0, 200))"""


def check(page: Page) -> None:
    """Nothing ran, and no element stands there that the page did not make."""
    page.wait_for_timeout(300)
    assert page.evaluate("typeof pwned") == "undefined"
    assert page.evaluate(FOUND) == []


def test_everything_in_a_chat_is_text(visitor: Visitor, wheel: Wheel, tmp_path: Path) -> None:
    """Messages, code, output, errors, questions, choices, answers, titles, file names, instructions, agents."""
    wheel.script.say(
        "Try it",
        f"{MARK}\n```python\nprint({MARK!r})\nprint(llm_query({MARK!r}))\n```\n{MARK}",
        f"```python\nraise ValueError({MARK!r})\n```",
        f"```python\ntext = llm_query('the long text')\nchannel.send(text)\n"
        f"a = channel.ask({MARK!r}, choices=[{MARK!r}, 'no'])\nb = channel.ask({MARK!r})\nFINAL(text + b)\n```",
    )
    wheel.script.answer("pwned", MARK)
    wheel.script.answer("the long text", MARKDOWN)
    wheel.agent("loop", description=MARK)
    page = visitor.enter()
    page.get_by_label("Agent", exact=True).select_option("loop")
    page.get_by_role("button", name="Instructions").click()
    page.get_by_label("System prompt").fill(MARK)
    page.get_by_role("button", name="Use", exact=True).click()
    page.locator("input[type=file]").set_input_files(
        {"name": f"{SCRIPT}.txt", "mimeType": "text/plain", "buffer": MARK.encode()}
    )
    expect(page.locator(".attachment")).to_contain_text("characters")
    check(page)
    page.get_by_label("Your message").fill(f"Try it. {MARKDOWN}")
    page.keyboard.press("Enter")
    page.locator(".choices .button").first.click()
    page.locator(".question:not(.closed) textarea").fill(MARK)
    check(page)
    page.get_by_role("button", name="Answer", exact=True).click()
    expect(page.locator(".turn-facts time")).to_have_count(1)
    check(page)
    page.reload()
    page.locator(".work > summary").click()
    expect(page.locator(".step")).to_have_count(3)
    for step in page.locator(".step > summary").all():
        step.click()
    expect(page.locator(".calls li").first).to_contain_text("onerror")
    for more in page.get_by_role("button", name="Show all").all():
        more.click()
    expect(page.locator(".session-list")).to_contain_text("<script>")
    check(page)


def test_what_the_server_says_is_text(visitor: Visitor, wheel: Wheel) -> None:
    """Errors of the API and addresses are shown as text, too."""
    page = visitor.enter()
    page.route(
        "**/api/tasks",
        lambda route: (
            route.fulfill(status=400, json={"error": {"code": MARK, "message": MARK, "retryable": False}})
            if route.request.method == "POST"
            else route.continue_()
        ),
    )
    page.get_by_label("Your message").fill("anything")
    page.keyboard.press("Enter")
    expect(page.locator(".toast")).to_contain_text("onerror")
    check(page)
    page.goto(f"{wheel.url}/#/chat/{MARK}")
    expect(page.get_by_role("alert")).to_be_visible()
    check(page)
    page.goto(f"{wheel.url}/#/{MARK}/{MARK}?{MARK}")
    check(page)


def test_the_policy_stops_what_gets_past_the_page(visitor: Visitor, wheel: Wheel) -> None:
    """Should HTML ever get in: nothing inline runs, and nothing is asked of others."""
    page = visitor.enter()
    page.evaluate("html => { document.getElementById('main').innerHTML = html }", SCRIPT)
    page.wait_for_timeout(300)
    assert page.evaluate("typeof pwned") == "undefined"
    assert page.evaluate("fetch('http://127.0.0.1:9/').catch(e => 'refused')") == "refused"
    blocked = [each for each in visitor.troubles if "Content Security Policy" in each or "http://127.0.0.1:9/" in each]
    assert blocked
    visitor.troubles = [each for each in visitor.troubles if each not in blocked and "/x" not in each]
