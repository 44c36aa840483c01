"""Protected health information."""

from __future__ import annotations

import pytest

from services.language.medical.health_information import about_somebody, protected
from services.language.tasks import TextSpan


def test_rules_and_the_engine_together() -> None:
    text = "Ann Lee, 45 yo, works as a high school teacher, MRN 00123456, seen 03/14/2024; call 555-201-4477."
    found = protected(text, [TextSpan(0, 7, "NAME", 0.98), TextSpan(text.index("00123456"), text.index("00123456") + 8, "PHONE", 0.6)])
    assert [(text[e.begin : e.end], e.type) for e in found] == [
        ("Ann Lee", "NAME"),
        ("45 yo", "AGE"),
        ("high school teacher", "PROFESSION"),
        ("00123456", "ID"),
        ("03/14/2024", "DATE"),
        ("555-201-4477", "PHONE_OR_FAX"),
    ]


def test_a_score_is_that_of_a_rule_counted_on_corpora_where_both_tell_the_same() -> None:
    (date,) = protected("Seen 03/14/2024.", [TextSpan(5, 15, "DATE_TIME", 0.97)])
    assert date.score == 0.97


@pytest.mark.parametrize(("text", "ages"), [("34F presents with pain.", ["34"]), ("Fever of 102F with chills.", [])])
def test_an_age_beside_a_gender(text: str, ages: list[str]) -> None:
    assert [text[e.begin : e.end] for e in protected(text, [])] == ages


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Pt: KORHONEN, ILSE  MRN: 00-12-34", "KORHONEN, ILSE"),
        ("Patient name: Korhonen, Ilse M", "Korhonen, Ilse M"),
        ("Patient: Stable, Alert", None),
        ("Name: unknown, male", None),
    ],
)
def test_a_heading_has_the_family_name_first(text: str, name: str | None) -> None:
    assert [text[e.begin : e.end] for e in protected(text, []) if e.type == "NAME"] == ([name] if name else [])


def test_a_dose_is_no_date() -> None:
    assert protected("10/20 mg, 1/2 tab, BP 120/80", []) == []


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("Mrs. Ellen Park, 71, was admitted.", "71"),
        ("Ellen Park, 8, presents with asthma.", "8"),
        ("Ellen Park 45M c/o back pain.", "45"),
        ("Ellen Park, 103 F, is comfortable.", "103"),
        ("Ellen Park, 12 visits this year.", None),
        ("Ellen Park, 71, Oak Street.", None),
        ("Ellen Park 45 minutes late.", None),
        ("Ellen Park, 450, was called.", None),
    ],
)
def test_a_bare_age_stands_behind_a_name(text: str, age: str | None) -> None:
    begin = text.index("Ellen")
    found = protected(text, [TextSpan(begin, begin + len("Ellen Park"), "NAME", 0.98)])
    assert [text[e.begin : e.end] for e in found if e.type == "AGE"] == ([age] if age else [])


@pytest.mark.parametrize(
    ("text", "spans", "kept"),
    [
        ("Seen by John Smith, PA.", {"John Smith": "NAME", "PA": "ADDRESS"}, ["John Smith"]),
        ("From Scranton, PA.", {"Scranton": "ADDRESS", "PA": "ADDRESS"}, ["Scranton", "PA"]),
        ("Babinski was negative.", {"Babinski": "NAME"}, []),
        ("Dr. Babinski was here.", {"Babinski": "NAME"}, ["Babinski"]),
        ("Murphy's sign was positive.", {"Murphy": "NAME"}, []),
        ("Murphy signed the form.", {"Murphy": "NAME"}, ["Murphy"]),
        ("Ann Murphy tests daily.", {"Ann Murphy": "NAME"}, ["Ann Murphy"]),
    ],
)
def test_signs_and_examinations_are_nobodys_names(text: str, spans: dict[str, str], kept: list[str]) -> None:
    told = [TextSpan(text.index(s), text.index(s) + len(s), kind, 0.9) for s, kind in spans.items()]
    assert [text[s.begin : s.end] for s in about_somebody(text, told)] == kept
