from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.personalization.engines import ease
from services.personalization.engines.linear import LinearModel
from services.personalization.engines.scorer import History
from services.personalization.interactions import Histories


def histories_of(matrix: np.ndarray) -> Histories:
    """Users' items of a matrix of zeros and ones."""
    offsets = np.concatenate([[0], np.cumsum(matrix.sum(axis=1))]).astype(np.int64)
    items = np.nonzero(matrix)[1].astype(np.int64)
    return Histories(offsets, items, np.zeros(len(items), np.int64), np.zeros(len(items)))


def reference(matrix: np.ndarray, settings: ease.Settings) -> np.ndarray:
    """B as the paper writes it (Steck 2019, equation 8), in double precision, with weights of users."""
    lengths = np.maximum(matrix.sum(axis=1), 1.0)
    weighted = matrix * ((lengths / max(1.0, lengths.mean())) ** -settings.activity)[:, None]
    inverse = np.linalg.inv(weighted.T @ matrix + settings.regularization * np.eye(matrix.shape[1]))
    weights: np.ndarray = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def scores(model: LinearModel, items: list[int], weights: list[float]) -> np.ndarray:
    found: np.ndarray = model.scores([History(np.array(items), np.array(weights, np.float32))])[0]
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([(5, 12), (12, 5), (8, 8)]),
    st.builds(ease.Settings, st.sampled_from([0.5, 5.0, 50.0]), st.sampled_from([0.0, 0.25, 1.0])),
)
def test_both_ways_give_the_papers_matrix(seed: int, shape: tuple[int, int], chosen_settings: ease.Settings) -> None:
    random = np.random.default_rng(seed)
    matrix = (random.random(shape) < 0.4).astype(np.float64)
    model = ease.fit(histories_of(matrix.astype(np.int64)), shape[1], chosen_settings)
    expected = reference(matrix, chosen_settings)
    chosen = random.permutation(shape[1])[:3]
    weights = random.random(3)
    found = scores(model, chosen.tolist(), weights.tolist())
    assert found == pytest.approx(weights @ expected[chosen], abs=1e-4)
    some = random.permutation(shape[1])[:4]
    assert model.scores_of(History(chosen, weights.astype(np.float32)), some) == pytest.approx(found[some], abs=1e-5)


def test_the_smaller_side_is_worked_with() -> None:
    matrix = (np.random.default_rng(1).random((4, 30)) < 0.3).astype(np.int64)
    assert ease.fit(histories_of(matrix), 30, ease.Settings(1.0)).outputs is not None
    assert ease.fit(histories_of(matrix.T.copy()), 4, ease.Settings(1.0)).outputs is None


def test_candidates_are_the_best_in_order() -> None:
    matrix = (np.random.default_rng(2).random((40, 25)) < 0.3).astype(np.int64)
    model = ease.fit(histories_of(matrix), 25, ease.Settings(5.0))
    history = History(np.array([3, 7]), np.ones(2, np.float32))
    found = model.candidates(history, 6)
    every = model.scores([history])[0]
    assert found.items.tolist() == np.argsort(-every)[:6].tolist()
    assert found.scores == pytest.approx(every[found.items])
    again = LinearModel.of_arrays(model.engine, model.arrays())
    assert again.candidates(history, 6).items.tolist() == found.items.tolist()


def test_what_fits() -> None:
    assert ease.fits(10_000_000, ease.MOST_ITEMS)
    assert ease.fits(600, 10_000)
    assert not ease.fits(100_000, 100_000)
