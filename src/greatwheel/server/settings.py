"""The installation's settings: a TOML file, and the environment over it.

An environment variable `GREATWHEEL_SECTION__KEY` sets `key` of `[section]`; `DATABASE_URL` sets the database's url
where `GREATWHEEL_DATABASE__URL` does not. A key that does not exist is refused, with the nearest that does. Variables
without `__` are others' business: container platforms make some for every service.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PrivateAttr, ValidationError
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from greatwheel.core.budgets import Budget
from greatwheel.core.errors import BadInput
from greatwheel.database.database import PoolSize
from greatwheel.sandbox.port import Limits
from greatwheel.server.setting_faults import check_variables, faults
from greatwheel.tools.addresses import Network, parse_network

PREFIX = "GREATWHEEL_"
CONFIG_VARIABLE = "GREATWHEEL_CONFIG"
USUAL_FILE = Path("config/greatwheel.toml")

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Amount = Annotated[float, Field(ge=0, allow_inf_nan=False)]


_LIMITS, _BUDGET = Limits(), Budget()


def _network(text: str) -> str:
    parse_network(text)
    return text


class Section(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class ServerSettings(Section):
    """Where the server listens and keeps its files."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    websocket_port: Annotated[int, Field(ge=0, le=65535)] = 8081
    streams_per_user: Count = 50
    upload_bytes: Count = 2_000_000_000
    data: str = ""


class DatabaseSettings(Section):
    """Which Postgres, and how many connections to it each process keeps."""

    url: str = Field(default="", repr=False)
    pool_min: Annotated[int, Field(ge=0)] = 1
    pool_max: Count = 10
    wait_seconds: Seconds = 15.0

    @property
    def size(self) -> PoolSize:
        """The pool's measure."""
        return PoolSize(least=min(self.pool_min, self.pool_max), most=self.pool_max, wait_seconds=self.wait_seconds)


class PriceSettings(Section):
    """What a model costs, per million tokens."""

    prompt: Amount = 0.0
    completion: Amount = 0.0


class ModelSettings(Section):
    """Which model answers, how much is asked of its server, and what models cost."""

    model: str = ""
    ollama_url: str = ""
    openai_url: str = ""
    concurrency: Annotated[int, Field(ge=0)] = 0
    seconds: Seconds = 600.0
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    prices: dict[str, PriceSettings] = {}

    def environment(self, given: Mapping[str, str]) -> Mapping[str, str]:
        """The environment by which a server is chosen: what is set here goes before what is given."""
        set_here = {"OLLAMA_HOST": self.ollama_url, "OPENAI_BASE_URL": self.openai_url}
        return {**given, **{name: url for name, url in set_here.items() if url}}


class AgentSettings(Section):
    """Where the agents' definitions are."""

    folder: str = ""
    file: str = "agents.toml"
    git_protocols: tuple[Literal["https", "ssh", "file"], ...] = ("https",)
    git_networks: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    git_seconds: Seconds = 60.0
    git_interval_seconds: Seconds = 300.0

    @property
    def allowed(self) -> tuple[Network, ...]:
        """The networks that are not public, and that repositories may be in."""
        return tuple(parse_network(text) for text in self.git_networks)


class ToolSettings(Section):
    """Where the tools are declared."""

    file: str = ""


class SandboxSettings(Section):
    """Which engine runs the agents' code, and what a session may use."""

    engine: Literal["monty", "ouros"] = "monty"
    seconds: Seconds = _LIMITS.seconds
    memory_bytes: Annotated[int, Field(ge=1024 * 1024)] = _LIMITS.memory_bytes
    recursion: Count = _LIMITS.recursion
    output_chars: Count = _LIMITS.output_chars
    host_calls: Count = _LIMITS.host_calls

    @property
    def limits(self) -> Limits:
        """What a session may use."""
        return Limits(**self.model_dump(exclude={"engine"}))


class SessionSettings(Section):
    """Sessions between their tasks."""

    in_memory: Annotated[int, Field(ge=0)] = 64


class SchedulerSettings(Section):
    """How a worker takes tasks, and what becomes of those that fail."""

    concurrency: Count = 16
    heartbeat_seconds: Seconds = 5.0
    stalled_after_seconds: Seconds = 20.0
    max_attempts: Count = 5
    tasks_per_order: Count = 2_000
    backoff_seconds: Seconds = 1.0
    backoff_most_seconds: Seconds = 300.0


