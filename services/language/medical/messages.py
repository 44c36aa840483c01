"""Findings as messages of the contract. Ids count from 0 over entities and attributes, in the order of the answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from nonet.language_medical.v1 import language_medical_pb2 as pb
from services.language.medical.findings import TIME, Attribute, Entity, Findings, Trait
from services.language.tasks import RankedCode

#: Traits and attributes that the narrower answers know.
_ICD10_TRAITS = frozenset(
    ("NEGATION", "DIAGNOSIS", "SIGN", "SYMPTOM", "PERTAINS_TO_FAMILY", "HYPOTHETICAL", "LOW_CONFIDENCE")
)
_RXNORM_TRAITS = frozenset(("NEGATION", "PAST_HISTORY"))


def detected(text: str, found: Findings, personal: Sequence[Entity], model: str) -> pb.DetectEntitiesV2Response:
    """Medical entities and protected health information in one list, in order of place."""
    ids = itertools.count()
    together = sorted([*found.entities, *personal], key=lambda entity: (entity.begin, entity.end))
    return pb.DetectEntitiesV2Response(
        entities=[_entity(text, entity, ids) for entity in together],
        unmapped_attributes=[
            pb.UnmappedAttribute(type=a.category, attribute=_unmapped(text, a, ids)) for a in found.unmapped
        ],
        model_version=model,
    )


def entities(text: str, found: Sequence[Entity]) -> list[pb.Entity]:
    ids = itertools.count()
    return [_entity(text, entity, ids) for entity in found]


def _entity(text: str, entity: Entity, ids: Iterator[int]) -> pb.Entity:
    return pb.Entity(
        id=next(ids),
        begin_offset=entity.begin,
        end_offset=entity.end,
        score=entity.score,
        text=text[entity.begin : entity.end],
        category=entity.category,
        type=entity.type,
        traits=[pb.Trait(name=trait.name, score=trait.score) for trait in entity.traits],
        attributes=[_attribute(text, attribute, ids) for attribute in entity.attributes],
    )


def _attribute(text: str, attribute: Attribute, ids: Iterator[int]) -> pb.Attribute:
    message = _unmapped(text, attribute, ids)
    message.relationship_score = attribute.relation
    message.relationship_type = attribute.relationship or attribute.type
    return message


def _unmapped(text: str, attribute: Attribute, ids: Iterator[int]) -> pb.Attribute:
    return pb.Attribute(
        type=attribute.type,
        score=attribute.score,
        id=next(ids),
        begin_offset=attribute.begin,
        end_offset=attribute.end,
        text=text[attribute.begin : attribute.end],
        category=attribute.category,
    )


def icd10_entities(
    text: str,
    conditions: Sequence[Entity],
    ranked: Sequence[Sequence[RankedCode]],
    model: str,
    times: Mapping[tuple[int, int], Sequence[Attribute]],
) -> pb.InferICD10CMResponse:
    """``times`` are the expressions of time of the conditions at [begin, end)."""
    ids = itertools.count()
    return pb.InferICD10CMResponse(
        entities=[
            pb.ICD10CMEntity(
                id=next(ids),
                text=text[entity.begin : entity.end],
                category=entity.category,
                type=entity.type,
                score=entity.score,
                begin_offset=entity.begin,
                end_offset=entity.end,
                traits=[pb.ICD10CMTrait(name=t.name, score=t.score) for t in _known(entity.traits, _ICD10_TRAITS)],
                attributes=[
                    pb.ICD10CMAttribute(
                        type=a.type, score=a.score, relationship_score=a.relation,
                        relationship_type=a.relationship or "QUALITY", category=TIME if a.relationship else "DX_NAME",
                        id=next(ids), begin_offset=a.begin, end_offset=a.end, text=text[a.begin : a.end],
                    )
                    for a in (*entity.attributes, *times.get((entity.begin, entity.end), ()))
                ],
                icd10_cm_concepts=[
                    pb.ICD10CMConcept(description=c.title, code=c.code, score=c.score) for c in codes
                ],
            )
            for entity, codes in zip(conditions, ranked, strict=True)
        ],
        model_version=model,
    )  # fmt: skip


def rxnorm_entities(
    text: str, drugs: Sequence[Entity], ranked: Sequence[Sequence[RankedCode]], model: str
) -> pb.InferRxNormResponse:
    ids = itertools.count()
    return pb.InferRxNormResponse(
        entities=[
            pb.RxNormEntity(
                id=next(ids),
                text=text[drug.begin : drug.end],
                category=drug.category,
                type=drug.type,
                score=drug.score,
                begin_offset=drug.begin,
                end_offset=drug.end,
                traits=[pb.RxNormTrait(name=t.name, score=t.score) for t in _known(drug.traits, _RXNORM_TRAITS)],
                attributes=[
                    pb.RxNormAttribute(
                        type=a.type, score=a.score, relationship_score=a.relation,
                        id=next(ids), begin_offset=a.begin, end_offset=a.end, text=text[a.begin : a.end],
                    )
                    for a in drug.attributes
                ],
                rx_norm_concepts=[pb.RxNormConcept(description=c.title, code=c.code, score=c.score) for c in codes],
            )
            for drug, codes in zip(drugs, ranked, strict=True)
        ],
        model_version=model,
    )  # fmt: skip


def _known(traits: Sequence[Trait], names: frozenset[str]) -> list[Trait]:
    return [trait for trait in traits if trait.name in names]
