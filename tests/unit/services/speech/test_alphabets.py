"""X-SAMPA and IPA."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.speech.alphabets import to_ipa
from services.speech.engines.espeak_phonemes import mnemonics


@pytest.mark.parametrize(
    ("xsampa", "ipa"),
    [('pI"kA:n', "pɪˈkɑːn"), ("tS{t", "tʃæt"), ("r\\Ed", "ɹɛd"), ("wVn", "wʌn"), ("b@`d", "bɚd")],
)
def test_xsampa(xsampa: str, ipa: str) -> None:
    assert to_ipa(xsampa, "x-sampa") == ipa


def test_ipa_as_keyboards_write_it() -> None:
    assert to_ipa("'gre:t", "ipa") == "ˈɡreːt"


@pytest.mark.parametrize(
    ("text", "alphabet"), [("", "ipa"), ("5", "ipa"), ("ˈ", "ipa"), ("a" * 300, "ipa"), ("£", "x-sampa")]
)
def test_what_is_none(text: str, alphabet: str) -> None:
    with pytest.raises(ValueError, match=r"sign of it|no sound|longer"):
        to_ipa(text, alphabet)


@given(st.text(max_size=30), st.sampled_from(["ipa", "x-sampa"]))
def test_anything_is_ipa_or_a_value_error(text: str, alphabet: str) -> None:
    with contextlib.suppress(ValueError):
        assert to_ipa(text, alphabet)


@pytest.mark.parametrize(
    ("ipa", "voice", "expected"),
    [
        ("pɪˈkɑːn", "en-us", "p|I'k|A:|n"),
        ("tʃæt", "en-us+f3", "tS|a|t"),
        ("ˈʃøːn", "de", "'S|Y:|n"),
        ("t͡ʃ", "en-gb", "tS"),
    ],
)
def test_espeak_mnemonics(ipa: str, voice: str, expected: str) -> None:
    assert mnemonics(ipa, voice) == expected


def test_a_sound_that_the_voice_lacks() -> None:
    with pytest.raises(ValueError, match="does not have"):
        mnemonics("ǃa", "en-us")
