"""Flite (Black and Lenzo, Carnegie Mellon University; BSD-like licence): statistical parametric voices of US English.

The library is the system's (Debian: libflite1); its voices are libraries beside it. It is reached by its C interface
(cst_utterance.h, cst_item.h), word by word, so that a pronunciation stands for a word and each word's time is known.
"""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from services.speech.engines.flite_phones import IPA, phones
from services.speech.phrases import Phone, Phrase, Samples, Speech, Spoken
from shared import errors
from shared.models.catalog import CatalogEntry

_PUNCTUATION = ".,;:!?"
#: What the library's tokens are made of once accents are gone; it ends the process over some other bytes.
_SPEAKABLE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'-.,$%&/:+=#@")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "–": "-", "—": "-", "\N{NO-BREAK SPACE}": " "})
#: Letters of one token; a longer word is cut off, for the library has fixed buffers.
_MAX_LETTERS = 60
_FIRST_SOUND = b"R:SylStructure.daughter1.daughter1.R:Segment.p.end"
_LAST_SOUND = b"R:SylStructure.daughtern.daughtern.R:Segment.end"


class _Wave(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_char_p),
        ("sample_rate", ctypes.c_int),
        ("num_samples", ctypes.c_int),
        ("num_channels", ctypes.c_int),
        ("samples", ctypes.POINTER(ctypes.c_short)),
    )


class _Utterance(ctypes.Structure):
    _fields_ = (("features", ctypes.c_void_p),)  # and more that is not needed here


@dataclass(frozen=True, slots=True)
class _Piece:
    """Some words of a phrase in one manner, as sound."""

    samples: Samples
    starts: list[float | None]
    phones: list[Phone]


class FliteEngine:
    """Phrases in, ``Speech`` out."""

    def __init__(self, library: Any, voices: dict[str, int], sample_rate: int) -> None:
        self._library = library
        self._voices = voices
        self._sample_rate = sample_rate

    def run(self, items: Sequence[Phrase]) -> Sequence[Speech]:
        """Speak each phrase.

        Raises:
            InvalidArgument: InvalidSsmlException; a pronunciation has a sound that English lacks.
        """
        return [self._speak(phrase) for phrase in items]

    def close(self) -> None:
        """The voices stay until the process ends: the library frees them then."""

    def _speak(self, phrase: Phrase) -> Speech:
        samples: list[Samples] = []
        starts: list[float | None] = []
        sounds: list[Phone] = []
        begin = 0.0
        # Rate and pitch hold for a whole utterance, so each manner is one.
        for (rate, pitch), words in groupby(phrase.words, key=lambda word: (word.rate, word.pitch)):
            piece = self._utter(list(words), self._voices[phrase.voice], rate, pitch)
            starts += [None if start is None else begin + start for start in piece.starts]
            sounds += [Phone(phone.ipa, begin + phone.seconds) for phone in piece.phones]
            samples.append(piece.samples)
            begin += len(piece.samples) / self._sample_rate
        whole = np.concatenate(samples) if samples else np.zeros(0, np.int16)
        return Speech(whole, self._sample_rate, tuple(starts), tuple(sounds))

    def _utter(self, words: list[Spoken], voice: int, rate: float, pitch: float) -> _Piece:
        library = self._library
        tokens = [_token(word) for word in words]
        starts: list[float | None] = [None] * len(words)
        if not any(tokens):
            return _Piece(np.zeros(0, np.int16), starts, [])
        utterance = library.new_utterance()
        try:
            library.utt_init(utterance, voice)
            self._set_manner(utterance, rate, pitch)
            relation = library.utt_relation_create(utterance, b"Token")
            for index, (word, token) in enumerate(zip(words, tokens, strict=True)):
                if token:
                    self._append(library.relation_append(relation, None), word, token, index)
            library.utt_synth_tokens(utterance)
            wave = ctypes.cast(library.utt_wave(utterance), ctypes.POINTER(_Wave)).contents
            samples = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).astype(np.int16, copy=True)
            for index, start in self._starts(utterance):
                if starts[index] is None:
                    starts[index] = start
            return _Piece(samples, starts, list(self._phones(utterance)))
        finally:
            library.delete_utterance(utterance)

    def _set_manner(self, utterance: int, rate: float, pitch: float) -> None:
        features = ctypes.cast(utterance, ctypes.POINTER(_Utterance)).contents.features
        if rate != 1.0:
            stretch = self._library.get_param_float(features, b"duration_stretch", 1.0)
            self._library.feat_set_float(features, b"duration_stretch", stretch / rate)
        if pitch != 1.0:
            self._library.feat_set_float(features, b"f0_shift", pitch)

    def _append(self, item: int, word: Spoken, token: str, index: int) -> None:
        library = self._library
        name = token.rstrip(_PUNCTUATION) or token
        library.item_set_string(item, b"name", name.encode("ascii"))
        library.item_set_string(item, b"whitespace", b" ")
        library.item_set_string(item, b"prepunctuation", b"")
        library.item_set_string(item, b"punc", token[len(name) :][:1].encode("ascii"))
        library.item_set_string(item, b"nonet_word", str(index).encode())
        if word.ipa:
            library.item_set(item, b"phones", self._list(_phones_of(word)))

    def _list(self, names: Sequence[str]) -> int:
        """The library's list of strings; it belongs to the item that gets it."""
        head = 0
        for name in reversed(names):
            head = self._library.cons_val(self._library.string_val(name.encode("ascii")), head)
        return head

    def _starts(self, utterance: int) -> Iterator[tuple[int, float]]:
        """Index of a word and when the library's word for it begins, in seconds."""
        for item in self._items(utterance, b"Word"):
            index = self._library.ffeature_string(item, b"R:Token.parent.nonet_word")
            # A word without sounds (a lone sign) begins nowhere.
            if index.isdigit() and self._library.ffeature_float(item, _LAST_SOUND) > 0.0:
                yield int(index), self._library.ffeature_float(item, _FIRST_SOUND)

    def _phones(self, utterance: int) -> Iterator[Phone]:
        begin = 0.0
        for item in self._items(utterance, b"Segment"):
            ipa = IPA.get(self._library.item_feat_string(item, b"name").decode("ascii"))
            if ipa is not None:
                yield Phone(ipa, begin)
            begin = self._library.ffeature_float(item, b"end")

    def _items(self, utterance: int, relation: bytes) -> Iterator[int]:
        item = self._library.relation_head(self._library.utt_relation(utterance, relation))
        while item:
            yield item
            item = self._library.item_next(item)


