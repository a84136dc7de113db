"""The settings' file and variables."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path

import pytest

from greatwheel.core.budgets import Budget
from greatwheel.core.errors import BadInput
from greatwheel.sandbox.port import Limits
from greatwheel.server.offer import offer_of
from greatwheel.server.settings import Settings, load_settings, usual_data_folder

SHOWN = Path(__file__).parents[3] / "config" / "greatwheel.toml"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment without settings, and a folder without a file."""
    for name in [name for name in os.environ if name.startswith("GREATWHEEL_") or name == "DATABASE_URL"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def write(folder: Path, text: str) -> Path:
    """A settings file."""
    file = folder / "some.toml"
    file.write_text(text)
    return file


def test_the_file_that_comes_with_greatwheel_shows_all_defaults() -> None:
    """config/greatwheel.toml has every setting, and its default value."""
    assert tomllib.loads(SHOWN.read_text()) == Settings().model_dump(mode="json")


def test_no_file_is_needed() -> None:
    """Without a file the defaults hold; the sandbox's and the budget's are those of their own parts."""
    settings = load_settings()
    assert settings.sandbox.limits == Limits()
    assert settings.limits.budget == Budget()
    assert settings.key_file == usual_data_folder(os.environ) / "master.key"


def test_a_file_changes_what_it_names(tmp_path: Path) -> None:
    """What the file names is changed, the rest stays; relative paths count from the file's folder."""
    (tmp_path / "etc").mkdir()
    settings = load_settings(write(tmp_path / "etc", '[server]\nport = 9000\ndata = "here"\n[limits]\nsteps = 3'))
    assert (settings.server.port, settings.server.host, settings.limits.budget.steps) == (9000, "127.0.0.1", 3)
    assert settings.data_folder == tmp_path / "etc" / "here"
    assert settings.key_file == tmp_path / "etc" / "here" / "master.key"


def test_a_file_is_found_by_its_variable_or_its_usual_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """config/greatwheel.toml in the working folder is read, and GREATWHEEL_CONFIG goes before it."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "greatwheel.toml").write_text("[server]\nport = 1")
    assert load_settings().server.port == 1
    monkeypatch.setenv("GREATWHEEL_CONFIG", str(write(tmp_path, "[server]\nport = 2")))
    assert load_settings().server.port == 2


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A variable sets one key, and leaves the file's others in the same section."""
    file = write(tmp_path, '[server]\nport = 9000\nhost = "0.0.0.0"')
    monkeypatch.setenv("GREATWHEEL_SERVER__PORT", "9001")
    settings = load_settings(file)
    assert (settings.server.port, settings.server.host) == (9001, "0.0.0.0")


def test_database_url_has_its_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """DATABASE_URL goes before the file, and GREATWHEEL_DATABASE__URL before it."""
    file = write(tmp_path, '[database]\nurl = "postgresql://file"\npool_max = 3')
    monkeypatch.setenv("DATABASE_URL", "postgresql://usual")
    settings = load_settings(file)
    assert (settings.database.url, settings.database.size.most) == ("postgresql://usual", 3)
    monkeypatch.setenv("GREATWHEEL_DATABASE__URL", "postgresql://own")
    assert load_settings(file).database.url == "postgresql://own"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[server]\nprot = 1", "there is no setting server.prot; the nearest is server.port."),
        ("[servr]\nport = 1", "there is no setting servr; the nearest is server."),
        ("[server]\npool_max = 1", "there is no setting server.pool_max; the nearest is database.pool_max."),
        ("port = 1", "there is no setting port; the nearest is server.port."),
        ("[server]\nport = 70000", "server.port: Input should be less than or equal to 65535."),
        ("[limits]\nseconds = inf", "limits.seconds: Input should be a finite number."),
        (
            "[llm.prices.some]\npromt = 1",
            "there is no setting llm.prices.some.promt; the nearest is llm.prices.some.prompt.",
        ),
        ("server = 3", "server: Input should be a valid dictionary"),
        ("[server\n", "is no TOML: "),
    ],
)
def test_a_fault_of_the_file_is_one_clear_line(tmp_path: Path, text: str, line: str) -> None:
    """The error names the file, the key and the fault, and the nearest key when there is no such."""
    file = write(tmp_path, text)
    with pytest.raises(BadInput) as refused:
        load_settings(file)
    message = str(refused.value)
    assert line in message
    assert str(file) in message
    assert len(message.splitlines()) == 1


