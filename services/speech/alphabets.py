"""Phonetic alphabets: X-SAMPA (Wells, 1995) and IPA."""

from __future__ import annotations

import unicodedata

#: X-SAMPA -> IPA. Matched longest first.
_XSAMPA = {
    "_h": "ʰ", "_j": "ʲ", "_w": "ʷ", "_~": "̃", "~": "̃", "_=": "̩", "=": "̩", "_>": "ʼ", "_0": "̥", "_d": "̪",
    ":": "ː", ":\\": "ˑ", '"': "ˈ", "%": "ˌ", "-": "", ".": ".", "'": "ʲ", "`": "˞",
    "a": "a", "b": "b", "c": "c", "d": "d", "e": "e", "f": "f", "g": "ɡ", "h": "h", "i": "i", "j": "j", "k": "k",
    "l": "l", "m": "m", "n": "n", "o": "o", "p": "p", "q": "q", "r": "r", "s": "s", "t": "t", "u": "u", "v": "v",
    "w": "w", "x": "x", "y": "y", "z": "z",
    "A": "ɑ", "B": "β", "C": "ç", "D": "ð", "E": "ɛ", "F": "ɱ", "G": "ɣ", "H": "ɥ", "I": "ɪ", "J": "ɲ", "K": "ɬ",
    "L": "ʎ", "M": "ɯ", "N": "ŋ", "O": "ɔ", "P": "ʋ", "Q": "ɒ", "R": "ʁ", "S": "ʃ", "T": "θ", "U": "ʊ", "V": "ʌ",
    "W": "ʍ", "X": "χ", "Y": "ʏ", "Z": "ʒ", "@": "ə", "{": "æ", "}": "ʉ", "1": "ɨ", "2": "ø", "3": "ɜ", "4": "ɾ",
    "5": "ɫ", "6": "ɐ", "7": "ɤ", "8": "ɵ", "9": "œ", "&": "ɶ", "?": "ʔ",
    "@`": "ɚ", "3`": "ɝ", "@\\": "ɘ", "3\\": "ɞ", "r\\": "ɹ", "r\\`": "ɻ", "r`": "ɽ", "R\\": "ʀ", "d`": "ɖ",
    "t`": "ʈ", "n`": "ɳ", "l`": "ɭ", "s`": "ʂ", "z`": "ʐ", "s\\": "ɕ", "z\\": "ʑ", "x\\": "ɧ", "h\\": "ɦ",
    "j\\": "ʝ", "p\\": "ɸ", "v\\": "ʋ", "N\\": "ɴ", "L\\": "ʟ", "K\\": "ɮ", "M\\": "ɰ", "I\\": "ᵻ", "U\\": "ᵿ",
    "B\\": "ʙ", "G\\": "ɢ", "H\\": "ʜ", "X\\": "ħ", "?\\": "ʕ",
}  # fmt: skip
_LONGEST = max(map(len, _XSAMPA))
#: Signs of IPA beside letters.
_IPA_SIGNS = frozenset("ˈˌːˑ.ʰʲʷ˞ʼ ‿|ˤˠ̃͜͡")
_IPA_LETTERS = (frozenset("".join(_XSAMPA.values())) | frozenset("ʘǀǃǂǁɓɗʄɠʛɺʦʧʨʣʤʥ")) - _IPA_SIGNS
MAX_CHARACTERS = 250


def to_ipa(pronunciation: str, alphabet: str) -> str:
    """``pronunciation`` ("ipa" or "x-sampa") in IPA.

    Raises:
        ValueError: it has a sign that the alphabet does not have; the message names its position.
    """
    if len(pronunciation) > MAX_CHARACTERS:
        raise ValueError(f"it is longer than {MAX_CHARACTERS} characters")
    return _from_ipa(pronunciation) if alphabet == "ipa" else _from_xsampa(pronunciation)


def _from_ipa(pronunciation: str) -> str:
    # Some keyboards write these for the IPA's own letters and signs.
    text = unicodedata.normalize("NFD", pronunciation.strip()).replace("ç", "ç")
    text = text.replace("g", "ɡ").replace(":", "ː").replace("'", "ˈ").replace("ɔ̃", "ɔ̃")
    for position, sign in enumerate(text, start=1):
        if sign not in _IPA_LETTERS and sign not in _IPA_SIGNS and not unicodedata.combining(sign):
            raise ValueError(f"character {position} is no sign of it")
    if not any(sign in _IPA_LETTERS for sign in text):
        raise ValueError("it has no sound")
    return text


def _from_xsampa(pronunciation: str) -> str:
    text, out, position = pronunciation.strip(), [], 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        for length in range(min(_LONGEST, len(text) - position), 0, -1):
            if (sign := _XSAMPA.get(text[position : position + length])) is not None:
                out.append(sign)
                position += length
                break
        else:
            raise ValueError(f"character {position + 1} is no sign of it")
    if not any(sign in _IPA_LETTERS for sign in out):
        raise ValueError("it has no sound")
    return "".join(out)