def _token(word: Spoken) -> str:
    """The word in the library's letters; empty where nothing of it can be said."""
    folded = unicodedata.normalize("NFKD", word.text.translate(_QUOTES))
    token = "".join(letter for letter in folded if letter in _SPEAKABLE)
    body = token.rstrip(_PUNCTUATION)[:_MAX_LETTERS]
    return body + token[len(token.rstrip(_PUNCTUATION)) :] if any(map(str.isalnum, body)) else ""


def _phones_of(word: Spoken) -> list[str]:
    try:
        return phones(word.ipa)
    except ValueError as problem:
        raise errors.InvalidArgument(
            f"A pronunciation cannot be said: {problem}.", aws_code="InvalidSsmlException"
        ) from None


def load(entry: CatalogEntry, directory: Path, device: str) -> FliteEngine:
    """Open the system's library and its voices. Raises ``EngineNotInstalled``."""
    try:
        library = ctypes.CDLL(entry.libraries[0])
        voices = {}
        rows = entry.options["voice_libraries"]
        assert isinstance(rows, list)
        for name, _, file in (row.partition(" = ") for row in rows):
            register = getattr(ctypes.CDLL(file), f"register_cmu_us_{name.partition('+')[2]}")
            register.restype, register.argtypes = ctypes.c_void_p, (ctypes.c_char_p,)
            voices[name] = register(None)
    except OSError as error:
        raise errors.EngineNotInstalled(f"Flite is not on this system. Run: {entry.prerequisite}") from error
    _declare(library)
    library.flite_init()
    return FliteEngine(library, voices, int(str(entry.options["sample_rate"])))


def _declare(library: Any) -> None:
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_float
    for name, result, arguments in (
        ("new_utterance", pointer, ()),
        ("delete_utterance", None, (pointer,)),
        ("utt_init", pointer, (pointer, pointer)),
        ("utt_synth_tokens", pointer, (pointer,)),
        ("utt_wave", pointer, (pointer,)),
        ("utt_relation", pointer, (pointer, text)),
        ("utt_relation_create", pointer, (pointer, text)),
        ("relation_append", pointer, (pointer, pointer)),
        ("relation_head", pointer, (pointer,)),
        ("item_next", pointer, (pointer,)),
        ("item_set", None, (pointer, text, pointer)),
        ("item_set_string", None, (pointer, text, text)),
        ("item_feat_string", text, (pointer, text)),
        ("ffeature_string", text, (pointer, text)),
        ("ffeature_float", number, (pointer, text)),
        ("cons_val", pointer, (pointer, pointer)),
        ("string_val", pointer, (text,)),
        ("feat_set_float", None, (pointer, text, number)),
        ("get_param_float", number, (pointer, text, number)),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
