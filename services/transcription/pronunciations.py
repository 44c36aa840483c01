"""How the phrases of a custom vocabulary are said: phonemes from IPA, from "sounds like", or from the spelling.

Phonemes are ARPAbet without stress, as American English dictionaries have them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from services.transcription.letters_to_sounds import LettersToSounds
from services.transcription.recognition import Phrase

Phonemes = tuple[str, ...]
#: The pronunciations that a dictionary has of a word; empty if it has none.
Dictionary = Callable[[str], Sequence[Phonemes]]

#: Pronunciations kept of a phrase.
_MOST = 4

#: The longest symbols first, for they begin with shorter ones.
_IPA = {
    "aɪ": "AY", "aʊ": "AW", "eɪ": "EY", "oʊ": "OW", "əʊ": "OW", "ɔɪ": "OY", "tʃ": "CH", "dʒ": "JH", "t͡ʃ": "CH",
    "d͡ʒ": "JH", "ɪə": "IH R", "eə": "EH R", "ʊə": "UH R", "ɑ": "AA", "a": "AA", "ɒ": "AA", "æ": "AE", "ʌ": "AH",
    "ə": "AH", "ɐ": "AH", "ɔ": "AO", "o": "OW", "e": "EY", "ɛ": "EH", "ɜ": "ER", "ɝ": "ER", "ɚ": "ER", "ɪ": "IH",
    "i": "IY", "ʊ": "UH", "u": "UW", "y": "Y UW", "b": "B", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "g": "G",
    "h": "HH", "j": "Y", "k": "K", "l": "L", "ɫ": "L", "m": "M", "n": "N", "ŋ": "NG", "p": "P", "r": "R", "ɹ": "R",
    "ɾ": "T", "s": "S", "ʃ": "SH", "t": "T", "ʔ": "T", "θ": "TH", "v": "V", "w": "W", "ʍ": "W", "x": "K", "z": "Z",
    "ʒ": "ZH", "n̩": "AH N", "l̩": "AH L", "m̩": "AH M",
}  # fmt: skip
_IPA_LENGTHS = sorted({len(symbol) for symbol in _IPA}, reverse=True)
#: Stress, length, ties, syllable boundaries: they change no phoneme here.
_IPA_SILENT = frozenset("ˈˌ.ːˑ ‿|͡ʰ̃ʲˠ'")

_LETTERS = {
    "a": "EY", "b": "B IY", "c": "S IY", "d": "D IY", "e": "IY", "f": "EH F", "g": "JH IY", "h": "EY CH", "i": "AY",
    "j": "JH EY", "k": "K EY", "l": "EH L", "m": "EH M", "n": "EH N", "o": "OW", "p": "P IY", "q": "K Y UW",
    "r": "AA R", "s": "EH S", "t": "T IY", "u": "Y UW", "v": "V IY", "w": "D AH B AH L Y UW", "x": "EH K S",
    "y": "W AY", "z": "Z IY",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Spoken:
    """A phrase as it is said. ``words``: what is written, one string a spoken word; or one string for all of them.

    ``pronunciations``: each has as many parts as ``words``.
    """

    words: tuple[str, ...]
    pronunciations: tuple[tuple[Phonemes, ...], ...]


class UnpronounceableError(ValueError):
    """Nothing says how the phrase sounds: an IPA symbol English lacks, or no letters at all."""


def spoken(phrase: Phrase, dictionary: Dictionary, guess: LettersToSounds) -> Spoken:
    """How a phrase is said and written.

    Raises:
        UnpronounceableError: there is no way to say it.
    """
    words = [part for part in phrase.text.split("-") if part]
    display = tuple(phrase.display_as.split()) if phrase.display_as else tuple(_written(word) for word in words)
    if phrase.ipa:
        readings: list[tuple[Phonemes, ...]] = [(from_ipa(phrase.ipa),)]
    elif phrase.sounds_like:
        readings = [(choice,) for choice in _from_syllables(phrase.sounds_like, guess)]
    else:
        choices = [list(_of_word(word, dictionary, guess)) for word in words]
        if not choices or not all(choices):
            raise UnpronounceableError("no letters to say")
        readings = [tuple(choice) for choice in islice(product(*choices), _MOST)]
        if len(display) == len(words):
            return Spoken(display, tuple(readings))
    # Where the parts of the sound are not known word by word, the phrase is one item.
    joined = [tuple(phoneme for part in reading for phoneme in part) for reading in readings]
    if not joined or not all(joined):
        raise UnpronounceableError("no letters to say")
    return Spoken((" ".join(display),), tuple((reading,) for reading in joined))


def from_ipa(text: str) -> Phonemes:
    """ARPAbet of an IPA transcription, with or without spaces between its symbols.

    Raises:
        UnpronounceableError: a symbol of a sound that English does not have.
    """
    phonemes: list[str] = []
    at = 0
    while at < len(text):
        for length in _IPA_LENGTHS:
            symbol = text[at : at + length]
            if len(symbol) == length and symbol in _IPA:
                phonemes.extend(_IPA[symbol].split())
                at += length
                break
        else:
            if text[at] not in _IPA_SILENT:
                raise UnpronounceableError(f"the symbol at {at + 1} stands for no English sound")
            at += 1
    if not phonemes:
        raise UnpronounceableError("no sounds")
    return tuple(phonemes)


def _written(word: str) -> str:
    """A word of a phrase as it stands in a transcript: "A.B.C." is ABC."""
    return word.replace(".", "") if _is_spelt(word) else word


def _is_spelt(word: str) -> bool:
    """Whether the letters are said one by one: "A.B.C.", "e.u."."""
    letters = word.split(".")
    return len(letters) > 1 and all(len(letter.rstrip("s")) <= 1 for letter in letters)


def _of_word(word: str, dictionary: Dictionary, guess: LettersToSounds) -> Iterator[Phonemes]:
    if _is_spelt(word):
        phonemes = [phoneme for letter in word.lower() if letter in _LETTERS for phoneme in _LETTERS[letter].split()]
        if phonemes:
            yield tuple(phonemes)
        return
    known = dictionary(word.lower().replace(".", ""))
    if known:
        yield from known[:_MOST]
        return
    yield from (phonemes for phonemes, _ in guess.pronounce(word, 3))


def _from_syllables(sounds_like: str, guess: LettersToSounds) -> list[Phonemes]:
    """What the syllables would sound like as English words of their own."""
    choices = [guess.pronounce(syllable, 2) for syllable in sounds_like.split("-") if syllable]
    if not choices or not all(choices):
        raise UnpronounceableError("no letters to say")
    whole: list[tuple[float, Phonemes]] = []
    for choice in islice(product(*choices), 64):
        chance = 1.0
        phonemes: list[str] = []
        for part, probability in choice:
            chance *= probability
            phonemes.extend(part)
        whole.append((chance, tuple(phonemes)))
    return list(dict.fromkeys(phonemes for _, phonemes in sorted(whole, key=lambda item: -item[0])))[:_MOST]
