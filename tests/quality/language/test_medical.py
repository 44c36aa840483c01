"""The bars of the medical language service, on data and on notes of our own."""

from __future__ import annotations

import collections
from pathlib import Path

import pytest

from bench.quality import bc5cdr, medical, medical_rules
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


def test_names_and_addresses_in_notes(engine: MedicalEngine) -> None:
    """tagger-en, which learnt no notes, has 83 %."""
    assert medical_rules.measure_people(engine) >= 0.9


def test_times_habits_and_laboratory_names(engine: MedicalEngine) -> None:
    counts: collections.Counter[tuple[str, bool]] = collections.Counter()
    for right, total in (
        medical_rules.measure_times(counts),
        medical_rules.measure_habits(counts),
        medical_rules.measure_laboratory(engine, counts),
    ):
        assert total >= 50
        assert right / total >= 0.9


def test_doses_have_the_right_drug(engine: MedicalEngine) -> None:
    right, total = medical.measure_doses(engine, collections.Counter())
    assert total > 150
    assert right / total >= 0.9
