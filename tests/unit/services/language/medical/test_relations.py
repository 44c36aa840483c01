"""Which drug a dose belongs to, which test a value."""

from __future__ import annotations

from services.language.medical.detection import besides, findings
from services.language.medical.health_information import protected
from services.language.tasks import TextSpan


def spans(text: str, *words: tuple[str, str]) -> list[TextSpan]:
    return sorted(
        (TextSpan(text.index(word), text.index(word) + len(word), kind, 0.9) for word, kind in words),
        key=lambda span: span.begin,
    )


def attributes(text: str, *words: tuple[str, str]) -> dict[str, list[tuple[str, str]]]:
    found = findings(text, spans(text, *words))
    return {
        text[e.begin : e.end]: [(text[a.begin : a.end], a.type) for a in e.attributes] for e in found.entities
    }


def test_a_list_keeps_each_dose_with_its_drug() -> None:
    text = "lisinopril 10 mg daily and metformin 500 mg BID"
    assert attributes(text, ("lisinopril", "DRUG"), ("metformin", "DRUG")) == {
        "lisinopril": [("10 mg", "DOSAGE"), ("daily", "FREQUENCY")],
        "metformin": [("500 mg", "DOSAGE"), ("BID", "FREQUENCY")],
    }


def test_words_before_of_belong_to_what_follows() -> None:
    text = "on warfarin, 81 mg of aspirin"
    assert attributes(text, ("warfarin", "DRUG"), ("aspirin", "DRUG")) == {"warfarin": [], "aspirin": [("81 mg", "DOSAGE")]}


def test_a_dose_without_a_drug_is_unmapped() -> None:
    found = findings("Take 2 tablets daily.", [])
    assert [a.type for a in found.unmapped] == ["DOSAGE", "FREQUENCY"]


def test_tests_have_values_and_units() -> None:
    text = "Hemoglobin 12.3 g/dL, BP 128/76, cough"
    assert attributes(text, ("Hemoglobin", "TEST"), ("BP", "TEST"), ("cough", "PROBLEM")) == {
        "Hemoglobin": [("12.3", "TEST_VALUE"), ("g/dL", "TEST_UNIT")],
        "BP": [("128/76", "TEST_VALUE")],
        "cough": [],
    }


def test_acuity_and_direction() -> None:
    text = "Acute bronchitis; pain in the left knee"
    assert attributes(text, ("bronchitis", "PROBLEM"), ("knee", "ANATOMY")) == {
        "bronchitis": [("Acute", "ACUITY")],
        "knee": [("left", "DIRECTION")],
    }


def test_a_person_is_no_test_and_a_record_number_no_value() -> None:
    text = "Dr. Peter Novak, MRN 884-2213, BP 128/76"
    found = findings(text, spans(text, ("Peter Novak", "TEST"), ("MRN", "TEST"), ("BP", "TEST")))
    personal = protected(text, [TextSpan(text.index("Peter"), text.index(","), "NAME", 0.99)])
    kept = besides(found, personal)
    assert [text[e.begin : e.end] for e in kept.entities] == ["MRN", "BP"]
    assert [[text[a.begin : a.end] for a in e.attributes] for e in kept.entities] == [[], ["128/76"]]


def test_the_value_of_a_test_and_the_time_of_a_finding_are_no_doses() -> None:
    text = "Glucose 250 mg/dL, cough x 3 days."
    found = findings(text, spans(text, ("Glucose", "TEST"), ("cough", "PROBLEM")))
    assert found.unmapped == []
    assert [(text[a.begin : a.end], a.type) for a in found.entities[0].attributes] == [
        ("250", "TEST_VALUE"),
        ("mg/dL", "TEST_UNIT"),
    ]
