"""Which drug a dose belongs to, which test a value: the nearest name on the same line, before it if there is one."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from services.language.medical import doses
from services.language.medical.findings import ANATOMY, CONDITION, MEDICATION, PROCEDURE, Attribute, Entity
from services.language.medical.precision import score
from services.language.spans import Stretches

#: A dose further than this from a name, in characters, belongs to nothing.
_REACH = 120
_OF = re.compile(r"\s*(?:of|dose of|worth of)\s+(?:the\s+)?$", re.IGNORECASE)
_BREAK = re.compile(r"\n|[.;!?]\s+(?=[A-Z\d*#-])")
_VALUE = re.compile(
    r"\s{0,3}(?:is|was|of|at|:|=|-)?\s{0,3}(?P<value>[<>]?\s?\d{1,6}(?:[.,]\d{1,4})?(?:\s?/\s?\d{1,4})?)"
    r"(?:\s?(?P<unit>%|mg/dl|g/dl|mmol/l|meq/l|mmhg|bpm|mm hg|k/ul|u/l|iu/l|ng/ml|pg/ml|ng/dl|kg/m2|kg|lbs?|cm|mm|"
    r"ml/min|degrees?|\u00b0[fc]|f|c|ms|l/min)(?![\w/]))?(?![\w/])",
    re.IGNORECASE,
)
_ACUITY = re.compile(r"(?:acute on chronic|acute|chronic|subacute|acutely|chronically|recurrent)\s+$", re.IGNORECASE)
_LEADING_ACUITY = re.compile(r"(?:acute on chronic|acute|chronic|subacute|recurrent)(?=\s)", re.IGNORECASE)
_DIRECTION = re.compile(
    r"(?:left|right|bilateral|upper|lower|lateral|medial|anterior|posterior|proximal|distal|L|R)(?:\s|-)+$"
)
_LEADING_DIRECTION = re.compile(
    r"(?:left|right|bilateral|upper|lower|lateral|medial|anterior|posterior|proximal|distal)(?=\s)", re.IGNORECASE
)


def attach_doses(text: str, drugs: Sequence[Entity], others: Sequence[Entity] = ()) -> list[Attribute]:
    """Give each drug its dose, strength, frequency and so on; returns what belongs to no drug.

    What is an attribute of one of ``others`` ("daily" of smoking) is no dose.

    A name right behind "of" has the words before it ("81 mg of aspirin"). Else the nearest drug before on the same
    line or in the same sentence, else the nearest one behind.
    """
    begins = [drug.begin for drug in drugs]
    unmapped: list[Attribute] = []
    told = Stretches((drug.begin, drug.end) for drug in drugs)
    for entity in others:
        for attribute in entity.attributes:
            told.add(attribute.begin, attribute.end)
    for word in doses.find(text):
        if told.touching(word.begin, word.end):
            continue
        attribute = Attribute(word.begin, word.end, MEDICATION, word.type, score(f"dose-{word.type}"), 0.0)
        place = bisect_right(begins, word.begin)
        before = drugs[place - 1] if place else None
        behind = drugs[place] if place < len(drugs) else None
        if behind is not None and _OF.fullmatch(text, word.end, behind.begin):
            owner, rule = behind, "relation-of"
        elif before is not None and _together(text, before.end, word.begin):
            owner, rule = before, "relation-before"
        elif behind is not None and _together(text, word.end, behind.begin):
            owner, rule = behind, "relation-behind"
        else:
            unmapped.append(attribute)
            continue
        attribute.relation = score(rule)
        owner.attributes.append(attribute)
    return unmapped


def _together(text: str, begin: int, end: int) -> bool:
    return end - begin <= _REACH and _BREAK.search(text, begin, end) is None


def attach_values(text: str, entities: Sequence[Entity]) -> None:
    """Give tests the value and the unit right behind their names."""
    for entity in entities:
        if entity.type != "TEST_NAME":
            continue
        match = _VALUE.match(text, entity.end)
        if match is None:
            continue
        for group, kind in (("value", "TEST_VALUE"), ("unit", "TEST_UNIT")):
            if match[group]:
                begin, end = match.span(group)
                certain = score("test-value")
                entity.attributes.append(Attribute(begin, end, PROCEDURE, kind, certain, certain))


def attach_qualities(text: str, entities: Sequence[Entity]) -> None:
    """Give conditions their acuity and parts of the body their direction, from the words before or at the beginning."""
    for entity in entities:
        if entity.category == CONDITION:
            before, leading, kind = _ACUITY, _LEADING_ACUITY, "ACUITY"
        elif entity.category == ANATOMY:
            before, leading, kind = _DIRECTION, _LEADING_DIRECTION, "DIRECTION"
        else:
            continue
        window = max(0, entity.begin - 24)
        found = before.search(text, window, entity.begin)
        if found is None or not _begins_word(text, found.start()):
            found = leading.match(text, entity.begin, entity.end)
        if found is not None:
            span = found.start(), found.start() + len(found[0].rstrip(" -"))
            certain = score(f"quality-{kind}")
            entity.attributes.append(Attribute(*span, entity.category, kind, certain, certain))


def _begins_word(text: str, begin: int) -> bool:
    return begin == 0 or not text[begin - 1].isalnum()
