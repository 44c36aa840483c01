"""The catalog models of the vision service for tests: pulled once a run, from the mirror or out of their package."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from services.vision import tasks
from shared import errors
from shared.models.catalog import Catalog, CatalogEntry, Tier
from shared.models.store import ModelStore
from tests.conftest import ROOT

SERVICE = ROOT / "services" / "vision" / "catalog.toml"
TASKS = {value for name, value in vars(tasks).items() if name.isupper() and isinstance(value, str)}


def entries() -> list[CatalogEntry]:
    """Models that ``nonet models pull`` brings; those of engine environments are not among them."""
    return [entry for entry in Catalog.load([SERVICE]) if entry.tier is Tier.CATALOG and entry.environment is None]


@functools.cache
def data_directory() -> Path:
    """A data directory that holds them. Skips the test where one cannot be had."""
    mirror = os.environ.get("NONET_MODEL_MIRROR")
    folder = Path(tempfile.mkdtemp(prefix="nonet-vision-models-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    store = ModelStore(folder, Path(mirror) if mirror else None)
    for entry in entries():
        try:
            store.pull(entry)
        except errors.FailedPrecondition as reason:
            pytest.skip(f"the model {entry.id} cannot be fetched here: {reason}")
    return folder


def put_models(target: Path) -> None:
    """Give a data directory of a test the models, as links: they are read only."""
    (target / "models").mkdir(parents=True, exist_ok=True)
    for source in (data_directory() / "models").iterdir():
        shutil.copytree(source, target / "models" / source.name, copy_function=os.link, dirs_exist_ok=True)
