"""Calibration and scores of the clinical tagger, by the service's own engine code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from corpora import Sentence
from medical_corpora import CONCEPT_HEAD, HEADS, labelled
from scores import fit_temperature

from bench.quality import bc5cdr
from bench.quality.medical import entity_scores
from services.language.engines.tagger import MedicalEngine
from services.language.engines.token_classifier import TokenClassifier


def calibrate(out: Path, held: Sequence[bc5cdr.Annotated], phi: Sequence[Sentence] = ()) -> None:
    """Write ``heads.json`` with the temperatures that fit held-out sentences best; with ``phi`` there are two heads."""
    heads = HEADS if phi else CONCEPT_HEAD
    settings = {"heads": heads, "temperatures": dict.fromkeys(heads, 1.0)}
    (out / "heads.json").write_text(json.dumps(settings))
    told = {"concept": [labelled(note, open_types=True) for note in held], "pii": phi}
    classifier = TokenClassifier(out)
    settings["temperatures"] = {head: fit_temperature(classifier, told[head], head) for head in heads}
    (out / "heads.json").write_text(json.dumps(settings))


def evaluate(out: Path, data: Path) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of exact spans on BC5CDR development."""
    development = list(bc5cdr.sentences(data / "text/medical_ner/BC5CDR-IOB/devel.tsv"))
    return entity_scores(MedicalEngine(TokenClassifier(out)), development)
