"""PocketSphinx (Carnegie Mellon University, Huggins-Daines and others; BSD): the library's decoder made ours.

Used inside the decoder's process only. Three passes: a tree of the dictionary, a flat lexicon of the words that
survive, the best path of the word lattice with the trigram model.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.transcription.engines.pocketsphinx_lattice import competitors
from services.transcription.letters_to_sounds import LettersToSounds
from services.transcription.pronunciations import Phonemes, Spoken, UnpronounceableError, spoken
from services.transcription.recognition import Phrase
from services.transcription.tasks import Reading, Readings, Word

#: Frames a second.
_RATE = 100
_ALTERNATE = re.compile(r"\(\d+\)$")
#: How often a phrase of the vocabulary is expected, over a word's average share of the language model.
_VOCABULARY_WEIGHT = 100.0
#: Decoders kept, each with a vocabulary of its own.
_KEPT = 2
#: Of the library's posterior p: confidence = sigmoid(slope * logit(p) + offset), fitted on held-out speech
#: (bench/recognition.py).
_SLOPE, _OFFSET = 0.5, 0.9
_CERTAIN = 1e-4
#: An utterance shorter than 4 s is too short for a cepstral mean of its own.
_SHORT_BYTES = 4 * 2 * 16_000

#: A cepstral mean: what microphone and room add to every sound, and the speaker's average.
Mean = tuple[float, ...]

#: Wider beams than the library's own, found on one half of sixteen read sentences and checked on the other; still wider
#: ones, more language weight, other warps of the spectrum and votes between them gave nothing (bench/recognition.py).
_BATCH = {
    "cmn": "live", "beam": 1e-54, "wbeam": 1e-35, "pbeam": 1e-54,
    "fwdflatbeam": 1e-70, "fwdflatwbeam": 1e-34, "lw": 6.0,
}  # fmt: skip
#: The second pass costs time at the end of the utterance and gives nothing there.
_LIVE = {"cmn": "live", "fwdflat": False}


@dataclass(frozen=True, slots=True)
class VocabularyWord:
    """A pronunciation of a phrase, one word to the decoder. Each part: what is written, and how many phonemes."""

    parts: tuple[tuple[str, int], ...]


class Ear:
    """Measures sound without decoding it: a decoder without words and language, in eight megabytes."""

    def __init__(self) -> None:
        import pocketsphinx  # type: ignore[import-untyped]

        phones = pocketsphinx.get_model_path("en-us/en-us-phone.lm.bin")
        self._library: Any = pocketsphinx.Decoder(loglevel="FATAL", lm=None, dict=None, allphone=phones)

    def mean(self, samples: bytes) -> Mean:
        """The cepstral mean."""
        self._library.reinit_feat()
        self._library.start_utt()
        self._library.process_raw(samples, no_search=True, full_utt=True)
        mean = tuple(float(value) for value in self._library.get_cmn(False).split(","))
        self._library.end_utt()
        return mean


def written_mean(mean: Mean) -> str:
    """As the library takes it."""
    return ",".join(f"{value:.6g}" for value in mean)


class Decoders:
    """Makes decoders, and keeps the last few: making one takes half a second."""

    def __init__(self, letters: LettersToSounds) -> None:
        self._letters = letters
        self._made: OrderedDict[tuple[bool, tuple[Phrase, ...]], SphinxDecoder] = OrderedDict()

    def get(self, vocabulary: tuple[Phrase, ...], *, live: bool) -> SphinxDecoder:
        key = (live, vocabulary)
        found = self._made.pop(key, None)
        if found is None:
            while len(self._made) >= _KEPT:
                self._made.popitem(last=False)
            found = SphinxDecoder(vocabulary, self._letters, live=live)
        self._made[key] = found
        return found


class SphinxDecoder:
    """The library's decoder with a vocabulary in its dictionary and in its language model."""

    def __init__(self, vocabulary: Sequence[Phrase], letters: LettersToSounds, *, live: bool) -> None:
        import pocketsphinx

        self.library: Any = pocketsphinx.Decoder(loglevel="FATAL", **(_LIVE if live else _BATCH))
        self._ear = Ear()
        self._vocabulary: dict[str, VocabularyWord] = {}
        self._add([phrase for phrase in vocabulary if phrase.text], letters)

    def recognise(self, samples: bytes, most: int, before: bytes = b"") -> Readings:
        """An utterance as a whole: its cepstral mean is taken of all of it, before it is decoded.

        ``before``: speech from before it in the channel; the mean of a short utterance is taken of both.
        """
        if not samples:
            return ()
        # The library keeps more of what it heard before than the mean: without this, an utterance after a short one is
        # garbage, and every answer depends on whose came before.
        self.library.reinit_feat()
        if before and len(samples) < _SHORT_BYTES:
            self.library.set_cmn(written_mean(self._ear.mean(before + samples)))
            self.library.start_utt()
            self.library.process_raw(samples, no_search=False, full_utt=False)
        else:
            self.library.start_utt()
            self.library.process_raw(samples, no_search=False, full_utt=True)
        self.library.end_utt()
        return self.readings(most)

    def mean(self, samples: bytes) -> Mean:
        """The cepstral mean of some sound."""
        return self._ear.mean(samples)

    def readings(self, most: int) -> Readings:
        """What the ended utterance was; the best reading and up to ``most`` - 1 others."""
        if self.library.hyp() is None:
            return ()
        entries = [(s.word, s.start_frame, s.end_frame + 1, s.prob) for s in self.library.seg()]
        best = self._words(entries)
        if not best:
            return ()
        readings = [Reading(tuple(word for words in best for word in words))]
        if most > 1:
            readings.extend(self._others(entries, most - 1))
        return tuple(readings)

    def partial(self) -> tuple[Word, ...]:
        """What the utterance under way seems to be; confidences are 0, for there is no lattice yet."""
        if self.library.hyp() is None:
            return ()
        entries = [(s.word, s.start_frame, s.end_frame + 1, None) for s in self.library.seg()]
        return tuple(word for words in self._words(entries) for word in words)

    def _words(self, entries: Sequence[tuple[str, int, int, float | None]]) -> list[tuple[Word, ...]]:
        """The words of each entry that has any: silence and noises have none."""
        found = (self._of_entry(name, start, end, chance) for name, start, end, chance in entries)
        return [words for words in found if words]

    def _of_entry(self, name: str, start: int, end: int, chance: float | None) -> tuple[Word, ...]:
        if name[0] in "<[+":
            return ()
        confidence = 0.0 if chance is None else calibrated(chance)
        phrase = self._vocabulary.get(_ALTERNATE.sub("", name))
        if phrase is None:
            return (Word(_ALTERNATE.sub("", name), start / _RATE, end / _RATE, confidence),)
        # The library times the phrase as a whole; its words share it by their phonemes.
        phonemes = sum(count for _, count in phrase.parts)
        words: list[Word] = []
        done = 0
        for text, count in phrase.parts:
            begin = start + (end - start) * done / phonemes
            done += count
            until = start + (end - start) * done / phonemes
            words.append(Word(text, round(begin / _RATE, 3), round(until / _RATE, 3), confidence))
        return tuple(words)

    def _others(self, entries: Sequence[tuple[str, int, int, float]], most: int) -> list[Reading]:
        """Readings with one word exchanged for its strongest competitors of the lattice, the most probable first."""
        lattice = self.library.get_lattice()
        if lattice is None:
            return []
        own = ["" if name[0] in "<[+" else _ALTERNATE.sub("", name) for name, *_ in entries]
        changed: dict[str, Reading] = {" ".join(own): Reading(())}
        for place, (name, start, end), chance in competitors(
            lattice, list(zip(own, (e[1] for e in entries), (e[2] for e in entries), strict=True))
        ):
            others = [*entries[:place], (name, start, end, chance), *entries[place + 1 :]]
            text = " ".join([*own[:place], name, *own[place + 1 :]])
            if text not in changed:
                changed[text] = Reading(tuple(word for words in self._words(others) for word in words))
            if len(changed) > most:
                break
        return list(changed.values())[1:]

    # -- the vocabulary

    def _add(self, vocabulary: Sequence[Phrase], letters: LettersToSounds) -> None:
        names: list[tuple[str, str]] = []
        for number, phrase in enumerate(vocabulary):
            try:
                said = spoken(phrase, self._known, letters)
            except UnpronounceableError:
                # Refused where the vocabulary was made, if its author is to hear of it; here the rest must go on.
                continue
            for variant, parts in enumerate(said.pronunciations):
                name = f"_{number}_{variant}_"
                self._vocabulary[name] = VocabularyWord(_parts(said, parts))
                names.append((name, " ".join(phoneme for part in parts for phoneme in part)))
        model = self.library.get_lm()
        for name, _ in names:
            model.add_word(name, _VOCABULARY_WEIGHT)
        for name, phonemes in names:
            self.library.add_word(name, phonemes, name == names[-1][0])

    def _known(self, word: str) -> list[Phonemes]:
        """The dictionary's pronunciations of a word."""
        found: list[Phonemes] = []
        for name in (word, *(f"{word}({number})" for number in range(2, 5))):
            phonemes = self.library.lookup_word(name)
            if phonemes is None:
                break
            found.append(tuple(phonemes.split()))
        return found


def calibrated(posterior: float) -> float:
    """The probability that a word with this posterior of the library's lattice is right."""
    bounded = min(max(posterior, _CERTAIN), 1.0 - _CERTAIN)
    logit = _SLOPE * math.log(bounded / (1.0 - bounded)) + _OFFSET
    return round(1.0 / (1.0 + math.exp(-logit)), 4)


def _parts(said: Spoken, parts: tuple[Phonemes, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((text, len(phonemes)) for text, phonemes in zip(said.words, parts, strict=True))
