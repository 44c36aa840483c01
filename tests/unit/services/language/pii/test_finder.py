from __future__ import annotations

import pytest

from services.language.pii.finder import combine
from services.language.tasks import TextSpan


@pytest.mark.parametrize(("part", "kept"), [("Leeds,", "Leeds"), ("\nLeeds ?", "Leeds"), ("St. Ives.", "St. Ives.")])
def test_marks_around_a_place_are_trimmed(part: str, kept: str) -> None:
    text = f"in {part} today"
    (span,) = combine(text, [TextSpan(3, 3 + len(part), "ADDRESS", 0.9)])
    assert text[span.begin : span.end] == kept


def test_a_name_needs_a_letter_and_some_certainty() -> None:
    text = "42 Anna"
    spans = [TextSpan(0, 2, "NAME", 0.9), TextSpan(3, 7, "NAME", 0.4)]
    assert combine(text, spans) == []


def test_a_title_alone_is_no_name() -> None:
    assert [s.begin for s in combine("Mr and Mrs Jones", [TextSpan(7, 10, "NAME", 0.9), TextSpan(11, 16, "NAME", 0.9)])] == [11]


def test_only_marks_are_no_address() -> None:
    assert combine("a , ? b", [TextSpan(2, 5, "ADDRESS", 0.9)]) == []


def test_addresses_apart_stay_apart() -> None:
    text = "from Leeds and then Bath"
    spans = [TextSpan(5, 10, "ADDRESS", 0.9), TextSpan(20, 24, "ADDRESS", 0.9)]
    assert [text[s.begin : s.end] for s in combine(text, spans)] == ["Leeds", "Bath"]


@pytest.mark.parametrize(
    ("text", "span", "address"),
    [
        ("Lives at 4410 Maple Avenue.", "Maple Avenue", "4410 Maple Avenue"),
        ("Lives at 12B N. Oak St, Dayton.", "Oak St, Dayton", "12B N. Oak St, Dayton"),
        ("Of 12 Quarry Lane, Dover.", "Lane", "12 Quarry Lane"),
        ("Of 7 Old Mill Road.", "Mill Road", "7 Old Mill Road"),
        ("Took 10 pills near Mill Lane.", "Lane", "Lane"),
        ("Took 10 Boston trains.", "Boston", "Boston"),
        ("Lives in Anytown, 100 Main Street.", "Anytown, 100", "Anytown, 100 Main Street"),
        ("Lives in Anytown, 100 miles from the Street.", "Anytown, 100", "Anytown, 100"),
        ("On 3/14 Oak Street flooded.", "Oak Street", "Oak Street"),
    ],
)
def test_a_house_number_belongs_to_its_street(text: str, span: str, address: str) -> None:
    begin = text.index(span)
    (found,) = combine(text, [TextSpan(begin, begin + len(span), "ADDRESS", 0.9)])
    assert text[found.begin : found.end] == address


@pytest.mark.parametrize(
    ("text", "spans", "names"),
    [
        ("Seen: Ms. Ilse Korhonen.", ["Korhonen"], ["Ilse Korhonen"]),
        ("67 yo, Ms. Adaeze Okonkwo-Lind, seen.", ["Adaeze"], ["Adaeze Okonkwo-Lind"]),
        ("I met Mr. Ivo Petrov today.", ["Ivo", "Petrov"], ["Ivo Petrov"]),
        ("Dr. Lee General Hospital called.", ["Lee"], ["Lee"]),
        ("Seen: Dr Anna M. Bell.", ["Anna", "Bell"], ["Anna M. Bell"]),
        ("Mr. J. Smith is well.", ["J.", "Smith"], ["J. Smith"]),
        ("Ask Anna B. Smith can wait.", ["Anna", "Smith"], ["Anna", "Smith"]),
        ("Anna. Smith was here.", ["Anna", "Smith"], ["Anna", "Smith"]),
        ("The Dr. told Anna Bell.", ["Anna Bell"], ["Anna Bell"]),
    ],
)
def test_a_name_has_all_words_behind_its_title_and_its_initials(text: str, spans: list[str], names: list[str]) -> None:
    told = [TextSpan(text.index(s), text.index(s) + len(s), "NAME", 0.9) for s in spans]
    assert [text[s.begin : s.end] for s in combine(text, told)] == names
