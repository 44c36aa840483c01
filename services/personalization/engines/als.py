"""Alternating least squares by the library ``implicit``, in its own environment: item factors for large catalogues."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.personalization.tasks import Factorization, ItemFactors
from shared.models.catalog import CatalogEntry

_SEED = 1


class ImplicitEngine:
    """Implements ``Factorizer``."""

    def __init__(self, implicit: Any, sparse: Any) -> None:
        """``implicit``: the module; ``sparse``: scipy.sparse."""
        self._implicit = implicit
        self._sparse = sparse

    def run(self, items: Sequence[Factorization]) -> list[ItemFactors]:
        """Train one model an item."""
        return [self._factorize(item) for item in items]

    def _factorize(self, item: Factorization) -> ItemFactors:
        ones = np.ones(len(item.items), np.float32)
        shape = (len(item.offsets) - 1, item.item_count)
        matrix = self._sparse.csr_matrix((ones, item.items.astype(np.int32), item.offsets.astype(np.int32)), shape)
        model = self._implicit.als.AlternatingLeastSquares(
            factors=item.factors,
            regularization=item.regularization,
            alpha=item.confidence,
            iterations=item.iterations,
            random_state=_SEED,
            use_gpu=False,
        )
        model.fit(matrix, show_progress=False)
        return ItemFactors(np.asarray(model.item_factors, np.float32))

    def close(self) -> None:
        """Nothing is held between two trainings."""


def load(entry: CatalogEntry, directory: Path, device: str) -> ImplicitEngine:
    """Import the library; numpy's threads would get into the way of its own."""
    implicit = importlib.import_module("implicit")
    importlib.import_module("implicit.als")
    importlib.import_module("threadpoolctl").threadpool_limits(1, "blas")
    return ImplicitEngine(implicit, importlib.import_module("scipy.sparse"))
