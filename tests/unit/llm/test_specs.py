"""How model names are read."""

from pathlib import Path

import pytest

from greatwheel.core.errors import BadInput
from greatwheel.llm.specs import (
    AnySpec,
    BareSpec,
    EmbeddedSpec,
    FileSpec,
    OllamaSpec,
    OpenAISpec,
    Spec,
    ollama_host,
    parse_spec,
)

LOCAL = "http://127.0.0.1:11434"
KEY = {"OPENAI_API_KEY": "sk-1"}
OWN = {"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://own:9/v1/"}


@pytest.mark.parametrize(
    ("text", "environment", "expected"),
    [
        (None, {}, AnySpec(host=LOCAL)),
        (None, {"OLLAMA_HOST": "box:1"}, AnySpec(host="http://box:1")),
        ("ollama:qwen3:8b", {}, OllamaSpec(host=LOCAL, name="qwen3:8b")),
        ("embedded:smollm2:135m", {}, EmbeddedSpec(name="smollm2:135m")),
        ("embedded:a/b.gguf", {}, FileSpec(path=Path("a/b.gguf"))),
        ("a/b.gguf", {}, FileSpec(path=Path("a/b.gguf"))),
        ("/models/odd-name", {}, FileSpec(path=Path("/models/odd-name"))),
        ("./odd:name", {}, FileSpec(path=Path("./odd:name"))),
        ("qwen3:8b", {}, BareSpec(name="qwen3:8b", host=LOCAL)),
        (" mistral ", {}, BareSpec(name="mistral", host=LOCAL)),
        ("openai:gpt-5", KEY, OpenAISpec(base_url="https://api.openai.com/v1", name="gpt-5", api_key="sk-1")),
        ("openai:m", OWN, OpenAISpec(base_url="http://own:9/v1", name="m", api_key="sk-1")),
        ("openai:m", {"OPENAI_BASE_URL": "http://own:9/v1"}, OpenAISpec(base_url="http://own:9/v1", name="m")),
        ("http://h:8/v1#m", {}, OpenAISpec(base_url="http://h:8/v1", name="m")),
        ("http://h:8", {}, OpenAISpec(base_url="http://h:8/v1")),
        ("https://h/deep/api/#m", {}, OpenAISpec(base_url="https://h/deep/api", name="m")),
        ("http://own:9/v1#m", OWN, OpenAISpec(base_url="http://own:9/v1", name="m", api_key="sk-1")),
    ],
)
def test_each_form_is_read(text: str | None, environment: dict[str, str], expected: Spec) -> None:
    """Every documented form of a model's name means what it should."""
    assert parse_spec(text, environment) == expected


def test_the_key_goes_only_where_it_belongs() -> None:
    """A key in the environment is not sent to whatever address a user pastes."""
    for environment in (KEY, OWN):
        spec = parse_spec("http://stranger:8/v1#m", environment)
        assert isinstance(spec, OpenAISpec)
        assert spec.api_key is None


def test_the_key_is_not_in_what_is_logged() -> None:
    """Printing a spec does not print its key."""
    assert "sk-1" not in repr(parse_spec("openai:m", OWN))


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        ("", {}),
        ("   ", {}),
        ("ollama:", {}),
        ("embedded:", {}),
        ("openai:", KEY),
        ("openai:gpt-5", {}),
        ("http://", {}),
        ("http://h:notaport/v1#m", {}),
        ("http://[bad", {}),
        ("http://[bad#m", {}),
        (None, {"OLLAMA_HOST": "h:notaport"}),
        (None, {"OLLAMA_HOST": "[bad"}),
    ],
)
def test_nonsense_is_bad_input(text: str | None, environment: dict[str, str]) -> None:
    """What can't be read is refused in one line."""
    with pytest.raises(BadInput) as caught:
        parse_spec(text, environment)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, LOCAL),
        ("", LOCAL),
        ("0.0.0.0", LOCAL),
        ("0.0.0.0:99", "http://127.0.0.1:99"),
        ("[::]:99", "http://[::1]:99"),
        (":99", "http://127.0.0.1:99"),
        ("box", "http://box:11434"),
        ("http://box", "http://box:80"),
        ("https://box", "https://box:443"),
        ("https://box:9/path/", "https://box:9/path"),
        ("[::1]:9", "http://[::1]:9"),
    ],
)
def test_ollama_host_is_read_as_ollama_reads_it(value: str | None, expected: str) -> None:
    """OLLAMA_HOST may lack a scheme, a host or a port, and 'everywhere' is spoken to on loopback."""
    assert ollama_host(value) == expected
