"""The bars of the medical language service, on data and on notes of our own."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

from bench.quality import bc5cdr, medical
from services.language.engines.tagger import MedicalEngine
from services.language.engines.token_classifier import TokenClassifier

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def engine() -> MedicalEngine:
    return MedicalEngine(TokenClassifier.shared(medical.MODEL))


def test_chemicals_and_diseases(engine: MedicalEngine, shared_directory: Path) -> None:
    """Every fourth sentence. On all of them 86.6 and 75.5 were measured; int8 differs a little between processors."""
    sentences = list(bc5cdr.sentences(shared_directory / "data/text/medical_ner/BC5CDR-IOB/devel.tsv"))[::4]
    scores = medical.entity_scores(engine, sentences)
    assert scores["DRUG"]["f1"] >= 0.84
    assert scores["PROBLEM"]["f1"] >= 0.73


def test_doses_have_the_right_drug(engine: MedicalEngine) -> None:
    right, total = medical.measure_doses(engine, collections.Counter())
    assert total > 150
    assert right / total >= 0.9
