"""Comprehend Medical through unmodified boto3 and over Smithy RPC v2 CBOR."""

from __future__ import annotations

import json
import logging
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cbor2
import pytest
from botocore.exceptions import ClientError

from gateway.process import Addresses
from nonet.cli.__main__ import main as nonet_cli
from tests.running import client, nonet
from tests.unit.services.language.medical.test_rxnorm import release

NOTE = (
    "Mrs. Ann Lee, 67 yo, is seen for hypertension. She takes lisinopril 20 mg by mouth daily. "
    "Denies chest pain. Her mother had breast cancer. BP 128/76."
)
TARGET = "ComprehendMedical_20181030"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    with nonet(tmp_path_factory.mktemp("medical"), services="language") as addresses:
        yield addresses


@pytest.fixture(scope="module")
def medical(server: Addresses) -> Any:
    return client("comprehendmedical", server, config={"read_timeout": 300})


def named(entities: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entity["Text"]: entity for entity in entities}


def test_entities_relations_and_traits(medical: Any) -> None:
    answer = medical.detect_entities_v2(Text=NOTE)
    found = named(answer["Entities"])
    assert answer["ModelVersion"] == "clinical-tagger-en"
    assert all(NOTE[e["BeginOffset"] : e["EndOffset"]] == e["Text"] for e in answer["Entities"])
    drug = found["lisinopril"]
    assert (drug["Category"], drug["Type"]) == ("MEDICATION", "GENERIC_NAME")
    assert [(a["Text"], a["Type"], a["RelationshipType"]) for a in drug["Attributes"]] == [
        ("20 mg", "DOSAGE", "DOSAGE"),
        ("by mouth", "ROUTE_OR_MODE", "ROUTE_OR_MODE"),
        ("daily", "FREQUENCY", "FREQUENCY"),
    ]
    assert all(0 < a["Score"] < 1 and 0 < a["RelationshipScore"] < 1 for a in drug["Attributes"])
    assert {t["Name"] for t in found["hypertension"]["Traits"]} == {"DIAGNOSIS"}
    assert {t["Name"] for t in found["chest pain"]["Traits"]} == {"NEGATION", "SYMPTOM"}
    assert {t["Name"] for t in found["breast cancer"]["Traits"]} == {"PERTAINS_TO_FAMILY", "DIAGNOSIS"}
    assert found["67 yo"]["Category"] == "PROTECTED_HEALTH_INFORMATION"
    ids = [e["Id"] for e in answer["Entities"]] + [a["Id"] for e in answer["Entities"] for a in e.get("Attributes", [])]
    assert len(set(ids)) == len(ids)


def test_times_habits_and_laboratory_names(medical: Any) -> None:
    text = "Chest pain for 3 days. Troponin was 0.04. Smokes a pack a day. Denies alcohol."
    found = named(medical.detect_entities_v2(Text=text)["Entities"])
    time = found["for 3 days"]
    assert (time["Category"], time["Type"]) == ("TIME_EXPRESSION", "TIME_TO_DX_NAME")
    assert [(a["Text"], a["Type"], a["RelationshipType"]) for a in time["Attributes"]] == [
        ("Chest pain", "DX_NAME", "OVERLAP")
    ]
    assert (found["Troponin"]["Category"], found["Troponin"]["Type"]) == ("TEST_TREATMENT_PROCEDURE", "TEST_NAME")
    smoking = found["Smokes"]
    assert (smoking["Category"], smoking["Type"]) == ("BEHAVIORAL_ENVIRONMENTAL_SOCIAL", "TOBACCO_USE")
    assert [(a["Text"], a["Type"]) for a in smoking["Attributes"]] == [("a pack", "AMOUNT"), ("a day", "FREQUENCY")]
    assert [t["Name"] for t in found["alcohol"]["Traits"]] == ["NEGATION"]
    (condition,) = medical.infer_icd10_cm(Text=text)["Entities"]
    assert [(a["Text"], a["Type"], a["RelationshipType"], a["Category"]) for a in condition["Attributes"]] == [
        ("for 3 days", "TIME_TO_DX_NAME", "OVERLAP", "TIME_EXPRESSION")
    ]


def test_offsets_count_code_points(medical: Any) -> None:
    text = "\U0001f600\u00e9\u00e9 Patient takes metformin 500 mg twice a day for diabetes."
    drug = named(medical.detect_entities_v2(Text=text)["Entities"])["metformin"]
    assert drug["BeginOffset"] == text.index("metformin")


