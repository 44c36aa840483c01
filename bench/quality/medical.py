"""How good the medical language service is, on BC5CDR and on notes and sentences of our own (``clinical/``).

    python -m bench.quality.medical               print the figures
    python -m bench.quality.medical --write       write the rules' precision and the calibration of ICD-10-CM, too

The notes, sentences and conditions were written by the authors of the rules: take their figures as development scores.
"""

from __future__ import annotations

import argparse
import collections
import math
import os
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from bench.quality import bc5cdr, medical_rules
from services.language.engines.tagger import MedicalEngine
from services.language.engines.token_classifier import TokenClassifier
from services.language.medical import icd10, lexicon, precision
from services.language.medical.contexts import FAMILY, NEGATION, add_traits
from services.language.medical.detection import findings
from services.language.medical.findings import CONDITION, MEDICATION, Entity
from services.language.tasks import ClinicalReader, ClinicalReading, Document

ROOT = Path(__file__).resolve().parents[2]
CLINICAL = Path(__file__).with_name("clinical")
MODEL = ROOT / "models" / "clinical-tagger-en" / "1"
_KINDS = {
    "d": "DOSAGE", "s": "STRENGTH", "f": "FREQUENCY", "r": "ROUTE_OR_MODE", "o": "FORM", "u": "DURATION", "t": "RATE",
}  # fmt: skip
_MARK = re.compile(r"\[([^\]]+)\](\d+)?([dsfrout])?")


@dataclass(frozen=True, slots=True)
class Marked:
    """A text without its marks, and the marked stretches: begin, end, number of the drug, type ("" = the drug)."""

    text: str
    spans: tuple[tuple[int, int, int, str], ...]


def marked(source: str) -> Marked:
    text, spans, place = "", [], 0
    for match in _MARK.finditer(source):
        text += source[place : match.start()]
        spans.append((len(text), len(text) + len(match[1]), int(match[2] or 0), _KINDS.get(match[3] or "", "")))
        text += match[1]
        place = match.end()
    return Marked(text + source[place:], tuple(spans))


def notes() -> list[Marked]:
    lines = [line for line in (CLINICAL / "notes.txt").read_text().splitlines() if not line.startswith("#")]
    return [marked(note.strip()) for note in "\n".join(lines).split("\n===\n")]


def contexts() -> Iterator[tuple[frozenset[str], Marked]]:
    """The traits of each sentence's condition, and the sentence."""
    for line in (CLINICAL / "contexts.txt").read_text().splitlines():
        if not line.startswith("#"):
            said, _, sentence = line.partition(" | ")
            yield frozenset({"-": NEGATION, "f": FAMILY}[sign] for sign in said if sign in "-f"), marked(sentence)


def conditions() -> Iterator[tuple[str, list[str]]]:
    for line in (CLINICAL / "conditions.txt").read_text().splitlines():
        if not line.startswith("#"):
            words, _, codes = line.partition(" = ")
            yield words, codes.split()


def corpus(part: str) -> Path:
    """A file of BC5CDR ("train", "devel")."""
    shared = Path(os.environ.get("NONET_SHARED", ROOT.parent / "shared"))
    return shared / "data/text/medical_ner/BC5CDR-IOB" / f"{part}.tsv"


def read(engine: ClinicalReader, text: str) -> ClinicalReading:
    (reading,) = engine.run([Document(text, "en")])
    return reading


def print_entity_scores(engine: ClinicalReader) -> None:
    for kind, score in entity_scores(engine, list(bc5cdr.sentences(corpus("devel")))).items():
        told = " ".join(f"{name} {score[name]:.3f}" for name in ("f1", "precision", "recall"))
        print(f"BC5CDR development, {kind}: {told}")


def entity_scores(engine: ClinicalReader, sentences: Sequence[bc5cdr.Annotated]) -> dict[str, dict[str, float]]:
    """Precision, recall and F1 of exact spans, by type."""
    found = [reading.concepts for reading in engine.run([Document(sentence.text, "en") for sentence in sentences])]
    scores = {}
    for kind in ("DRUG", "PROBLEM"):
        mine = {(i, s.begin, s.end) for i, spans in enumerate(found) for s in spans if s.type == kind}
        gold = {(i, b, e) for i, sentence in enumerate(sentences) for b, e, name in sentence.spans if name == kind}
        precise, recall = len(mine & gold) / max(1, len(mine)), len(mine & gold) / max(1, len(gold))
        f1 = 2 * precise * recall / max(1e-9, precise + recall)
        scores[kind] = {"precision": precise, "recall": recall, "f1": f1, "spans": float(len(gold))}
    return scores


def measure_doses(engine: ClinicalReader, counts: collections.Counter[tuple[str, bool]]) -> tuple[int, int]:
    """Dose words attached to the right drug, and all that the tables of the notes have."""
    total, right, found_drugs, drugs = 0, 0, 0, 0
    by_type: collections.Counter[tuple[str, bool]] = collections.Counter()
    for note in notes():
        concepts = read(engine, note.text).concepts
        entities = [e for e in findings(note.text, concepts).entities if e.category == MEDICATION]
        truth = {(b, e, kind): number for b, e, number, kind in note.spans if kind}
        names = {number: (b, e) for b, e, number, kind in note.spans if not kind}
        owners = {n: [x for x in entities if x.begin < e and x.end > b] for n, (b, e) in names.items()}
        drugs, found_drugs = drugs + len(names), found_drugs + sum(bool(o) for o in owners.values())
        numbers = {id(entity): n for n, found in owners.items() for entity in found}
        attached = {(a.begin, a.end, a.type): numbers.get(id(x)) for x in entities for a in x.attributes}
        for key, number in truth.items():
            hit = attached.get(key) == number
            by_type[key[2], hit] += 1
            total, right = total + 1, right + hit
            if not hit:
                print(f"  missed: {note.text[key[0] : key[1]]!r} {key[2]}")
        for entity in entities:
            for a in entity.attributes:
                is_dose = (a.begin, a.end, a.type) in truth
                counts[f"dose-{a.type}", is_dose] += 1
                rule = next((r for r in ("relation-before", "relation-behind", "relation-of")
                             if math.isclose(a.relation, precision.score(r))), "relation-before")  # fmt: skip
                if is_dose:
                    counts[rule, truth[a.begin, a.end, a.type] == numbers.get(id(entity))] += 1
    print(f"drugs found: {found_drugs} of {drugs}")
    print(f"dose words with the right drug: {right} of {total} = {right / total:.1%}")
    for kind in sorted({k for k, _ in by_type}):
        print(f"  {kind}: {by_type[kind, True]} of {by_type[kind, True] + by_type[kind, False]}")
    return right, total


