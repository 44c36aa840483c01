"""From the tagger's spans to entities with attributes and traits."""

from __future__ import annotations

from collections.abc import Sequence

from services.language.medical.allergies import allergies, genders
from services.language.medical.behaviour import habits
from services.language.medical.contexts import add_traits
from services.language.medical.findings import ANATOMY, CONDITION, MEDICATION, PROCEDURE, TIME, Entity, Findings
from services.language.medical.health_information import about_somebody
from services.language.medical.lexicon import drug_type, is_drug, is_given, laboratory_names
from services.language.medical.precision import score
from services.language.medical.relations import attach_doses, attach_qualities, attach_values
from services.language.medical.times import timed
from services.language.spans import Stretches
from services.language.tasks import TextSpan

#: The tagger's types -> category and type.
_TOLD_AS = {
    "PROBLEM": (CONDITION, "DX_NAME"),
    "TEST": (PROCEDURE, "TEST_NAME"),
    "PROCEDURE": (PROCEDURE, "PROCEDURE_NAME"),
    "TREATMENT": (PROCEDURE, "TREATMENT_NAME"),
    "ANATOMY": (ANATOMY, "SYSTEM_ORGAN_SITE"),
}
_CONCEPTS = frozenset(("DRUG", *_TOLD_AS))


def findings(text: str, spans: Sequence[TextSpan]) -> Findings:
    """Everything medical that the text holds, in order of place.

    ``spans`` are those of the task detect-medical-concepts; personal data among them is left to ``personal``.
    """
    entities = with_laboratory_names(text, [_entity(text, span) for span in spans if span.type in _CONCEPTS])
    habitual = habits(text, entities)
    lived = Stretches((entity.begin, entity.end) for entity in habitual)
    entities = [entity for entity in entities if not lived.touching(entity.begin, entity.end)]
    intolerances = allergies(text)
    # A drug that somebody does not tolerate is both; another substance ("shellfish") is no condition.
    substances = {(e.begin, e.end) for e in intolerances if "allerg" not in text[e.begin : e.end].lower()}
    entities = [e for e in entities if e.category != CONDITION or (e.begin, e.end) not in substances]
    habitual = sorted([*habitual, *intolerances, *genders(text, entities)], key=lambda entity: entity.begin)
    unmapped = attach_doses(text, [e for e in entities if e.category == MEDICATION], habitual)
    attach_values(text, entities)
    attach_qualities(text, entities)
    add_traits(text, [*entities, *habitual])
    together = sorted([*entities, *habitual], key=lambda entity: entity.begin)
    return Findings(sorted([*together, *timed(text, together)], key=lambda entity: entity.begin), unmapped)


def with_laboratory_names(text: str, entities: Sequence[Entity]) -> list[Entity]:
    """``entities``, with laboratory names as tests whatever they were taken for, in order.

    A name inside a longer entity ("elevated troponin", a condition) stays a part of that.
    """
    kept = Stretches((entity.begin, entity.end) for entity in entities)
    tests: dict[tuple[int, int], Entity] = {}
    for begin, end in laboratory_names(text):
        touched = kept.touching(begin, end)
        if all(begin <= first and last <= end for first, last in touched):
            tests[begin, end] = Entity(begin, end, PROCEDURE, "TEST_NAME", score("laboratory-name"))
    named = Stretches(tests)
    others = [entity for entity in entities if not named.touching(entity.begin, entity.end)]
    return sorted([*others, *tests.values()], key=lambda entity: entity.begin)


def personal(text: str, spans: Sequence[TextSpan]) -> list[TextSpan]:
    """The personal data among the spans of the task detect-medical-concepts; the name of a drug is nobody's."""
    return about_somebody(
        text,
        [s for s in spans if s.type not in _CONCEPTS and not (s.type == "NAME" and is_drug(text[s.begin : s.end]))],
    )


def besides(found: Findings, personal: Sequence[Entity]) -> Findings:
    """``found`` without what touches protected health information: a person's name or number is nothing medical."""
    taken = Stretches((entity.begin, entity.end) for entity in personal)
    # A date may be both: protected, and the time of a finding.
    kept = [e for e in found.entities if e.category == TIME or not taken.touching(e.begin, e.end)]
    for entity in kept:
        entity.attributes = [a for a in entity.attributes if not taken.touching(a.begin, a.end)]
    return Findings(kept, [a for a in found.unmapped if not taken.touching(a.begin, a.end)])


def _entity(text: str, span: TextSpan) -> Entity:
    if span.type == "DRUG" or (span.type == "TEST" and is_given(text, span.begin, span.end)):
        return Entity(span.begin, span.end, MEDICATION, drug_type(text[span.begin : span.end]), span.score)
    category, kind = _TOLD_AS[span.type]
    return Entity(span.begin, span.end, category, kind, span.score)
