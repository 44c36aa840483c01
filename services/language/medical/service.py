"""The LanguageMedical service: what Comprehend Medical's synchronous operations do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from nonet.language_medical.v1 import language_medical_pb2 as pb
from services.language import tasks
from services.language.medical import messages
from services.language.medical.detection import beside_concepts, besides, findings, personal
from services.language.medical.findings import CONDITION, MEDICATION, Entity, Findings
from services.language.medical.health_information import protected
from services.language.medical.times import times_of
from services.language.tasks import ClinicalReading, Document, RankedCode, TextSpan
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call
from shared.runtime.runtime import Lease

#: Tells personal data where the best model of concepts knows none.
_READS_PEOPLE = "clinical-tagger-en"
#: What an operator does who wants RxNorm concepts.
_RXNORM_MISSING = (
    "No RxNorm release is loaded. Download the full release from the National Library of Medicine, unpack it, and run: "
    "nonet models add rxnorm FOLDER --as rxnorm"
)
#: Attributes of a drug by which RxNorm tells its concepts apart.
_TELLING = ("STRENGTH", "DOSAGE", "FORM")


class LanguageMedicalService:
    """nonet.language_medical.v1.LanguageMedical. Requests have been checked against the contract before."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    async def detect_entities_v2(
        self, request: pb.DetectEntitiesV2Request, call: Call
    ) -> pb.DetectEntitiesV2Response:
        reading, model = await self._read(request.text, call)
        people = await self._personal(request.text, reading, call)
        return await asyncio.to_thread(_detected, request.text, reading.concepts, people, model)

    async def detect_phi(self, request: pb.DetectPHIRequest, call: Call) -> pb.DetectPHIResponse:
        reading, model = await self._read(request.text, call)
        people = await self._personal(request.text, reading, call)
        found = messages.entities(request.text, protected(request.text, personal(request.text, people)))
        return pb.DetectPHIResponse(entities=found, model_version=model)

    async def infer_icd10_cm(self, request: pb.InferICD10CMRequest, call: Call) -> pb.InferICD10CMResponse:
        found, model = await self._findings(request.text, call)
        conditions = [entity for entity in found.entities if entity.category == CONDITION]
        ranked = await self._codes(tasks.ICD10CM, [_words(request.text, entity) for entity in conditions], call)
        return messages.icd10_entities(request.text, conditions, ranked, model, times_of(found.entities))

    async def infer_rx_norm(self, request: pb.InferRxNormRequest, call: Call) -> pb.InferRxNormResponse:
        if not self._platform.catalog.for_task(tasks.RXNORM, None):
            raise errors.FailedPrecondition(_RXNORM_MISSING)
        found, model = await self._findings(request.text, call)
        drugs = [entity for entity in found.entities if entity.category == MEDICATION]
        ranked = await self._codes(tasks.RXNORM, [_as_prescribed(request.text, drug) for drug in drugs], call)
        return messages.rxnorm_entities(request.text, drugs, ranked, model)

    # -- how they run

    async def _findings(self, text: str, call: Call) -> tuple[Findings, str]:
        """What is medical in the text, and the model that says so."""
        reading, model = await self._read(text, call)
        return await asyncio.to_thread(findings, text, reading.concepts), model

    async def _read(self, text: str, call: Call) -> tuple[ClinicalReading, str]:
        """The best model's reading of the text, and the model."""
        lease = await self._platform.runtime.lease(tasks.MEDICAL_CONCEPTS, language="en")
        return await _reading(lease, text, call), lease.model.id

    async def _personal(self, text: str, reading: ClinicalReading, call: Call) -> Sequence[TextSpan]:
        """Personal data from the same reading; from a second one where its model knows none."""
        if reading.personal is not None:
            return reading.personal
        second = await _reading(await self._platform.runtime.lease_model(_READS_PEOPLE), text, call)
        return beside_concepts(second.personal or (), reading.concepts)

    async def _codes(self, task: str, phrases: Sequence[str], call: Call) -> Sequence[Sequence[RankedCode]]:
        """The codes of each phrase; equal phrases are looked up once."""
        if not phrases:
            return []
        distinct = list(dict.fromkeys(phrases))
        lease: Any = await self._platform.runtime.lease(task)
        async with lease:
            ranked = await lease.run([Document(phrase, "en") for phrase in distinct], call.priority)
        call.answered_by(lease.model.id)
        by_phrase = dict(zip(distinct, ranked, strict=True))
        return [by_phrase[phrase] for phrase in phrases]


async def _reading(lease: Lease, text: str, call: Call) -> ClinicalReading:
    async with lease:
        (reading,) = await lease.run([Document(text, "en")], call.priority)
    call.answered_by(lease.model.id)
    found: ClinicalReading = reading
    return found


def _detected(
    text: str, concepts: Sequence[TextSpan], people: Sequence[TextSpan], model: str
) -> pb.DetectEntitiesV2Response:
    protected_information = protected(text, personal(text, people))
    told = besides(findings(text, concepts), protected_information)
    return messages.detected(text, told, protected_information, model)


def _words(text: str, entity: Entity) -> str:
    """An entity's words with the qualities that stand before them ("chronic" kidney disease)."""
    parts = [text[a.begin : a.end] for a in entity.attributes if a.type == "ACUITY" and a.end <= entity.begin]
    return " ".join([*parts, text[entity.begin : entity.end]])


def _as_prescribed(text: str, drug: Entity) -> str:
    """A drug's name with its strength and form, as RxNorm's titles have them."""
    parts = [text[a.begin : a.end] for a in drug.attributes if a.type in _TELLING]
    return " ".join([text[drug.begin : drug.end], *parts])
