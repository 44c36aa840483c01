"""Pronunciations in IPA become phones of Flite's English."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.speech.engines.flite_phones import IPA, phones


@pytest.mark.parametrize(
    ("ipa", "expected"),
    [
        ("pɪˈkɑːn", ["p", "ih0", "k", "aa1", "n"]),
        ("həˈloʊ", ["hh", "ax0", "l", "ow1"]),
        ("t͡ʃɜːɹt͡ʃ", ["ch", "er0", "ch"]),
        ("iç", ["iy0", "hh", "y"]),
        ("ˈmɔ̃.tɐ", ["m", "ao1", "t", "ax0"]),
    ],
)
def test_pronunciations(ipa: str, expected: list[str]) -> None:
    assert phones(ipa) == expected


@pytest.mark.parametrize("ipa", ["ǃ", "", "ˈ", "ː"])
def test_what_is_no_sound_of_english(ipa: str) -> None:
    with pytest.raises(ValueError):
        phones(ipa)


@given(st.lists(st.sampled_from(sorted(set(IPA.values()))), min_size=1, max_size=8))
def test_every_sound_it_tells_can_be_said(sounds: list[str]) -> None:
    assert {phone.rstrip("01") for phone in phones("".join(sounds))} <= set(IPA)
