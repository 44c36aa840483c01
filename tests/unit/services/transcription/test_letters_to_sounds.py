"""Spelling to phonemes by the committed weights; the scores on held-out words are in the model's card."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcription.letters_to_sounds import LettersToSounds
from shared.models.catalog import REPOSITORY_ROOT

MODEL = LettersToSounds.read(REPOSITORY_ROOT / "models/letters-to-sounds-en/1")
PHONEMES = frozenset(
    [
        "AA",
        "AE",
        "AH",
        "AO",
        "AW",
        "AY",
        "B",
        "CH",
        "D",
        "DH",
        "EH",
        "ER",
        "EY",
        "F",
        "G",
        "HH",
        "IH",
        "IY",
        "JH",
        "K",
        "L",
        "M",
        "N",
        "NG",
        "OW",
        "OY",
        "P",
        "R",
        "S",
        "SH",
        "T",
        "TH",
        "UH",
        "UW",
        "V",
        "W",
        "Y",
        "Z",
        "ZH",
    ]
)


@pytest.mark.parametrize(
    ("word", "phonemes"),
    [("cat", "K AE T"), ("brick", "B R IH K"), ("shopping", "SH AA P IH NG"), ("Nonet", "N AH N EH T")],
)
def test_regular_words(word: str, phonemes: str) -> None:
    assert tuple(phonemes.split()) in [pronunciation for pronunciation, _ in MODEL.pronounce(word)]


@given(st.text(max_size=20))
def test_any_text(word: str) -> None:
    found = MODEL.pronounce(word)
    assert len(found) <= 3
    chances = [chance for _, chance in found]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) <= 1.0 + 1e-6
    for phonemes, chance in found:
        assert phonemes and set(phonemes) <= PHONEMES
        assert chance > 0.0
