"""IPA -> the phoneme mnemonics of eSpeak NG (after Kirshenbaum's ASCII-IPA), which its text takes between [[ and ]]."""

from __future__ import annotations

import unicodedata

_CONSONANTS = {
    "p": "p", "b": "b", "t": "t", "d": "d", "k": "k", "ɡ": "g", "f": "f", "v": "v", "θ": "T", "ð": "D", "s": "s",
    "z": "z", "ʃ": "S", "ʒ": "Z", "h": "h", "m": "m", "n": "n", "ŋ": "N", "l": "l", "ɫ": "l", "r": "r", "ɹ": "r",
    "ɾ": "*", "ʁ": "R", "ʀ": "R", "w": "w", "j": "j", "x": "x", "ç": "C", "ɣ": "Q", "β": "B", "ɲ": "n^", "ʎ": "l^",
    "ʔ": "?", "tʃ": "tS", "dʒ": "dZ", "ts": "ts", "dz": "dz", "pf": "pF", "ʋ": "v", "ɥ": "w", "χ": "x", "ɦ": "h",
}  # fmt: skip
_ENGLISH = {
    **_CONSONANTS, "ts": "t s", "dz": "d z", "pf": "p f", "x": "x", "ç": "h j", "ʁ": "r", "ʀ": "r", "ɣ": "g",
    "β": "v", "ɲ": "n j", "ʎ": "l j",
    "iː": "i:", "i": "i", "ɪ": "I", "eɪ": "eI", "e": "eI", "ɛ": "E", "æ": "a", "a": "a", "ɑː": "A:", "ɑ": "A:",
    "ɒ": "0", "ɔː": "O:", "ɔ": "O:", "oʊ": "oU", "o": "oU", "əʊ": "oU", "ʊ": "U", "uː": "u:", "u": "u:", "ʌ": "V",
    "ə": "@", "ɚ": "3", "ɝ": "3:", "ɜː": "3:", "ɜ": "3:", "ɜːɹ": "3:", "əɹ": "3", "aɪ": "aI", "aʊ": "aU", "ɔɪ": "OI",
    "ɪɹ": "i@", "ɛɹ": "e@", "ʊɹ": "U@", "ɑɹ": "A@", "ɑːɹ": "A@", "ɔɹ": "O@", "ɔːɹ": "O@", "ɪə": "i@", "eə": "e@",
    "ʊə": "U@", "ɐ": "a#", "ɨ": "I", "ᵻ": "I", "y": "u:", "ø": "3:", "œ": "3:",
}  # fmt: skip
_ANY = {
    **_CONSONANTS, "ts": "ts", "a": "a", "aː": "a:", "ɑ": "A", "ɑː": "A:", "e": "e", "eː": "e:", "ɛ": "E", "ɛː": "E:",
    "i": "i", "iː": "i:", "ɪ": "I", "o": "o", "oː": "o:", "ɔ": "O", "ɔː": "O:", "u": "u", "uː": "u:", "ʊ": "U",
    "y": "y", "yː": "y:", "ʏ": "y", "ø": "Y", "øː": "Y:", "œ": "W", "ə": "@", "ɐ": "@", "ʌ": "V", "æ": "a",
    "aɪ": "aI", "aʊ": "aU", "ɔʏ": "OY", "ɔɪ": "OY", "eɪ": "eI", "oʊ": "oU", "ɑ̃": "A~", "ɔ̃": "O~", "ɛ̃": "E~",
    "œ̃": "W~",
}  # fmt: skip
#: Signs that change neither sound nor stress as far as these voices go.
_SKIPPED = frozenset(".‿| ʰʲʷˑ͜͡ːʼ˞̩̥̪")


def mnemonics(ipa: str, voice: str) -> str:
    """``ipa`` in the mnemonics of ``voice`` ("en-us+f3").

    Raises:
        ValueError: a sound that the voice's language does not have.
    """
    table = _ENGLISH if voice.startswith("en") else _ANY
    longest = max(map(len, table))
    text = unicodedata.normalize("NFC", "".join(sign for sign in unicodedata.normalize("NFD", ipa) if sign not in "͜͡"))
    text = unicodedata.normalize("NFD", text).replace("ç", "ç")
    out, position = [], 0
    while position < len(text):
        sign = text[position]
        if sign in "ˈˌ":
            out.append("'" if sign == "ˈ" else ",")
            position += 1
            continue
        for length in range(min(longest, len(text) - position), 0, -1):
            if (known := table.get(text[position : position + length])) is not None:
                # A bar keeps two mnemonics apart that would be read as one.
                out.append(known.replace(" ", "|"))
                position += length
                break
        else:
            if sign not in _SKIPPED and not unicodedata.combining(sign):
                raise ValueError("the voice's language does not have a sound of that pronunciation")
            position += 1
    return _joined(out)


def _joined(parts: list[str]) -> str:
    joined = ""
    for part in parts:
        joined += part if not joined or joined[-1] in "'," or part in "'," else "|" + part
    return joined
