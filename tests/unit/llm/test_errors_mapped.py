"""Every exception of the clients has its error of ours."""

import importlib
from typing import Any

import httpx
import httpx2
import ollama
import pytest

from greatwheel.core.errors import (
    ModelBusy,
    ModelError,
    ModelNotFound,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
)
from greatwheel.llm import ollama as ollama_adapter
from greatwheel.llm import openai as openai_adapter

REQUEST = httpx2.Request("POST", "http://server/v1/chat/completions")

OPENAI_STATUS_ERRORS: dict[str, tuple[int, type[ModelError]]] = {
    "BadRequestError": (400, ModelRefused),
    "AuthenticationError": (401, ModelRefused),
    "OAuthError": (401, ModelRefused),
    "PermissionDeniedError": (403, ModelRefused),
    "NotFoundError": (404, ModelNotFound),
    "ConflictError": (409, ModelRefused),
    "UnprocessableEntityError": (422, ModelRefused),
    "RateLimitError": (429, ModelBusy),
    "InternalServerError": (500, ModelUnavailable),
    "APIStatusError": (418, ModelRefused),
}
OPENAI_OTHER_ERRORS: dict[str, type[ModelError]] = {
    "APIError": ModelUnavailable,
    "APIConnectionError": ModelUnavailable,
    "APITimeoutError": ModelTimeout,
    "APIResponseValidationError": ModelUnavailable,
    "OpenAIError": ModelRefused,
    "LengthFinishReasonError": ModelRefused,
    "ContentFilterFinishReasonError": ModelRefused,
    "InvalidWebhookSignatureError": ModelRefused,
    "SubjectTokenProviderError": ModelRefused,
    "WebSocketConnectionClosedError": ModelRefused,
    "WebSocketQueueFullError": ModelRefused,
}


def exported_exceptions(module: Any) -> dict[str, type[Exception]]:
    """Every exception that the module shows."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Exception) and not issubclass(value, Warning)
    }


def openai_classes() -> dict[str, type[Exception]]:
    """Every exception that the client defines."""
    module = importlib.import_module("openai._exceptions")
    return {name: value for name, value in exported_exceptions(module).items() if value.__module__.startswith("openai")}


def test_the_openai_map_is_complete() -> None:
    """A client version with a new exception fails here until somebody decides what it means."""
    assert set(openai_classes()) == set(OPENAI_STATUS_ERRORS) | set(OPENAI_OTHER_ERRORS)


@pytest.mark.parametrize("name", OPENAI_STATUS_ERRORS)
def test_openai_answers_become_ours(name: str) -> None:
    """An answer with an error status becomes the error of its kind and names the server."""
    status, expected = OPENAI_STATUS_ERRORS[name]
    made: Any = openai_classes()[name]
    response = httpx2.Response(status, request=REQUEST)
    error = made(response=response, body=None) if name == "OAuthError" else made("no", response=response, body=None)
    ours = openai_adapter.model_error(error, "the server", "m")
    assert type(ours) is expected
    assert "the server" in str(ours)


@pytest.mark.parametrize("name", OPENAI_OTHER_ERRORS)
def test_other_openai_exceptions_become_ours(name: str) -> None:
    """Lost connections are unavailable, silence is a timeout, and the rest is refused."""
    made: Any = openai_classes()[name]
    error = made.__new__(made)
    error.message = "no"
    ours = openai_adapter.model_error(error, "the server", "m")
    assert type(ours) is OPENAI_OTHER_ERRORS[name]
    assert "the server" in str(ours)


HTTPX_ERRORS: dict[str, type[ModelError]] = {
    "TimeoutException": ModelTimeout,
    "ConnectTimeout": ModelTimeout,
    "ReadTimeout": ModelTimeout,
    "WriteTimeout": ModelTimeout,
    "PoolTimeout": ModelTimeout,
    "TransportError": ModelUnavailable,
    "NetworkError": ModelUnavailable,
    "ConnectError": ModelUnavailable,
    "ReadError": ModelUnavailable,
    "WriteError": ModelUnavailable,
    "CloseError": ModelUnavailable,
    "ProxyError": ModelUnavailable,
    "ProtocolError": ModelUnavailable,
    "LocalProtocolError": ModelUnavailable,
    "RemoteProtocolError": ModelUnavailable,
    "UnsupportedProtocol": ModelUnavailable,
    "HTTPError": ModelRefused,
    "RequestError": ModelRefused,
    "HTTPStatusError": ModelRefused,
    "DecodingError": ModelRefused,
    "TooManyRedirects": ModelRefused,
    "InvalidURL": ModelRefused,
    "CookieConflict": ModelRefused,
    "StreamError": ModelRefused,
    "StreamConsumed": ModelRefused,
    "StreamClosed": ModelRefused,
    "ResponseNotRead": ModelRefused,
    "RequestNotRead": ModelRefused,
}


def test_the_ollama_map_is_complete() -> None:
    """The client raises its own two exceptions, httpx's, and ConnectionError."""
    assert set(exported_exceptions(httpx)) == set(HTTPX_ERRORS)
    assert set(exported_exceptions(ollama)) == {"RequestError", "ResponseError"}


@pytest.mark.parametrize("name", HTTPX_ERRORS)
def test_httpx_exceptions_become_ours(name: str) -> None:
    """Lost connections are unavailable, silence is a timeout, and the rest is refused."""
    made: Any = exported_exceptions(httpx)[name]
    ours = ollama_adapter.model_error(made.__new__(made, "no"), "the server", "m")
    assert type(ours) is HTTPX_ERRORS[name]
    assert "the server" in str(ours)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ollama.ResponseError("no", 400), ModelRefused),
        (ollama.ResponseError("no", 404), ModelNotFound),
        (ollama.ResponseError("no", 408), ModelTimeout),
        (ollama.ResponseError("no", 429), ModelBusy),
        (ollama.ResponseError("no", 503), ModelUnavailable),
        (ollama.ResponseError("no"), ModelUnavailable),
        (ollama.RequestError("no"), ModelRefused),
        (ConnectionError("no"), ModelUnavailable),
        (ValueError("no"), ModelRefused),
    ],
)
def test_ollama_exceptions_become_ours(error: Exception, expected: type[ModelError]) -> None:
    """Each answer of Ollama becomes the error of its kind and names the server."""
    ours = ollama_adapter.model_error(error, "the server", "m")
    assert type(ours) is expected
    assert "the server" in str(ours)


def test_long_words_of_a_server_become_one_short_line() -> None:
    """A page of HTML or a traceback from a server is cut to a line."""
    ours = ollama_adapter.model_error(ollama.ResponseError("a\nb " * 900, 500), "the server", "m")
    assert "\n" not in str(ours)
    assert len(str(ours)) < 400
