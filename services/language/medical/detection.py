"""From the tagger's spans to entities with attributes and traits."""

from __future__ import annotations

from collections.abc import Sequence

from services.language.medical.contexts import add_traits
from services.language.medical.findings import ANATOMY, CONDITION, MEDICATION, PROCEDURE, Entity, Findings
from services.language.medical.lexicon import drug_type
from services.language.medical.relations import attach_doses, attach_qualities, attach_values
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


def findings(text: str, spans: Sequence[TextSpan]) -> Findings:
    """Everything medical that the text holds; ``spans`` are those of the task detect-medical-concepts, in order."""
    entities = [_entity(text, span) for span in spans]
    unmapped = attach_doses(text, [e for e in entities if e.category == MEDICATION])
    attach_values(text, entities)
    attach_qualities(text, entities)
    add_traits(text, entities)
    return Findings(entities, unmapped)


def besides(found: Findings, personal: Sequence[Entity]) -> Findings:
    """``found`` without what touches protected health information: a person's name or number is nothing medical."""
    taken = Stretches((entity.begin, entity.end) for entity in personal)
    kept = [entity for entity in found.entities if not taken.touching(entity.begin, entity.end)]
    for entity in kept:
        entity.attributes = [a for a in entity.attributes if not taken.touching(a.begin, a.end)]
    return Findings(kept, [a for a in found.unmapped if not taken.touching(a.begin, a.end)])


def _entity(text: str, span: TextSpan) -> Entity:
    if span.type == "DRUG":
        return Entity(span.begin, span.end, MEDICATION, drug_type(text[span.begin : span.end]), span.score)
    category, kind = _TOLD_AS[span.type]
    return Entity(span.begin, span.end, category, kind, span.score)
