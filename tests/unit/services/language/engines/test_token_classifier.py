from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest

from services.language.engines.token_classifier import TokenClassifier, _batches
from services.language.wordpieces import Pieces

MODEL = Path(__file__).resolve().parents[5] / "models/tagger-en/1"


def test_batches_keep_their_bound_and_lose_nothing() -> None:
    coded = [Pieces([1] * n, [0] * n, []) for n in (3, 5, 400, 384, 20, 7, 2048, 1)]
    order = sorted(range(len(coded)), key=lambda i: len(coded[i].ids))
    batches = list(_batches(order, coded))
    assert [i for b in batches for i in b] == order
    assert all(len(b) == 1 or len(b) * max(len(coded[i].ids) for i in b) <= 2048 for b in batches)


@pytest.mark.parametrize("head", ["pos", "chunk", "entity", "pii"])
def test_probabilities(head: str) -> None:
    classifier = TokenClassifier.shared(MODEL)
    windows = [["Anna", "lives", "here", "."], [], ["\u4e2d"] * 70, ["1234567890" * 7] * 70]
    answers = classifier.classify(windows, head)
    for window, probabilities in zip(windows, answers, strict=True):
        assert probabilities.shape == (len(window), len(classifier.heads[head]))
        assert np.allclose(probabilities.sum(1), 1, atol=1e-4)


def test_one_folder_is_one_classifier_until_nobody_holds_it(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(MODEL, tmp_path / "model"))
    first = TokenClassifier.shared(folder)
    assert TokenClassifier.shared(tmp_path / "." / "model") is first
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None
