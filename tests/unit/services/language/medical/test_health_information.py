"""Protected health information."""

from __future__ import annotations

from services.language.medical.health_information import protected
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


def test_a_dose_is_no_date() -> None:
    assert protected("10/20 mg, 1/2 tab, BP 120/80", []) == []
