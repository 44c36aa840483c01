"""Vectors of voices grouped into speakers: agglomerative clustering, then centroids compared.

Average linkage on cosine similarity makes more groups than there are speakers; groups whose mean vectors are alike are
then put together, as long as any are. How alike two speakers may be depends on how much the quieter one says: the voice
of one speaker strays for a moment, but seldom for a third of the time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
Labels = NDArray[np.intp]

#: Two groups are one speaker above this similarity of their means, if the smaller has this share of the speech or less,
#: and above that one, if it has that share or more; in between, in between.
#: Found on two telephone calls, read speech and spoken digits (bench/recognition.py).
_ALIKE_SMALL, _SMALL = 0.70, 0.15
_ALIKE_LARGE, _LARGE = 0.88, 0.32
#: Means of few windows stray further: the second similarity is this for so many windows, and rises to so many.
_ALIKE_LARGE_OF_FEW, _FEW, _MANY = 0.83, 40, 60
#: A speaker has at least so many windows.
_FEWEST = 2
#: Groups that the first step leaves, over the most speakers there may be.
_SPARE = 8
_REFINEMENTS = 10


def speakers_of(vectors: Vectors, max_speakers: int) -> Vectors:
    """Mean vectors of the speakers, shape (speakers, dimensions), each of length 1.

    ``vectors``: (n, dimensions), each of length 1. Takes n x n memory: give it a sample of long recordings.
    """
    if not len(vectors):
        return vectors
    labels = _average_linkage(vectors, min(len(vectors), max_speakers + _SPARE))
    labels = _refined(vectors, labels)
    while True:
        centres, sizes = _centres(vectors, labels)
        pair = _pair_to_join(centres, sizes, max_speakers)
        if pair is None:
            return centres
        labels[labels == pair[1]] = pair[0]
        labels = _refined(vectors, labels)


def _pair_to_join(centres: Vectors, sizes: NDArray[np.intp], max_speakers: int) -> tuple[int, int] | None:
    """The groups most clearly one speaker, if any are."""
    if len(centres) < 2:
        return None
    similar = centres @ centres.T
    np.fill_diagonal(similar, -1.0)
    smaller = np.minimum(sizes[:, None], sizes[None, :])
    share = smaller / sizes.sum()
    many = min(max((int(sizes.sum()) - _FEW) / (_MANY - _FEW), 0.0), 1.0)
    alike_large = _ALIKE_LARGE_OF_FEW + many * (_ALIKE_LARGE - _ALIKE_LARGE_OF_FEW)
    between = np.clip((share - _SMALL) / (_LARGE - _SMALL), 0.0, 1.0)
    excess = similar - (_ALIKE_SMALL + between * (alike_large - _ALIKE_SMALL))
    # What is too short to be a speaker goes to its nearest in any case.
    excess = np.where(smaller < _FEWEST, 1.0 + similar, excess)
    if len(centres) > max_speakers:
        excess = excess + 2.0
    np.fill_diagonal(excess, -np.inf)
    best = int(np.argmax(excess))
    first, second = divmod(best, len(centres))
    return (first, second) if excess[first, second] > 0.0 else None


def _centres(vectors: Vectors, labels: Labels) -> tuple[Vectors, NDArray[np.intp]]:
    """Means of the groups and their sizes. Labels must be 0, 1, ... without gaps."""
    count = int(labels.max()) + 1
    sums = np.zeros((count, vectors.shape[1]), np.float32)
    np.add.at(sums, labels, vectors)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    return sums / np.maximum(norms, 1e-9), np.bincount(labels, minlength=count)


def _refined(vectors: Vectors, labels: Labels) -> Labels:
    """Each vector with its nearest mean, until nothing moves (Lloyd, on the sphere); labels without gaps."""
    for _ in range(_REFINEMENTS):
        labels = np.unique(labels, return_inverse=True)[1].astype(np.intp)
        centres, _ = _centres(vectors, labels)
        moved = np.argmax(vectors @ centres.T, axis=1)
        if np.array_equal(moved, labels):
            break
        labels = moved
    return np.unique(labels, return_inverse=True)[1].astype(np.intp)


def _average_linkage(vectors: Vectors, groups: int) -> Labels:
    """Agglomerative clustering down to ``groups`` groups (Lance and Williams, 1967)."""
    count = len(vectors)
    similar = (vectors @ vectors.T).astype(np.float64)
    np.fill_diagonal(similar, -np.inf)
    sizes = np.ones(count)
    labels = np.arange(count)
    nearest = similar.argmax(axis=1)
    strength = similar.max(axis=1)
    for _ in range(count - groups):
        one = int(np.argmax(strength))
        other = int(nearest[one])
        joined = (sizes[one] * similar[one] + sizes[other] * similar[other]) / (sizes[one] + sizes[other])
        joined[[one, other]] = -np.inf
        similar[one, :] = similar[:, one] = joined
        similar[other, :] = similar[:, other] = -np.inf
        sizes[one] += sizes[other]
        labels[labels == other] = one
        strength[other] = -np.inf
        # Only rows whose nearest was one of both can have lost it; others may have found a nearer one.
        for row in np.flatnonzero((nearest == one) | (nearest == other)):
            nearest[row] = similar[row].argmax()
            strength[row] = similar[row, nearest[row]]
        nearer = similar[one] > strength
        nearest[nearer], strength[nearer] = one, similar[one][nearer]
        nearest[one] = similar[one].argmax()
        strength[one] = similar[one, nearest[one]]
        strength[other] = -np.inf
    return np.unique(labels, return_inverse=True)[1].astype(np.intp)
