"""Names of classes that well-known checkpoints have."""

from __future__ import annotations

import pytest

from services.language.medical.label_names import bio_class


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("O", "O"),
        ("B-Disease_disorder", "B-PROBLEM"),
        ("I-SIGN_SYMPTOM", "I-PROBLEM"),
        ("B-Diagnostic_procedure", "B-TEST"),
        ("I-Therapeutic_procedure", "I-PROCEDURE"),
        ("B-Biological_structure", "B-ANATOMY"),
        ("B-Multi-tissue_structure", "B-ANATOMY"),
        ("B-Lab_value", "O"),
        ("B-Chemical", "B-DRUG"),
        ("B-treatment", "B-TREATMENT"),
        ("problem", "I-PROBLEM"),
        ("S-Drug", "B-DRUG"),
        ("E-Drug", "I-DRUG"),
        ("U-STAFF", "B-NAME"),
        ("L-LOC", "I-ADDRESS"),
        ("HOSPITAL", "I-ADDRESS"),
        ("DATE", "O"),
        ("LABEL_0", "O"),
    ],
)
def test_what_a_label_means(label: str, expected: str) -> None:
    assert bio_class(label) == expected
