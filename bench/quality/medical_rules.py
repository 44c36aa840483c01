"""How often the rules for times, habits and laboratory names are right, on sentences of our own (``clinical/``).

    python -m bench.quality.medical     prints these, too, and with --write keeps the counts

The sentences were written by the authors of the rules: take their figures as development scores.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from services.language.medical import allergies, behaviour, contexts, demographics, facilities, lexicon, times
from services.language.medical.detection import findings, personal
from services.language.medical.findings import CONDITION, MEDICATION, PROCEDURE, Entity
from services.language.tasks import ClinicalReader, Document

CLINICAL = Path(__file__).with_name("clinical")
Counts = collections.Counter[tuple[str, bool]]
_KINDS = {
    "m": (MEDICATION, "GENERIC_NAME"), "c": (CONDITION, "DX_NAME"), "e": (PROCEDURE, "TEST_NAME"),
    "p": (PROCEDURE, "PROCEDURE_NAME"), "t": (PROCEDURE, "TREATMENT_NAME"),
}  # fmt: skip
_MARK = re.compile(r"\[([^\]]+)\]([\d,]*)([a-z])")
_HABITS = {"t": "TOBACCO_USE", "a": "ALCOHOL_CONSUMPTION", "d": "REC_DRUG_USE"}
_TRAITS = {"+": "", "-": "NEGATION", "p": "PAST_HISTORY"}
_ATTRIBUTES = {"a": "AMOUNT", "f": "FREQUENCY", "u": "DURATION"}
Mark = tuple[int, int, str, str]  # begin, end, numbers, kind


def lines(name: str) -> Iterator[str]:
    for line in (CLINICAL / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


def marked(source: str) -> tuple[str, list[Mark]]:
    """A text without its marks, and the marked stretches in order."""
    text, marks, place = "", [], 0
    for match in _MARK.finditer(source):
        text += source[place : match.start()]
        marks.append((len(text), len(text) + len(match[1]), match[2], match[3]))
        text += match[1]
        place = match.end()
    return text + source[place:], marks


def measure_times(counts: Counts) -> tuple[int, int]:
    """Expressions of time told with the findings they belong to, and all that the sentences have."""
    right, total = 0, 0
    for line in lines("times.txt"):
        text, marks = marked(line)
        named = {n: Entity(b, e, *_KINDS[kind], 1.0) for b, e, n, kind in marks if kind != "x"}
        truth = {
            (b, e): {(named[n].begin, named[n].end) for n in ns.split(",")} for b, e, ns, kind in marks if kind == "x"
        }
        found = {
            (t.begin, t.end): {(a.begin, a.end) for a in t.attributes} for t in times.timed(text, list(named.values()))
        }
        total, right = total + len(truth), right + sum(found.get(span) == owners for span, owners in truth.items())
        for span, owners in found.items():
            counts["time-expression", span in truth] += 1
            if span in truth:
                counts["time-relation", owners == truth[span]] += 1
        if found != truth:
            told = {text[b:e]: [text[x:y] for x, y in sorted(o)] for (b, e), o in found.items()}
            print(f"  wrong: {text!r}: {told}")
    print(f"times with the right finding: {right} of {total} = {right / total:.1%}")
    return right, total


def _told_habits(text: str) -> dict[str, tuple[str, dict[str, str]]]:
    found = behaviour.habits(text, [])
    contexts.add_traits(text, found)
    told = {}
    for entity in found:
        traits = {trait.name for trait in entity.traits}
        trait = next((name for name in ("NEGATION", "PAST_HISTORY") if name in traits), "")
        told[entity.type] = (trait, {a.type: text[a.begin : a.end] for a in entity.attributes})
    return told


def measure_habits(counts: Counts) -> tuple[int, int]:
    """Sentences whose habits are all told right, with trait and attributes, and all sentences."""
    right, total = 0, 0
    for line in lines("habits.txt"):
        said, _, text = line.partition(" | ")
        truth: dict[str, tuple[str, dict[str, str]]] = {}
        for part in re.split(r" (?=[tad][+\-p](?: |$))", said):
            if part != "0":
                pairs = re.findall(r"([afu])=(.*?)(?= [afu]=|$)", part[2:])
                truth[_HABITS[part[0]]] = (_TRAITS[part[1]], {_ATTRIBUTES[k]: words for k, words in pairs})
        found = _told_habits(text)
        total, right = total + 1, right + (found == truth)
        if found != truth:
            print(f"  wrong: {text!r}: {found}")
        for kind, (trait, attributes) in found.items():
            counts[f"habit-{kind}", kind in truth] += 1
            if trait:
                counts[f"habit-{trait}", kind in truth and truth[kind][0] == trait] += 1
            for name, words in attributes.items():
                anywhere = [a for _, told in truth.values() for a in told.items()]
                counts[f"habit-{name}", (name, words) in anywhere] += 1
                if (name, words) in anywhere:
                    counts["habit-relation", kind in truth and truth[kind][1].get(name) == words] += 1
    print(f"habits: {right} of {total} sentences right = {right / total:.1%}")
    return right, total


def measure_allergies(counts: Counts) -> tuple[int, int]:
    """Sentences whose allergies and genders are all told right, with denial, and all sentences."""
    right, total = 0, 0
    for line in lines("allergies.txt"):
        text, marks = marked(line)
        truth = {(b, e, kind) for b, e, _, kind in marks}
        entities = [*allergies.allergies(text), *demographics.genders(text, [])]
        contexts.add_traits(text, entities)
        found = set()
        for entity in entities:
            denied = any(trait.name == contexts.NEGATION for trait in entity.traits)
            kind = "g" if entity.type == demographics.GENDER else "n" if denied else "l"
            found.add((entity.begin, entity.end, kind))
            there = any((entity.begin, entity.end, k) in truth for k in ("gg" if kind == "g" else "ln"))
            counts["gender" if kind == "g" else "allergy", there] += 1
            if kind == "n":
                counts["allergy-NEGATION", (entity.begin, entity.end, "n") in truth] += 1
        total, right = total + 1, right + (found == truth)
        if found != truth:
            print(f"  wrong: {text!r}: {sorted((text[b:e], kind) for b, e, kind in found)}")
    print(f"allergies and genders: {right} of {total} sentences right = {right / total:.1%}")
    return right, total


def measure_ethnicities(counts: Counts) -> tuple[int, int]:
    """Sentences whose races and ethnicities are all told right, and all sentences."""

    def told(text: str) -> list[tuple[int, int]]:
        return [(entity.begin, entity.end) for entity in demographics.ethnicities(text, [])]

    return _measure_spans("ethnicities", "race_ethnicity", told, counts)


def measure_facilities(counts: Counts) -> tuple[int, int]:
    """Sentences whose named facilities are all told right, and all sentences."""
    return _measure_spans("facilities", "phi-facility", facilities.facilities, counts)


def _measure_spans(
    name: str, rule: str, find: Callable[[str], Sequence[tuple[int, int]]], counts: Counts
) -> tuple[int, int]:
    right, total = 0, 0
    for line in lines(f"{name}.txt"):
        text, marks = marked(line)
        truth, found = {(begin, end) for begin, end, _, _ in marks}, set(find(text))
        total, right = total + 1, right + (found == truth)
        for span in found:
            counts[rule, span in truth] += 1
        if found != truth:
            print(f"  wrong: {text!r}: {[text[b:e] for b, e in sorted(found)]}")
    print(f"{name}: {right} of {total} sentences right = {right / total:.1%}")
    return right, total


def measure_laboratory(engine: ClinicalReader, counts: Counts) -> tuple[int, int]:
    """Names of tests and of drugs told as such, and all of them, by model and lexicon together."""
    right, total = 0, 0
    for line in lines("laboratory.txt"):
        text, marks = marked(line)
        (reading,) = engine.run([Document(text, "en")])
        entities = findings(text, reading.concepts).entities
        for begin, end, _, kind in marks:
            category, name = _KINDS[kind]
            inside = [e for e in entities if e.begin < end and e.end > begin]
            hit = any(e.category == category and (e.type == name or category == MEDICATION) for e in inside)
            total, right = total + 1, right + hit
            if not hit:
                print(f"  wrong: {text!r}: {text[begin:end]!r} is {[e.type for e in inside]}")
        gold = {(b, e) for b, e, _, kind in marks if kind == "e"}
        for begin, end in lexicon.laboratory_names(text):
            counts["laboratory-name", any(b < end and e > begin for b, e in gold)] += 1
    print(f"laboratory names and drugs of the same name: {right} of {total} = {right / total:.1%}")
    return right, total


def measure_people(engine: ClinicalReader) -> float:
    """F1 of names and addresses in sentences of notes; a span counts that overlaps one of its type."""
    found: set[tuple[int, int, int, str]] = set()
    gold: set[tuple[int, int, int, str]] = set()
    for number, line in enumerate(lines("people.txt")):
        text, marks = marked(line)
        gold |= {(number, b, e, "NAME" if kind == "n" else "ADDRESS") for b, e, _, kind in marks}
        (reading,) = engine.run([Document(text, "en")])
        people = personal(text, reading.personal or ())
        found |= {(number, s.begin, s.end, s.type) for s in people if s.type in ("NAME", "ADDRESS")}
    for row, begin, end, kind in sorted(found):
        if not _met((row, begin, end, kind), gold):
            print(f"  too much: {kind} {marked(list(lines('people.txt'))[row])[0][begin:end]!r}")
    for row, begin, end, kind in sorted(gold):
        if not _met((row, begin, end, kind), found):
            print(f"  missed: {kind} {marked(list(lines('people.txt'))[row])[0][begin:end]!r}")
    precision = sum(_met(span, gold) for span in found) / max(1, len(found))
    recall = sum(_met(span, found) for span in gold) / len(gold)
    score = 2 * precision * recall / max(1e-9, precision + recall)
    print(f"names and addresses in notes: F1 {score:.1%} (P {precision:.1%} R {recall:.1%}), {len(gold)} of them")
    return score


def _met(span: tuple[int, int, int, str], others: set[tuple[int, int, int, str]]) -> bool:
    row, begin, end, kind = span
    return any(r == row and k == kind and b < end and begin < e for r, b, e, k in others)
