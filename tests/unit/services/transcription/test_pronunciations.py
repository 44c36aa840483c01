"""How the phrases of a vocabulary are said."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.transcription.letters_to_sounds import LettersToSounds
from services.transcription.pronunciations import Phonemes, UnpronounceableError, from_ipa, spoken
from services.transcription.recognition import Phrase
from shared.models.catalog import REPOSITORY_ROOT

GUESS = LettersToSounds.read(REPOSITORY_ROOT / "models/letters-to-sounds-en/1")


def dictionary(word: str) -> Sequence[Phonemes]:
    known = {"los": ["L AO S", "L OW S"], "angeles": ["AE N JH AH L AH S"]}
    return [tuple(one.split()) for one in known.get(word, [])]


def test_known_words_and_their_variants() -> None:
    said = spoken(Phrase("Los-Angeles"), dictionary, GUESS)
    assert said.words == ("Los", "Angeles")
    assert [parts[0] for parts in said.pronunciations] == [("L", "AO", "S"), ("L", "OW", "S")]


def test_letters_one_by_one() -> None:
    said = spoken(Phrase("A.B.C."), dictionary, GUESS)
    assert said.words == ("ABC",)
    assert said.pronunciations == ((("EY", "B", "IY", "S", "IY"),),)


def test_ipa_wins_and_is_one_item() -> None:
    said = spoken(Phrase("Nonet", ipa="n oʊ n ɛ t", display_as="Nonet Suite"), dictionary, GUESS)
    assert said.words == ("Nonet Suite",)
    assert said.pronunciations == ((("N", "OW", "N", "EH", "T"),),)


def test_sounds_like() -> None:
    said = spoken(Phrase("Etienne", sounds_like="eh-tee-en"), dictionary, GUESS)
    assert said.words == ("Etienne",)
    assert ("EH", "T", "IY", "EH", "N") in [parts[0] for parts in said.pronunciations]


def test_display_as_of_the_same_words() -> None:
    said = spoken(Phrase("los-angeles", display_as="Los Angeles"), dictionary, GUESS)
    assert said.words == ("Los", "Angeles")
    assert all(len(parts) == 2 for parts in said.pronunciations)


@pytest.mark.parametrize("ipa", ["ʘ", "n œ", "ˈ", ""])
def test_ipa_that_is_no_english(ipa: str) -> None:
    with pytest.raises(UnpronounceableError):
        from_ipa(ipa)


def test_ipa_with_stress_and_without_spaces() -> None:
    assert from_ipa("ˈtʃɜːtʃ") == ("CH", "ER", "CH")


@given(st.text(alphabet="abcdeéz.-'0 ", max_size=20), st.text(alphabet="ab-c", max_size=8))
def test_any_phrase(text: str, sounds_like: str) -> None:
    try:
        said = spoken(Phrase(text, sounds_like or None), dictionary, GUESS)
    except UnpronounceableError:
        return
    assert said.words and said.pronunciations
    for parts in said.pronunciations:
        assert len(parts) == len(said.words)
        assert all(phonemes for phonemes in parts)
