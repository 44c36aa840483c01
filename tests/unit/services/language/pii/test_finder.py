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


def test_only_marks_are_no_address() -> None:
    assert combine("a , ? b", [TextSpan(2, 5, "ADDRESS", 0.9)]) == []


def test_addresses_apart_stay_apart() -> None:
    text = "from Leeds and then Bath"
    spans = [TextSpan(5, 10, "ADDRESS", 0.9), TextSpan(20, 24, "ADDRESS", 0.9)]
    assert [text[s.begin : s.end] for s in combine(text, spans)] == ["Leeds", "Bath"]
