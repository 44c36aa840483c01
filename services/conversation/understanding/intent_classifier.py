"""Which intent a text means, and whether it means any of them.

Multinomial logistic regression over the sentence vector and hashed n-grams, trained by Adam (Kingma and Ba 2015). A bot
has no samples of what it does not understand, so a class of its own stands for "nothing of this": everyday sentences
(``everyday.py``), less those that resemble the bot's own utterances. Where "something" begins is learnt from the bot's
utterances, too: part of them is kept aside, and the threshold is where nearly all of those still pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
T = TypeVar("T")

#: How many of the bot's own held-out utterances may fall under the threshold.
REJECTED = 0.02
#: Bounds of the threshold; the upper one is what Lex proposes for a locale.
HIGHEST_THRESHOLD, LOWEST_THRESHOLD = 0.4, 0.1
#: An everyday sentence this near to an utterance (cosine) may mean its intent, and is no counterexample.
TOO_NEAR = 0.55
NGRAM_WEIGHT = 0.7
_SCALE = 10.0  # of unit rows: what the rate and the penalty below were chosen for
_RATE, _PENALTY, _BATCH = 0.004, 5e-4, 256
_STEPS_AT_LEAST, _EPOCHS = 240, 8
_BETA1, _BETA2, _TINY = 0.9, 0.99, 1e-8
_SEED = 7


@dataclass(frozen=True, slots=True)
class Head:
    """Weights (features, classes) and bias (classes,); the last class is "nothing of this"."""

    weights: Matrix
    bias: Matrix

    def probabilities(self, rows: Matrix) -> Matrix:
        """Softmax over the classes, (rows, classes)."""
        return _softmax(rows @ self.weights + self.bias)


def join(vectors: Matrix, ngrams: Matrix) -> Matrix:
    """The features of texts: sentence vectors and n-grams side by side."""
    return np.hstack([vectors, NGRAM_WEIGHT * ngrams]).astype(np.float32)


def far_enough(background: Matrix, vectors: Matrix) -> npt.NDArray[np.bool_]:
    """Which rows of ``background`` resemble none of ``vectors`` (unit rows)."""
    near = np.zeros(len(background), np.float32)
    for begin in range(0, len(vectors), 4096):
        near = np.maximum(near, (background @ vectors[begin : begin + 4096].T).max(axis=1))
    result: npt.NDArray[np.bool_] = near < TOO_NEAR
    return result


def fit(
    rows: Matrix, labels: Labels, weights: Matrix, classes: int, chosen: Labels | None = None, start: Head | None = None
) -> Head:
    """Train on ``rows`` (n, features) with a class and a weight each.

    ``chosen``: indices of the rows that count, all of them if None; ``start``: where to begin instead of at zero. Two
    threads share the work, each with half of the features; the sums, and so the head, are the same on any machine.
    """
    generator = np.random.default_rng(_SEED)
    chosen = np.arange(len(rows)) if chosen is None else chosen
    labels, weights = labels[chosen], weights[chosen]
    count, features = len(chosen), rows.shape[1]
    head = np.zeros((features, classes), np.float32) if start is None else start.weights / _SCALE
    bias = np.zeros(classes, np.float32) if start is None else start.bias.copy()
    batch = min(_BATCH, count)
    per_epoch = -(-count // batch)
    epochs = max(_EPOCHS if start is None else _EPOCHS // 2, -(-_STEPS_AT_LEAST // per_epoch))
    steps, step = epochs * per_epoch, 0
    middle = features // 2
    one, other = (_Descent(rows[chosen, half], head[half]) for half in (slice(middle), slice(middle, None)))
    with ThreadPoolExecutor(1, "fit") as second:
        for _ in range(epochs):
            order = generator.permutation(count)
            for begin in range(0, count, batch):
                some = order[begin : begin + batch]
                ours, theirs = _both(second, partial(one.logits, some), partial(other.logits, some))
                error = _softmax(ours + theirs + bias)
                error[np.arange(len(some)), labels[some]] -= 1
                error *= weights[some, None] / len(some)
                step += 1
                rate = _RATE * (1 - (step - 1) / steps)
                _both(second, partial(one.step, error, step, rate), partial(other.step, error, step, rate))
                bias -= 5 * rate * error.sum(axis=0) * len(some) / max(1.0, float(weights[some].sum()))
    return Head(head * _SCALE, bias)


def _both(second: ThreadPoolExecutor, one: Callable[[], T], other: Callable[[], T]) -> tuple[T, T]:
    """What two functions return; ``second`` runs the other one, unless no processor was free to begin it."""
    begun = second.submit(other)
    ours = one()
    return ours, other() if begun.cancel() else begun.result()


class _Descent:
    """Adam on the weights of some features: ``rows`` (n, features), which it scales, ``head`` (features, classes),
    which it changes.
    """

    def __init__(self, rows: Matrix, head: Matrix) -> None:
        rows *= _SCALE
        self._rows, self._head = rows, head
        self._first, self._second = np.zeros_like(head), np.zeros_like(head)
        # Arrays that each step writes anew: to ask for memory takes as long as to compute what is put there.
        self._gradient, self._work = np.empty_like(head), np.empty_like(head)
        self._x = rows[:0]

    def logits(self, some: Labels) -> Matrix:
        """What these features add to the logits of some rows."""
        self._x = self._rows[some]
        return self._x @ self._head

    def step(self, error: Matrix, step: int, rate: float) -> None:
        """One step (counted from 1) down the gradient at the rows of the last ``logits``."""
        gradient, work, first, second = self._gradient, self._work, self._first, self._second
        np.matmul(self._x.T, error, out=gradient)
        np.multiply(self._head, _PENALTY, out=work)
        gradient += work
        np.subtract(gradient, first, out=work)
        work *= 1 - _BETA1
        first += work
        np.square(gradient, out=work)
        work -= second
        work *= 1 - _BETA2
        second += work
        np.divide(second, 1 - _BETA2**step, out=work)
        np.sqrt(work, out=work)
        work += _TINY
        np.divide(first, work, out=work)
        work *= rate / (1 - _BETA1**step)
        self._head -= work


def folds_of(labels: Labels, groups: Sequence[int], count: int) -> Labels:
    """A fold (0..count-1) for each row; rows of one group (an utterance's variants) stay together, classes spread."""
    seen: dict[int, dict[int, int]] = {}
    folds = np.zeros(len(labels), np.int64)
    for row, (label, group) in enumerate(zip(labels.tolist(), groups, strict=True)):
        places = seen.setdefault(label, {})
        folds[row] = places.setdefault(group, len(places)) % count
    return folds


def threshold_of(held: Matrix, labels: Labels) -> float:
    """The score that all but ``REJECTED`` of the held-out utterances that are recognised reach.

    ``held``: probabilities (n, classes) of the bot's own utterances, from heads that had not seen them. An utterance
    that is taken for another intent, or that only its own words would have taught, says nothing of the threshold.
    """
    scores = held[:, :-1].max(axis=1)
    right = held.argmax(axis=1) == labels
    if not right.any():
        return LOWEST_THRESHOLD
    return float(np.clip(np.quantile(scores[right], REJECTED), LOWEST_THRESHOLD, HIGHEST_THRESHOLD))


def blended(probabilities: Matrix, told: Matrix) -> Matrix:
    """The mean of the head's probabilities (rows, classes + 1) and a fine-tuned encoder's (rows, classes).

    The encoder has no samples of nothing: how likely that is, the last column, the head alone says.
    """
    nothing = probabilities[:, -1:]
    return np.hstack([(probabilities[:, :-1] + (1 - nothing) * told) / 2, nothing])


def _softmax(logits: Matrix) -> Matrix:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Matrix = (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
    return result
