"""Visemes: the shape of the mouth for a speech sound, in Polly's seventeen names."""

from __future__ import annotations

SILENCE = "sil"

#: IPA letter -> viseme. Length, stress and other marks do not change the mouth.
_VISEMES = {
    **dict.fromkeys("bmpʙ", "p"),
    **dict.fromkeys("dntlɫɾɖʈɳɭɲʎc", "t"),
    **dict.fromkeys("ʃʒɕʑʂʐ", "S"),
    **dict.fromkeys("θð", "T"),
    **dict.fromkeys("fvɱʋɸβ", "f"),
    **dict.fromkeys("ɡkŋhxɣχqɢʔɦħʕçʝ", "k"),
    **dict.fromkeys("ji", "i"), **dict.fromkeys("ɪᵻ", "i"),
    **dict.fromkeys("ɹrɻʁʀɽ", "r"),
    **dict.fromkeys("sz", "s"),
    **dict.fromkeys("uʊwɥyʏʉᵿɯʍɰ", "u"),
    **dict.fromkeys("əɚɐɘɵɤɨ", "@"),
    **dict.fromkeys("aæɑɶ", "a"),
    **dict.fromkeys("eø", "e"),
    **dict.fromkeys("ɛɜɝʌœɞ", "E"),
    **dict.fromkeys("o", "o"),
    **dict.fromkeys("ɔɒ", "O"),
}  # fmt: skip
_AFFRICATES = {"tʃ": "S", "dʒ": "S", "tɕ": "S", "dʑ": "S", "tʂ": "S"}


def viseme(ipa: str) -> str | None:
    """The viseme of one sound; None for what is no sound (stress, length, a tone)."""
    letters = "".join(letter for letter in ipa if letter in _VISEMES)
    if not letters:
        return None
    return _AFFRICATES.get(letters[:2], _VISEMES[letters[0]])
