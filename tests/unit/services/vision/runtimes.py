"""A runtime that has some of the vision models and no others."""

from __future__ import annotations

from pathlib import Path

from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime
from tests.vision_models import SERVICE


def runtime_with(folder: Path, models: ModelStore, *ids: str) -> Runtime:
    """``folder`` becomes its data directory; ``models`` is the store that has them all."""
    catalog = Catalog.load([SERVICE])
    (folder / "models").mkdir(parents=True)
    for model_id in ids:
        entry = catalog.get(model_id)
        assert entry is not None, model_id
        (folder / "models" / model_id).symlink_to(models.directory(entry))
    return Runtime(catalog, ModelStore(folder), [Device("cpu", 4 << 30)])
