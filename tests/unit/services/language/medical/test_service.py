"""The service beside a model of concepts that knows no personal data."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from nonet.language_medical.v1 import language_medical_pb2 as pb
from services.language.medical.detection import beside_concepts
from services.language.medical.service import LanguageMedicalService
from services.language.tasks import ClinicalReading, Document, TextSpan
from shared.auth.principals import Principal
from shared.contract.apis import api_for_client
from shared.models.catalog import CatalogEntry, Tier
from shared.models.store import ADDED
from shared.platform import Platform
from shared.rpc.call import Call
from shared.settings import Settings
from tests.running import forget_metrics

TEXT = "Mr. Harold Penn, seen in Dayton, takes zorpamil 5 mg daily."


class OnlyDrugs:
    """An engine that knows one drug, and nothing of people."""

    def run(self, items: Sequence[Document]) -> list[ClinicalReading]:
        begins = [item.text.index("zorpamil") for item in items]
        return [ClinicalReading([TextSpan(begin, begin + 8, "DRUG", 0.99)], None) for begin in begins]

    def close(self) -> None:
        pass


def load(entry: CatalogEntry, directory: Path, device: str) -> OnlyDrugs:
    return OnlyDrugs()


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[LanguageMedicalService]:
    entry = CatalogEntry(
        id="only-drugs", task="detect-medical-concepts", engine=f"{__name__}:load", tier=Tier.CATALOG, licence="none",
        description="written by a test", languages=("en",), memory_bytes=1, preference=20,
    )  # fmt: skip
    place = tmp_path / "models" / entry.id
    place.mkdir(parents=True)
    (place / ADDED).write_text(entry.model_dump_json())
    forget_metrics()
    platform = Platform.open(Settings(data_directory=tmp_path))
    yield LanguageMedicalService(platform)
    await platform.close()


def call(operation: str) -> Call:
    return Call(
        operation=api_for_client("comprehendmedical").operations[operation],
        principal=Principal(name="test", account="000000000000"),
        region="us-east-1",
    )


def told(entities: Sequence[Any]) -> list[tuple[str, str]]:
    return [(entity.text, entity.type) for entity in entities]


async def test_another_model_tells_personal_data_where_the_best_one_knows_none(service: LanguageMedicalService) -> None:
    this = call("DetectEntitiesV2")
    answer = await service.detect_entities_v2(pb.DetectEntitiesV2Request(text=TEXT), this)
    assert told(answer.entities) == [("Harold Penn", "NAME"), ("Dayton", "ADDRESS"), ("zorpamil", "GENERIC_NAME")]
    assert answer.model_version == "only-drugs"
    assert this.trailers["nonet-model"] == "only-drugs,clinical-tagger-en"
    answer = await service.detect_phi(pb.DetectPHIRequest(text=TEXT), call("DetectPHI"))
    assert told(answer.entities) == [("Harold Penn", "NAME"), ("Dayton", "ADDRESS")]


async def test_concepts_alone_need_one_reading(service: LanguageMedicalService) -> None:
    this = call("InferICD10CM")
    answer = await service.infer_icd10_cm(pb.InferICD10CMRequest(text=TEXT), this)
    assert not answer.entities
    assert this.trailers["nonet-model"] == "only-drugs"


def test_a_surer_concept_of_another_model_is_nobodys_name_but_a_number_stays_protected() -> None:
    """ "Parkinson" of the disease, and a telephone number that a model took for a test."""
    name, surer_name, phone = TextSpan(0, 9, "NAME", 0.6), TextSpan(30, 35, "NAME", 0.9), TextSpan(50, 62, "PHONE", 0.7)
    concepts = [TextSpan(0, 19, "PROBLEM", 0.9), TextSpan(30, 35, "DRUG", 0.5), TextSpan(50, 62, "TEST", 0.9)]
    assert beside_concepts([name, surer_name, phone], concepts) == [surer_name, phone]