class LimitSettings(Section):
    """What a task may use where its agent says nothing; its order may ask for less."""

    tokens: Annotated[int, Field(ge=0)] = _BUDGET.tokens
    model_calls: Annotated[int, Field(ge=0)] = _BUDGET.model_calls
    seconds: Seconds = _BUDGET.seconds
    depth: Annotated[int, Field(ge=0, le=100)] = _BUDGET.depth
    steps: Count = _BUDGET.steps

    @property
    def budget(self) -> Budget:
        """The default budget."""
        return Budget(**self.model_dump())


class SecretSettings(Section):
    """Where the master key is kept."""

    key_file: str = ""


class WebhookSettings(Section):
    """How what happens is delivered to who subscribed to it."""

    networks: tuple[Annotated[str, AfterValidator(_network)], ...] = ()
    concurrency: Count = 16
    seconds: Seconds = 10.0
    attempts: Count = 15
    backoff_seconds: Seconds = 5.0
    backoff_most_seconds: Seconds = 21_600.0

    @property
    def allowed(self) -> tuple[Network, ...]:
        """The networks that are not public, and may be delivered to."""
        return tuple(parse_network(text) for text in self.networks)


class SlackSettings(Section):
    """Where Slack's API is."""

    url: str = "https://slack.com/api/"


class McpSettings(Section):
    """Greatwheel as an MCP server."""

    origins: tuple[str, ...] = ()


class Settings(BaseSettings):
    """All settings. Made by `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, hide_input_in_errors=True
    )

    server: ServerSettings = ServerSettings()
    database: DatabaseSettings = DatabaseSettings()
    llm: ModelSettings = ModelSettings()
    agents: AgentSettings = AgentSettings()
    tools: ToolSettings = ToolSettings()
    sandbox: SandboxSettings = SandboxSettings()
    session: SessionSettings = SessionSettings()
    scheduler: SchedulerSettings = SchedulerSettings()
    limits: LimitSettings = LimitSettings()
    secrets: SecretSettings = SecretSettings()
    webhooks: WebhookSettings = WebhookSettings()
    slack: SlackSettings = SlackSettings()
    mcp: McpSettings = McpSettings()

    _base: Path = PrivateAttr(default_factory=Path.cwd)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then DATABASE_URL, then the file."""
        url = os.environ.get("DATABASE_URL")
        usual = InitSettingsSource(settings_cls, {"database": {"url": url}} if url else {})
        return env_settings, usual, init_settings

    @property
    def data_folder(self) -> Path:
        """Where the installation keeps what is its own."""
        return self.resolve(self.server.data) if self.server.data else usual_data_folder(os.environ)

    @property
    def key_file(self) -> Path:
        """The master key's file."""
        return self.resolve(self.secrets.key_file) if self.secrets.key_file else self.data_folder / "master.key"

    def resolve(self, text: str) -> Path:
        """A path of the settings: a relative one counts from the folder of the file, or from the working folder."""
        return self._base / Path(text).expanduser()


def load_settings(file: Path | None = None) -> Settings:
    """The settings of that file, else of GREATWHEEL_CONFIG's, else of config/greatwheel.toml if it is there.

    Raises:
        BadInput: one line for each fault: the file or the variable, the key, and what is wrong with it.
    """
    check_variables(os.environ, Settings, PREFIX)
    file = file or _named_file()
    try:
        settings = Settings(**(_read(file) if file else {}))
    except ValidationError as error:
        raise BadInput(faults(error, Settings, source=str(file or "settings"), prefix=PREFIX)) from None
    except SettingsError as error:
        raise BadInput(f"A variable of the environment can't be read: {error}.") from None
    if file is not None:
        settings._base = file.absolute().parent
    return settings


def usual_data_folder(environment: Mapping[str, str]) -> Path:
    """Where data is kept when nobody says: the system's place for root, the user's own for others."""
    if os.geteuid() == 0:
        return Path("/var/lib/greatwheel")
    shared = environment.get("XDG_DATA_HOME")
    return (Path(shared) if shared else Path.home() / ".local" / "share") / "greatwheel"


def _named_file() -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    if named:
        return Path(named).expanduser()
    return USUAL_FILE if USUAL_FILE.is_file() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"The settings file {file} can't be read: {error.strerror}.") from error
    except ValueError as error:
        raise BadInput(f"The settings file {file} is no TOML: {error}.") from error
