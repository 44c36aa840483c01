from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.layout import MAX_SENTENCE, stretches


def translated(text: str, language: str = "en") -> list[str]:
    return [stretch for stretch, is_sentence in stretches(text, language) if is_sentence]


@given(st.text(alphabet="aB1.!? \n\r\t\u2028-*>#()\u00a0", max_size=200))
def test_the_stretches_are_the_text(text: str) -> None:
    found = list(stretches(text, "en"))
    assert "".join(stretch for stretch, _ in found) == text
    assert all(len(stretch) <= MAX_SENTENCE for stretch, is_sentence in found if is_sentence)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  - One thing.\n  - Two things.", ["One thing.", "Two things."]),
        ("1. First\n2) Second\n\n(c) third", ["First", "Second", "third"]),
        ("> > Quoted text\n# A heading", ["Quoted text", "A heading"]),
        ("- [x] done\n* [ ] open", ["done", "open"]),
        ("Name\tAge  City", ["Name", "Age", "City"]),
        ("One. Two?\r\n\r\n\tThree!  ", ["One.", "Two?", "Three!"]),
        ("\n\n   \n", []),
        ("3 - 2 = 1", ["3 - 2 = 1"]),
    ],
)
def test_what_is_translated(text: str, expected: list[str]) -> None:
    assert translated(text) == expected
