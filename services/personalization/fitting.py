"""What is tried for a set of interactions: engines with their settings, and how each is fitted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import numpy as np

from services.personalization.engines import ease
from services.personalization.engines.linear import LinearModel
from services.personalization.engines.scorer import Scorer
from services.personalization.engines.sequence import SequenceModel
from services.personalization.interactions import Histories
from services.personalization.tasks import Factorization, ItemFactors, Sequences, TrainedSequences

#: EASE's lambda, and how little active users weigh. The first activity is tried with every lambda, the others with the
#: best of these.
_REGULARIZATIONS = (50.0, 100.0, 200.0, 350.0, 500.0, 1000.0)
_ACTIVITIES = (0.25, 0.0, 0.5)
#: Matrix factorization: implicit's own defaults, but for the factors and for the confidence, which is chosen.
_FACTORS, _ALS_REGULARIZATION, _ITERATIONS = 64, 0.01, 15
_CONFIDENCES = (1.0, 10.0)
_DIMENSION, _LENGTH = 64, 50

Factorize = Callable[[Factorization], Awaitable[ItemFactors]]
TrainSequences = Callable[[Sequences], Awaitable[TrainedSequences]]


@dataclass(frozen=True, slots=True)
class Confidence:
    """A matrix factorization: what an interaction weighs beside the 1 of every other cell."""

    value: float


@dataclass(frozen=True, slots=True)
class Epochs:
    """A sequential model: passes over the data, None = as many as help."""

    count: int | None


Settings = ease.Settings | Confidence | Epochs


@dataclass(frozen=True, slots=True)
class Fit:
    """An engine, and the settings that make the like of it of other interactions."""

    settings: Settings
    engine: Scorer


class Fitter:
    """Fits engines to histories of ``items`` items.

    ``factorize`` and ``train_sequences`` run in environments, and raise ``EngineNotInstalled``.
    """

    def __init__(self, items: int, factorize: Factorize, train_sequences: TrainSequences | None) -> None:
        self._items = items
        self._factorize = factorize
        self._train_sequences = train_sequences

    @property
    def sequential(self) -> bool:
        """Whether sequential models can be trained here."""
        return self._train_sequences is not None

    async def fit(self, histories: Histories, settings: Settings) -> Fit:
        """Train on distinct interactions."""
        codes = histories.items.astype(np.int32)
        match settings:
            case ease.Settings():
                return Fit(settings, await asyncio.to_thread(ease.fit, histories, self._items, settings))
            case Confidence(confidence):
                work = Factorization(
                    histories.offsets, codes, self._items, _FACTORS, _ALS_REGULARIZATION, confidence, _ITERATIONS
                )
                found = await self._factorize(work)
                return Fit(settings, await asyncio.to_thread(_of_factors, found, confidence))
            case Epochs(count):
                assert self._train_sequences is not None
                trained = await self._train_sequences(
                    Sequences(histories.offsets, codes, self._items, _DIMENSION, _LENGTH, count)
                )
                engine = await asyncio.to_thread(SequenceModel, trained.items, trained.positions, trained.encoder)
                return Fit(Epochs(trained.epochs), engine)


def first_settings(small: bool) -> list[Settings]:
    """What is tried first; ``small``: EASE can do it."""
    if small:
        return [ease.Settings(value, _ACTIVITIES[0]) for value in _REGULARIZATIONS]
    return [Confidence(value) for value in _CONFIDENCES]


def further_settings(best: Settings) -> list[Settings]:
    """What is tried beside the best of the first."""
    if isinstance(best, ease.Settings):
        return [replace(best, activity=activity) for activity in _ACTIVITIES[1:]]
    return []


def _of_factors(found: ItemFactors, confidence: float) -> LinearModel:
    factors = np.ascontiguousarray(found.items, np.float32)
    gram = factors.T @ factors + _ALS_REGULARIZATION * np.eye(factors.shape[1], dtype=np.float32)
    return LinearModel("als", factors, factors, gram=gram, confidence=confidence)
