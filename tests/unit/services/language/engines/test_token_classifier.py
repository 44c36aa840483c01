from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest

from services.language.engines.token_classifier import TokenClassifier

MODEL = Path(__file__).resolve().parents[5] / "models/tagger-en/1"


def test_company_changes_nothing() -> None:
    classifier = TokenClassifier.shared(MODEL)
    windows = [["Yours", "sincerely", ","], ["Maria", "Garcia"], ["b"] * 60]
    for window, together in zip(windows, classifier.classify(windows, "pos"), strict=True):
        (alone,) = classifier.classify([window], "pos")
        assert (together == alone).all()


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
