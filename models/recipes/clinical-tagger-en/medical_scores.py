"""Calibration and scores of the clinical tagger, by the service's own engine code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from medical_corpora import HEADS, bc5cdr, labelled
from notes import Note
from scores import fit_temperature

from services.language.engines.token_classifier import TokenClassifier
from services.language.spans import decode_spans
from services.language.tokens import tokenise


def calibrate(out: Path, held: Sequence[Note]) -> None:
    """Write ``heads.json`` with the temperature that fits held-out sentences best."""
    settings = {"heads": HEADS, "temperatures": {"concept": 1.0}}
    (out / "heads.json").write_text(json.dumps(settings))
    sentences = [labelled(note, open_types=True) for note in held]
    settings["temperatures"] = {"concept": fit_temperature(TokenClassifier(out), sentences, "concept")}
    (out / "heads.json").write_text(json.dumps(settings))


def evaluate(out: Path, data: Path) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of exact spans on BC5CDR development, sentence by sentence."""
    engine = TokenClassifier(out)
    scores = {}
    counts = {kind: [0, 0, 0] for kind in ("DRUG", "PROBLEM")}
    for note in bc5cdr(data / "text/medical_ner/BC5CDR-IOB/devel.tsv"):
        tokens = tokenise(note.text, "en")
        (probabilities,) = engine.classify([[t.text for t in tokens]], "concept")
        found = {
            (tokens[s.first].begin, tokens[s.last - 1].end, s.type)
            for s in decode_spans(probabilities, HEADS["concept"], [t.text for t in tokens])
        }
        for kind, (hits, of_found, of_gold) in counts.items():
            mine, gold = {s for s in found if s[2] == kind}, {s for s in note.spans if s[2] == kind}
            counts[kind] = [hits + len(mine & gold), of_found + len(mine), of_gold + len(gold)]
    for kind, (hits, of_found, of_gold) in counts.items():
        precision, recall = hits / max(1, of_found), hits / max(1, of_gold)
        f1 = 2 * precision * recall / max(1e-9, precision + recall)
        scores[kind] = {"precision": precision, "recall": recall, "f1": f1, "spans": float(of_gold)}
    return scores
