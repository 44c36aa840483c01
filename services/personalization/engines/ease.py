"""EASE: a linear autoencoder without a diagonal, in closed form.

Harald Steck: Embarrassingly Shallow Autoencoders for Sparse Data, WWW 2019. With X the users' items (0 or 1),
P = (X'X + lambda I)^-1 and B = I - P / diag(P), a user's scores are x B.

Where users are fewer than items, the same B comes from a matrix of users: by Woodbury's identity
P = (I - X' K X) / lambda with K = (X X' + lambda I)^-1, so B[i, j] = x_i' K x_j / (lambda P[j, j]) for i /= j.

The squared errors of a user with n items may weigh (n / mean n)^-activity in training: who did a hundred
times as much as another tells less about each item. That is X with rows times the root of the weight (weighted least
squares); scores are x B all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.personalization.engines.linear import LinearModel
from services.personalization.engines.scorer import Vectors
from services.personalization.interactions import Histories

#: Items up to which B itself is kept: 144 MB.
MOST_ITEMS = 6_000
#: Users times items up to which the matrix of users is worked with: 160 MB for each of two factors.
MOST_CELLS = 40_000_000
_MOST_USERS = 5_000


@dataclass(frozen=True, slots=True)
class Settings:
    """``regularization``: lambda, above 0; ``activity`` 0..1: 0 = every user weighs the same."""

    regularization: float
    activity: float = 0.0


def fits(users: int, items: int) -> bool:
    """Whether data of this size can be trained on in memory and in a minute or so."""
    return items <= MOST_ITEMS or _by_users(users, items)


def _by_users(users: int, items: int) -> bool:
    return users < items and users <= _MOST_USERS and users * items <= MOST_CELLS


def fit(histories: Histories, items: int, settings: Settings) -> LinearModel:
    """Train on distinct interactions."""
    matrix = np.zeros((histories.users, items), np.float32)
    lengths = np.maximum(np.diff(histories.offsets), 1).astype(np.float64)
    # Beside the mean, so that lambda means about the same whatever the activity.
    weights = (lengths / max(1.0, float(lengths.mean()))) ** -settings.activity
    matrix[histories.owners(), histories.items] = np.sqrt(weights)[histories.owners()]
    if _by_users(histories.users, items):
        return _fit_by_users(matrix, settings.regularization)
    return _fit_by_items(matrix, settings.regularization)


def _fit_by_items(matrix: Vectors, regularization: float) -> LinearModel:
    gram = (matrix.T @ matrix).astype(np.float64)
    gram[np.diag_indices_from(gram)] += regularization
    inverse = np.linalg.inv(gram)
    weights = (-inverse / np.diag(inverse)).astype(np.float32)
    np.fill_diagonal(weights, 0.0)
    return LinearModel("ease", weights)


def _fit_by_users(matrix: Vectors, regularization: float) -> LinearModel:
    gram = (matrix @ matrix.T).astype(np.float64)
    gram[np.diag_indices_from(gram)] += regularization
    inputs = np.linalg.inv(gram).astype(np.float32) @ matrix
    # x_j' K x_j = 1 - lambda P[j, j]
    own = np.einsum("ui,ui->i", matrix, inputs, dtype=np.float64)
    scale = 1.0 - own
    outputs = (matrix / scale).astype(np.float32)
    return LinearModel(
        "ease",
        np.ascontiguousarray(inputs.T),
        np.ascontiguousarray(outputs.T),
        own=(own / scale).astype(np.float32),
    )
