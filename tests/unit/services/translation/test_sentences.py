from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.translation.sentences import pieces, sentences


def split(text: str, language: str = "en") -> list[str]:
    return [text[begin:end] for begin, end in sentences(text, language)]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["Mr. Smith met Dr. Jones at 5 p.m. on Monday.", "It cost $3.50!", "Really?"]),
        ("en", ["See No. 5.", "I said no.", "Then J. R. Smith left."]),
        ("en", ['"Really?" he said.', "“Yes.”", "He left…", "Or not?!"]),
        ("en", ["Give it to me.", "Give <b>it.</b>", "Now."]),
        ("de", ["Das ist z. B. gut.", "Am 1. Januar kam der 2. Mann.", "Nr. 5 lebt."]),
        ("fr", ["M. Dupont est là.", "Où est Mme. Blanc ?", "Ici !"]),
        ("es", ["¿Dónde está el Sr. García?", "¡Aquí!", "EE.UU. es grande."]),
        ("ja", ["今日は。", "元気ですか？", "はい"]),
    ],
)
def test_boundaries(language: str, expected: list[str]) -> None:
    joint = "" if language == "ja" else " "
    assert split(joint.join(expected), language) == expected


@given(st.text(alphabet="aB1.!? \n\"'", max_size=80))
def test_nothing_but_space_is_lost(text: str) -> None:
    position = 0
    for begin, end in sentences(text, "en"):
        assert begin < end
        assert not text[position:begin].strip()
        position = end
    assert not text[position:].strip()


@given(st.text(alphabet="ab ,;.", max_size=200), st.integers(5, 40))
def test_pieces_cover_and_are_short(text: str, longest: int) -> None:
    position = 0
    for begin, end in pieces(text, longest):
        assert 0 < end - begin <= longest
        assert not text[position:begin].strip()
        position = end
    assert not text[position:].strip()


def test_pieces_end_at_commas() -> None:
    text = "one two three, four five six, seven eight nine"
    assert [text[begin:end] for begin, end in pieces(text, 32)] == ["one two three, four five six,", "seven eight nine"]