def test_each_fault_has_its_line(tmp_path: Path) -> None:
    """Two faults give two lines."""
    with pytest.raises(BadInput) as refused:
        load_settings(write(tmp_path, "[server]\nport = -1\nhosst = 'x'"))
    assert len(str(refused.value).splitlines()) == 2


@pytest.mark.parametrize("name", ["GREATWHEEL_SERVER__PROT", "GREATWHEEL_SERVR__PORT", "GREATWHEEL_SERVER__PORT__X"])
def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A variable that names no setting is refused with the nearest one that does."""
    monkeypatch.setenv(name, "1")
    with pytest.raises(BadInput, match=f"no setting {name}; the nearest is GREATWHEEL_SERVER__PORT"):
        load_settings()


def test_a_variables_fault_names_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A value that can't be used is reported where it was given, and is not repeated: it may be a secret."""
    monkeypatch.setenv("GREATWHEEL_SERVER__PORT", "s3cret")
    with pytest.raises(BadInput, match=r"^GREATWHEEL_SERVER__PORT: ") as refused:
        load_settings(write(tmp_path, ""))
    assert "s3cret" not in str(refused.value)


def test_a_variable_for_a_whole_section_must_be_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """A section's variable that is no JSON is refused in one line that names the section."""
    monkeypatch.setenv("GREATWHEEL_SERVER", "nonsense")
    with pytest.raises(BadInput, match='"server"'):
        load_settings()


def test_variables_of_container_platforms_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables that a platform makes for a service of that name are not taken for settings."""
    monkeypatch.setenv("GREATWHEEL_SERVER_PORT", "tcp://10.0.0.1:80")
    monkeypatch.setenv("GREATWHEEL_PORT", "tcp://10.0.0.1:80")
    assert load_settings().server.port == 8080


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that is asked for and is not there is an error."""
    with pytest.raises(BadInput, match=r"absent\.toml can't be read"):
        load_settings(tmp_path / "absent.toml")


def test_a_database_password_shows_in_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings' representation has no password."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:s3cret@host/db")
    assert "s3cret" not in repr(load_settings())


def test_the_model_servers_places_go_before_the_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's place in the settings replaces the usual variable's."""
    monkeypatch.setenv("GREATWHEEL_LLM__OLLAMA_URL", "http://one")
    environment = load_settings().llm.environment({"OLLAMA_HOST": "http://two", "OPENAI_BASE_URL": "http://three"})
    assert environment == {"OLLAMA_HOST": "http://one", "OPENAI_BASE_URL": "http://three"}


def test_models_have_prices(tmp_path: Path) -> None:
    """A price is per million tokens and found by the model's name, wherever the model is; negative ones are refused."""
    chosen = load_settings(write(tmp_path, '[llm.prices]\n"gpt-x" = { prompt = 2, completion = 8.5 }')).llm
    offer = offer_of(chosen, {})
    for name in ("gpt-x", "openai:gpt-x", "https://models.example/v1#gpt-x"):
        price = offer.price(name)
        assert price is not None, name
        assert price.of(1_000_000, 2_000_000) == 19
    assert offer.price("other:gpt-x") is None
    with pytest.raises(BadInput, match=r"llm\.prices\.x\.prompt"):
        load_settings(write(tmp_path, "[llm.prices]\nx = { prompt = -1 }"))
