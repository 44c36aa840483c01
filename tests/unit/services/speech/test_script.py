"""Plain text to scripts: sentences and words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.speech.script import Style, Word, text_script


def values(text: str) -> list[list[str]]:
    script = text_script(text, Style("en-US"))
    return [[part.value for part in sentence.parts if isinstance(part, Word)] for sentence in script.sentences]


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three? Four", 4),
        ("Mr. Smith met Dr. Jones at 5 p.m. sharp.", 1),
        ("J. Smith wrote it. He did", 2),
        ("It costs 3.5 dollars e.g. here.", 1),
        ("你好。世界！", 2),
        ("a\n\nb", 2),
        ("We met at AT&T. It rained.", 2),
        ("   ", 0),
        ("", 0),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(values(text)) == count


def test_words_are_without_the_punctuation_around_them() -> None:
    assert values('"Don\'t," she said - (twice) - for $5.') == [["Don't", "she", "said", "", "twice", "", "for", "$5"]]


@given(st.text(max_size=200))
def test_words_are_slices_of_the_text_in_order(text: str) -> None:
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return
    last = 0
    script = text_script(text, Style())
    assert script.billed_characters == len(text)
    for sentence in script.sentences:
        for part in sentence.parts:
            assert isinstance(part, Word)
            assert sentence.start <= part.start <= part.end <= sentence.end
            if part.value:
                assert data[part.start : part.end].decode() == part.value
                assert last <= part.start
                last = part.end
    spoken = "".join(part.spoken for sentence in script.sentences for part in sentence.parts if isinstance(part, Word))
    assert spoken == "".join(text.split())
