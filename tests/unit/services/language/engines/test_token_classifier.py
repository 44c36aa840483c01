from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path

import numpy as np
import pytest

from services.language.engines import token_classifier
from services.language.engines.token_classifier import TokenClassifier

MODEL = Path(__file__).resolve().parents[5] / "models/tagger-en/1"


def test_company_changes_nothing() -> None:
    classifier = TokenClassifier.shared(MODEL)
    windows = [["Yours", "sincerely", ","], ["Maria", "Garcia"], ["b"] * 60]
    for window, together in zip(windows, classifier.classify(windows, "pos"), strict=True):
        (alone,) = classifier.classify([window], "pos")
        assert (together == alone).all()


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    classifier = TokenClassifier.shared(MODEL)
    windows = [["Ann", "Lee", "came", str(number)] * (1 + number % 7) for number in range(12)]
    monkeypatch.setattr(token_classifier, "_processors", lambda: 4)
    shared = classifier.classify_heads(windows, ["entity", "pii"])
    monkeypatch.setattr(token_classifier, "_processors", lambda: 1)
    alone = classifier.classify_heads(windows, ["entity", "pii"])
    for one, other in zip(shared, alone, strict=True):
        assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_heads_read_together_say_what_they_say_alone() -> None:
    classifier = TokenClassifier.shared(MODEL)
    windows = [["Ann", "Lee", "lives", "in", "Berlin", "."]]
    ((entity, pii),) = classifier.classify_heads(windows, ["entity", "pii"])
    assert (entity == classifier.classify(windows, "entity")[0]).all()
    assert (pii == classifier.classify(windows, "pii")[0]).all()


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
