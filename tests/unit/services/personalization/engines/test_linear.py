from __future__ import annotations

import numpy as np
import pytest

from services.personalization.engines import linear
from services.personalization.engines.linear import LinearModel
from services.personalization.engines.scorer import INDEXED_ITEMS, History


def factors(items: int) -> np.ndarray:
    """Vectors in clusters, as those of a trained model are."""
    random = np.random.default_rng(3)
    centres = random.normal(size=(200, 32))
    return (centres[random.integers(0, 200, items)] + 0.4 * random.normal(size=(items, 32))).astype(np.float32)


def test_a_users_vector_solves_the_least_squares_of_the_paper() -> None:
    """Hu, Koren, Volinsky 2008: (Y'CY + lambda I) x = Y'C p, written out with all items."""
    items = factors(50)
    regularization, confidence = 0.3, 7.0
    gram = items.T @ items + regularization * np.eye(32, dtype=np.float32)
    model = LinearModel("als", items, items, gram=gram, confidence=confidence)
    chosen, weights = np.array([4, 9, 30]), np.array([1.0, 0.5, 0.25], np.float32)
    preferred = np.zeros(50)
    preferred[chosen] = weights
    certainty = np.ones(50)
    certainty[chosen] = confidence
    left = items.T @ (certainty[:, None] * items) + regularization * np.eye(32)
    expected = np.linalg.solve(left, items.T @ (certainty * preferred))
    (vector,) = model.vectors([History(chosen, weights)])
    assert vector == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_an_index_finds_nearly_what_scoring_all_finds() -> None:
    items = factors(INDEXED_ITEMS)
    model = LinearModel("als", items, items)
    assert model.indexed
    overlaps = []
    for seed in range(20):
        chosen = np.random.default_rng(seed).integers(0, INDEXED_ITEMS, 5)
        history = History(np.unique(chosen), np.ones(len(np.unique(chosen)), np.float32))
        found = model.candidates(history, 50)
        best = np.argsort(-model.scores([history])[0])[:50]
        overlaps.append(len(set(found.items.tolist()) & set(best.tolist())) / 50)
        assert found.scores == pytest.approx(model.scores_of(history, found.items), rel=1e-3, abs=1e-3)
    assert np.mean(overlaps) > 0.8


def test_long_histories_are_multiplied_in_pieces() -> None:
    rows = np.random.default_rng(2).normal(size=(257, 8)).astype(np.float32)
    for count in (0, 1, 100, 101, 257):
        assert linear._products(rows[:count]) == pytest.approx(rows[:count].T @ rows[:count], rel=1e-4, abs=1e-4)
