"""From the tagger's spans to entities with attributes and traits."""

from __future__ import annotations

from collections.abc import Sequence

from services.language.medical.allergies import allergies
from services.language.medical.behaviour import habits
from services.language.medical.contexts import add_traits
from services.language.medical.demographics import ethnicities, genders
from services.language.medical.findings import ANATOMY, CONDITION, MEDICATION, PROCEDURE, TIME, Entity, Findings
from services.language.medical.health_information import about_somebody
from services.language.medical.lexicon import (
    drug_type,
    is_drug,
    is_given,
    is_listed_condition,
    laboratory_names,
    listed_names,
    listed_type,
)
from services.language.medical.precision import score
from services.language.medical.relations import attach_doses, attach_qualities, attach_values
from services.language.medical.times import timed
from services.language.spans import Stretches, unsurpassed
from services.language.tasks import TextSpan

#: The tagger's types -> category and type.
_TOLD_AS = {
    "PROBLEM": (CONDITION, "DX_NAME"),
    "TEST": (PROCEDURE, "TEST_NAME"),
    "PROCEDURE": (PROCEDURE, "PROCEDURE_NAME"),
    "TREATMENT": (PROCEDURE, "TREATMENT_NAME"),
    "ANATOMY": (ANATOMY, "SYSTEM_ORGAN_SITE"),
}
#: A model that is no surer than this does not know what a name is.
_DOUBT = 0.5
#: Personal data that a model tells by its words; what has a shape is told by rules.
_BY_WORDS = ("NAME", "ADDRESS")


def findings(text: str, concepts: Sequence[TextSpan]) -> Findings:
    """Everything medical that the text holds, in order of place; ``concepts`` are those of a ``ClinicalReading``."""
    entities = with_laboratory_names(text, [_entity(text, span) for span in with_listed_names(text, concepts)])
    habitual = habits(text, entities)
    lived = Stretches((entity.begin, entity.end) for entity in habitual)
    entities = [entity for entity in entities if not lived.touching(entity.begin, entity.end)]
    intolerances = allergies(text)
    # A drug that somebody does not tolerate is both; another substance ("shellfish") is no condition.
    substances = {(e.begin, e.end) for e in intolerances if "allerg" not in text[e.begin : e.end].lower()}
    entities = [e for e in entities if e.category != CONDITION or (e.begin, e.end) not in substances]
    told = [*habitual, *intolerances, *genders(text, entities), *ethnicities(text, entities)]
    habitual = sorted(told, key=lambda entity: entity.begin)
    attach_values(text, entities)
    tests = [e for e in entities if e.type == "TEST_NAME"]
    unmapped = attach_doses(text, [e for e in entities if e.category == MEDICATION], [*habitual, *tests])
    attach_qualities(text, entities)
    add_traits(text, [*entities, *habitual])
    together = sorted([*entities, *habitual], key=lambda entity: entity.begin)
    times = timed(text, together)
    when = Stretches((time.begin, time.end) for time in times)
    unmapped = [a for a in unmapped if not when.touching(a.begin, a.end)]
    return Findings(sorted([*together, *times], key=lambda entity: entity.begin), unmapped)


def with_listed_names(text: str, concepts: Sequence[TextSpan]) -> list[TextSpan]:
    """``concepts`` and, in order, what a model of whole sentences misses: names of our lists that stand alone ("UTI").

    Of such a name no piece that is none is told, and where the model doubts what one is, it is what the list says. A
    condition of our lists is no drug, however sure the model is.
    """
    sure = score("listed-name")
    told = [
        TextSpan(s.begin, s.end, kind, sure)
        if (s.score < _DOUBT or (s.type == "DRUG" and is_listed_condition(text, s.begin, s.end)))
        and (kind := listed_type(text[s.begin : s.end])) not in ("", s.type)
        else s
        for s in concepts
    ]
    taken = Stretches((s.begin, s.end) for s in told)
    whole = []
    for begin, end, kind in listed_names(text):
        touched = taken.touching(begin, end)
        if all(begin <= first and last <= end and not listed_type(text[first:last]) for first, last in touched):
            whole.append(TextSpan(begin, end, kind, sure))
    named = Stretches((s.begin, s.end) for s in whole)
    return sorted([*whole, *(s for s in told if not named.touching(s.begin, s.end))], key=lambda span: span.begin)


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


def personal(text: str, people: Sequence[TextSpan]) -> list[TextSpan]:
    """Of the personal data of a ``ClinicalReading`` what is somebody's: the name of a drug is nobody's."""
    return about_somebody(text, [s for s in people if not (s.type == "NAME" and is_drug(text[s.begin : s.end]))])


def beside_concepts(people: Sequence[TextSpan], concepts: Sequence[TextSpan]) -> list[TextSpan]:
    """Personal data of one reading beside the concepts of another: what a surer concept touches is nobody's name."""
    named = unsurpassed([s for s in people if s.type in _BY_WORDS], concepts)
    return sorted([*(s for s in people if s.type not in _BY_WORDS), *named], key=lambda span: span.begin)


def besides(found: Findings, personal: Sequence[Entity]) -> Findings:
    """``found`` without what touches protected health information: a person's name or number is nothing medical."""
    taken = Stretches((entity.begin, entity.end) for entity in personal)
    # A date may be both: protected, and the time of a finding.
    kept = [e for e in found.entities if e.category == TIME or not taken.touching(e.begin, e.end)]
    for entity in kept:
        entity.attributes = [a for a in entity.attributes if not taken.touching(a.begin, a.end)]
    return Findings(kept, [a for a in found.unmapped if not taken.touching(a.begin, a.end)])


def _entity(text: str, span: TextSpan) -> Entity:
    name = text[span.begin : span.end]
    given = span.type == "TEST" and is_given(text, span.begin, span.end)
    if span.type == "DRUG" or given or (span.type == "TREATMENT" and is_drug(name)):
        return Entity(span.begin, span.end, MEDICATION, drug_type(name), span.score)
    category, kind = _TOLD_AS[span.type]
    return Entity(span.begin, span.end, category, kind, span.score)