def test_protected_health_information(medical: Any) -> None:
    text = "John Smith, 54 years old, a truck driver, MRN 12345678, phone 555-201-4477, seen on March 3, 2024."
    found = {e["Text"]: e["Type"] for e in medical.detect_phi(Text=text)["Entities"]}
    assert found == {
        "John Smith": "NAME",
        "54 years old": "AGE",
        "truck driver": "PROFESSION",
        "12345678": "ID",
        "555-201-4477": "PHONE_OR_FAX",
        "March 3, 2024": "DATE",
    }


def test_icd10_codes(medical: Any) -> None:
    found = named(medical.infer_icd10_cm(Text="Assessment: hypertension and type 2 diabetes. No pneumonia.")["Entities"])
    assert found["hypertension"]["ICD10CMConcepts"][0]["Code"] == "I10"
    assert found["type 2 diabetes"]["ICD10CMConcepts"][0]["Code"] == "E11.9"
    assert len(found["hypertension"]["ICD10CMConcepts"]) == 5
    assert "NEGATION" in {t["Name"] for t in found["pneumonia"]["Traits"]}


def test_rxnorm_needs_a_release(medical: Any) -> None:
    with pytest.raises(ClientError) as refused:
        medical.infer_rx_norm(Text="Takes lisinopril.")
    assert "nonet models add rxnorm" in str(refused.value)


def test_rxnorm_with_a_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A made-up release of five names, added as an operator adds the official one."""
    data = tmp_path / "data"
    monkeypatch.setenv("NONET_DATA_DIRECTORY", str(data))
    assert not nonet_cli(["models", "add", "rxnorm", str(release(tmp_path / "release")), "--as", "rxnorm"])
    with nonet(data, services="language") as addresses:
        medical = client("comprehendmedical", addresses, config={"read_timeout": 300})
        answer = medical.infer_rx_norm(Text="She was started on zorvatine 20 mg tablets daily for hypertension.")
    (drug,) = answer["Entities"]
    assert drug["Text"] == "zorvatine"
    assert drug["RxNormConcepts"][0]["Code"] == "900003"


@pytest.mark.parametrize("operation", ["detect_entities_v2", "detect_phi"])
def test_twenty_thousand_characters(medical: Any, operation: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(medical, operation)(Text="a" * 20_001)
    assert refused.value.response["Error"]["Code"] == "TextSizeLimitExceededException"


@pytest.mark.parametrize("operation", ["infer_icd10_cm", "infer_rx_norm"])
def test_ten_thousand_characters(medical: Any, operation: str) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(medical, operation)(Text="a" * 10_001)
    assert refused.value.response["Error"]["Code"] == "TextSizeLimitExceededException"


def test_what_comes_later_says_so(medical: Any) -> None:
    with pytest.raises(ClientError) as refused:
        medical.list_entities_detection_v2_jobs()
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_both_wires_answer_the_same(server: Addresses) -> None:
    def post(body: bytes, headers: dict[str, str], path: str) -> bytes:
        request = urllib.request.Request(server.http + path, body, headers)
        with urllib.request.urlopen(request, timeout=300) as response:
            return bytes(response.read())

    json_headers = {"X-Amz-Target": f"{TARGET}.DetectEntitiesV2", "Content-Type": "application/x-amz-json-1.1"}
    by_json = json.loads(post(json.dumps({"Text": NOTE}).encode(), json_headers, "/"))
    cbor_headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor", "Accept": "application/cbor"}
    path = f"/service/{TARGET}/operation/DetectEntitiesV2"
    by_cbor = cbor2.loads(post(cbor2.dumps({"Text": NOTE}), cbor_headers, path))
    assert [e["Text"] for e in by_cbor["Entities"]] == [e["Text"] for e in by_json["Entities"]]
    assert [e["Type"] for e in by_cbor["Entities"]] == [e["Type"] for e in by_json["Entities"]]


@pytest.mark.slow
def test_nothing_of_a_note_is_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    mark = "Quillibrand"
    text = f"Mr. {mark} takes lisinopril 20 mg daily for hypertension."
    with caplog.at_level(logging.DEBUG), nonet(tmp_path, services="language", log_level="DEBUG") as addresses:
        medical = client("comprehendmedical", addresses, config={"read_timeout": 300})
        medical.detect_entities_v2(Text=text)
        medical.detect_phi(Text=text)
        medical.infer_icd10_cm(Text=text)
    # boto3's own DEBUG log in this process quotes what it sends.
    ours = [r for r in caplog.records if not r.name.startswith(("botocore", "boto3", "urllib3"))]
    assert ours
    assert not [r.name for r in ours if mark in r.getMessage()]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path.name for path in files if mark.encode() in path.read_bytes()]