def measure_contexts(counts: collections.Counter[tuple[str, bool]]) -> None:
    right, total = 0, 0
    for said, sentence in contexts():
        begin, end, _, _ = sentence.spans[0]
        entity = Entity(begin, end, CONDITION, "DX_NAME", 1.0)
        add_traits(sentence.text, [entity])
        found = {trait.name for trait in entity.traits} & {NEGATION, FAMILY}
        total, right = total + 1, right + (found == said)
        if found != said:
            print(f"  wrong: {sentence.text!r}: {sorted(found)}, not {sorted(said)}")
        for trait in found:
            counts[f"{trait}-forward", trait in said] += 1
    print(f"negation and family: {right} of {total} sentences right = {right / total:.1%}")


def measure_icd10(write: bool) -> None:
    index = icd10.build_index()
    hits, rows = 0, []
    for words, codes in conditions():
        found = index.search(icd10.in_table_words(words))
        right = [match.code.code.startswith(tuple(codes)) for match in found]
        hits += any(right)
        rows += [(m.cosine, float(rank), float(r)) for rank, (m, r) in enumerate(zip(found, right, strict=True))]
        if not any(right):
            print(f"  not among five: {words}: {[match.code.code for match in found]}")
    print(f"ICD-10-CM: right code among five for {hits} of 100 conditions")
    if write:
        table = np.array(rows)
        weights = logistic(table[:, :2], table[:, 2])
        lines = [f"{name} = {value:.4f}" for name, value in zip(("cosine", "rank", "offset"), weights, strict=True)]
        remark = (
            "# How often a code is right, by its cosine and place: a logistic curve, fitted on the codes found for a\n"
            "# hundred conditions by `python -m bench.quality.medical --write`."
        )
        file = ROOT / "services/language/medical/icd10_calibration.toml"
        file.write_text("\n".join([remark, *lines, ""]))


def logistic(values: npt.NDArray[np.float64], right: npt.NDArray[np.float64]) -> list[float]:
    """Weights of the columns, and offset, of the logistic curve that fits best, by Newton's method."""
    design = np.hstack([values, np.ones((len(values), 1))])
    weights = np.zeros(design.shape[1])
    for _ in range(30):
        p = 1 / (1 + np.exp(-(design @ weights)))
        gradient = design.T @ (right - p)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-6 * np.eye(len(weights))
        weights += np.linalg.solve(hessian, gradient)
    return weights.tolist()


def measure_time(engine: ClinicalReader) -> None:
    text = "\n\n".join(note.text for note in notes())
    text = (text * (20_000 // len(text) + 1))[:20_000]
    began = time.perf_counter()
    concepts = read(engine, text).concepts
    tagged = time.perf_counter()
    findings(text, concepts)
    print(f"20,000 characters: {tagged - began:.2f} s to tag, {time.perf_counter() - tagged:.2f} s for the rest")


def measure_listed_names(counts: collections.Counter[tuple[str, bool]]) -> None:
    """Names of our lists that stand alone, where BC5CDR's annotators say what such names are."""
    for part in ("train", "devel"):
        for sentence in bc5cdr.sentences(corpus(part)):
            for begin, end, kind in lexicon.listed_names(sentence.text):
                if kind in ("DRUG", "PROBLEM"):
                    right = any(b < end and e > begin and k == kind for b, e, k in sentence.spans)
                    counts["listed-name", right] += 1
    right, wrong = counts["listed-name", True], counts["listed-name", False]
    print(f"listed names that stand alone: {right} of {right + wrong} = {right / (right + wrong):.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    counts: collections.Counter[tuple[str, bool]] = collections.Counter()
    engine = MedicalEngine(TokenClassifier.shared(MODEL))
    if corpus("devel").is_file():
        print_entity_scores(engine)
        measure_listed_names(counts)
    measure_doses(engine, counts)
    measure_contexts(counts)
    medical_rules.measure_times(counts)
    medical_rules.measure_habits(counts)
    medical_rules.measure_allergies(counts)
    medical_rules.measure_ethnicities(counts)
    medical_rules.measure_facilities(counts)
    medical_rules.measure_laboratory(engine, counts)
    medical_rules.measure_people(engine)
    measure_icd10(options.write)
    measure_time(engine)
    if options.write:
        rules = sorted({rule for rule, _ in counts})
        lines = [f'"{rule}" = [{counts[rule, True]}, {counts[rule, True] + counts[rule, False]}]' for rule in rules]
        precision.FILE.write_text(
            "# Right matches and all matches of each rule, by `python -m bench.quality.medical --write`.\n"
            + "\n".join(lines) + "\n"
        )  # fmt: skip


if __name__ == "__main__":
    main()
