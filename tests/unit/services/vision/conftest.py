from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.bindings import load_engine
from tests.vision_models import SERVICE, data_directory


@pytest.fixture(scope="session")
def models() -> ModelStore:
    """Every model of the vision service's catalog, pulled."""
    return ModelStore(data_directory())


@pytest.fixture(scope="session")
def load(models: ModelStore) -> Callable[[str], Any]:
    """The loaded engine of a model, by the model's id; loaded once a run."""
    catalog, loaded = Catalog.load([SERVICE]), dict[str, Any]()

    def get(model_id: str) -> Any:
        if model_id not in loaded:
            entry = catalog.get(model_id)
            assert entry is not None, model_id
            loaded[model_id] = load_engine(entry, models.directory(entry), "cpu")
        return loaded[model_id]

    return get
