"""IPA and the phones of Flite's US English (the "radio" set of CMU's Festival voices)."""

from __future__ import annotations

import unicodedata

#: Phone -> IPA; a pause has none.
IPA = {
    "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "aʊ", "ax": "ə", "axr": "ɚ", "ay": "aɪ", "b": "b", "ch": "tʃ",
    "d": "d", "dh": "ð", "dx": "ɾ", "eh": "ɛ", "el": "l", "em": "m", "en": "n", "er": "ɝ", "ey": "eɪ", "f": "f",
    "g": "ɡ", "hh": "h", "hv": "h", "ih": "ɪ", "iy": "i", "jh": "dʒ", "k": "k", "l": "l", "m": "m", "n": "n",
    "nx": "n", "ng": "ŋ", "ow": "oʊ", "oy": "ɔɪ", "p": "p", "r": "ɹ", "s": "s", "sh": "ʃ", "t": "t", "th": "θ",
    "uh": "ʊ", "uw": "u", "v": "v", "w": "w", "y": "j", "z": "z", "zh": "ʒ",
}  # fmt: skip
_VOWELS = frozenset({"aa", "ae", "ah", "ao", "aw", "ax", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw"})
#: Sounds of English, then the nearest English ones for sounds of other languages.
_PHONES = {
    "p": "p", "b": "b", "t": "t", "d": "d", "k": "k", "ɡ": "g", "g": "g", "f": "f", "v": "v", "θ": "th", "ð": "dh",
    "s": "s", "z": "z", "ʃ": "sh", "ʒ": "zh", "h": "hh", "m": "m", "n": "n", "ŋ": "ng", "l": "l", "ɫ": "l", "r": "r",
    "ɹ": "r", "ɾ": "d", "w": "w", "j": "y", "tʃ": "ch", "dʒ": "jh", "ʔ": "t",
    "i": "iy", "ɪ": "ih", "eɪ": "ey", "e": "ey", "ɛ": "eh", "æ": "ae", "a": "aa", "ɑ": "aa", "ɒ": "aa", "ɔ": "ao",
    "oʊ": "ow", "əʊ": "ow", "o": "ow", "ʊ": "uh", "u": "uw", "ʌ": "ah", "ə": "ax", "ɐ": "ax", "ɨ": "ih", "ᵻ": "ih",
    "ɚ": "er", "ɝ": "er", "ɜ": "er", "ɜɹ": "er", "əɹ": "er", "aɪ": "ay", "aʊ": "aw", "ɔɪ": "oy",
    "ɪə": "ih r", "eə": "eh r", "ʊə": "uh r", "x": "k", "ç": "hh y", "ɣ": "g", "β": "v", "ɲ": "n y", "ʎ": "l y",
    "ʁ": "r", "ʀ": "r", "y": "uw", "ø": "er", "œ": "er", "ts": "t s", "dz": "d z", "pf": "p f",
}  # fmt: skip
_LONGEST = max(map(len, _PHONES))
#: Signs that change neither sound nor stress as far as these voices go.
_SKIPPED = frozenset(".‿| ʰʲʷˑːʼ˞")


def phones(ipa: str) -> list[str]:
    """A pronunciation in IPA as the engine's phones; vowels end in 1 (stressed) or 0.

    Raises:
        ValueError: a sound that is none of English and near to none.
    """
    text = "".join(map(_plain, unicodedata.normalize("NFC", ipa)))
    out: list[str] = []
    stressed, position = False, 0
    while position < len(text):
        if text[position] in "ˈˌ":
            stressed = text[position] == "ˈ"
            position += 1
            continue
        for length in range(min(_LONGEST, len(text) - position), 0, -1):
            if (known := _PHONES.get(text[position : position + length])) is not None:
                break
        else:
            raise ValueError("English does not have a sound of that pronunciation")
        for phone in known.split():
            is_vowel = phone in _VOWELS
            out.append(f"{phone}{int(stressed)}" if is_vowel else phone)
            stressed &= not is_vowel
        position += length
    if not out:
        raise ValueError("it has no sound")
    return out


def _plain(letter: str) -> str:
    """A letter of IPA without the marks on it; nothing for a sign that is no sound."""
    if letter == "ç":  # a letter of its own, which decomposing would take apart
        return letter
    return (
        ""
        if letter in _SKIPPED
        else "".join(sign for sign in unicodedata.normalize("NFD", letter) if not unicodedata.combining(sign))
    )
