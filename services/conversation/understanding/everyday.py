"""Everyday English (models/everyday-en): what a bot is not about, for its out-of-scope decision.

Of each sentence only its vector and the hashes of its n-grams are kept.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import numpy.typing as npt

from services.conversation.understanding.ngrams import LETTER_WEIGHT, Hashes
from shared import errors
from shared.models.catalog import REPOSITORY_ROOT

FOLDER = REPOSITORY_ROOT / "models" / "everyday-en" / "1"
#: A sentence whose vector is kept, too: whether the vectors are those of the model in use, and how near is the same.
PROBE, _SAME = "Is there anything else that I should know?", 0.98

Matrix = npt.NDArray[np.float32]


@functools.cache
def hashed() -> tuple[Hashes, ...]:
    """The hashed n-grams of each sentence."""
    with np.load(FOLDER / "ngrams.npz", allow_pickle=False) as archive:
        keys, of_letters, ends = (archive[name].tolist() for name in ("keys", "of_letters", "ends"))
    pairs = [(key, LETTER_WEIGHT if letters else 1.0) for key, letters in zip(keys, of_letters, strict=True)]
    return tuple(pairs[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True))


async def sentence_vectors(vectors: Callable[[Sequence[str]], Awaitable[Matrix]]) -> Matrix:
    """Unit rows of the sentences.

    Raises:
        FailedPrecondition: they are of another model than the one in use.
    """
    kept: Matrix = np.load(FOLDER / "vectors.npy", allow_pickle=False).astype(np.float32)
    kept = (kept / np.linalg.norm(kept, axis=1, keepdims=True)).astype(np.float32)
    (probe,) = await vectors([PROBE])
    if len(probe) != kept.shape[1] or float(probe @ kept[0]) < _SAME:
        raise errors.FailedPrecondition(
            "The model of sentence vectors in use is not the one that models/everyday-en was made with. Make that "
            "folder again with models/recipes/everyday-en, or go back to the model sentence-vectors-en."
        )
    return kept[1:]
