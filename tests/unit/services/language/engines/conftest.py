"""Engines loaded once for the tests, from the models in the repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.models.catalog import Catalog

ROOT = Path(__file__).resolve().parents[5]


@pytest.fixture(scope="session")
def load_engine() -> Callable[[str], Any]:
    """An engine by the id of its catalog entry."""
    catalog = Catalog.load([ROOT / "services/language/catalog.toml"])
    loaded: dict[str, Any] = {}

    def load(model_id: str) -> Any:
        if model_id not in loaded:
            entry = catalog.get(model_id)
            assert entry is not None
            module, _, function = entry.engine.partition(":")
            loader = getattr(__import__(module, fromlist=[function]), function)
            loaded[model_id] = loader(entry, ROOT / (entry.embedded_path or ""), "cpu")
        return loaded[model_id]

    return load
