"""Which words of an utterance fill which slot: a conditional random field an intent (Lafferty et al. 2001, CRFsuite).

A bot's slot types name some values, callers say others. So in part of the training examples a value is shown as one
that no list knows, and the field learns the words around it as well.
"""

from __future__ import annotations

import datetime
import tempfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pycrfsuite  # type: ignore[import-untyped]

from services.conversation.understanding.meanings import IntentDefinition
from services.conversation.understanding.slot_types import ALWAYS_LOOKED_FOR, Findings, SlotType
from services.conversation.understanding.utterances import Example
from services.conversation.understanding.words import Word, words_of

OUTSIDE = "O"
_SETTINGS = {"c1": 0.05, "c2": 0.01, "max_iterations": 60, "feature.possible_transitions": True}
#: Of four examples, so many have their values out of no list, and so many their words hidden as well.
_UNLISTED, _UNSEEN = 2, 1
_MOST_WORDS = 300


@dataclass(frozen=True, slots=True)
class Tagged:
    """Words that fill a slot: code points, and the field's marginal probability (the least of its words)."""

    begin: int
    end: int
    slot: str
    score: float


def _shape(word: str) -> str:
    if word.isdigit():
        return f"d{min(len(word), 5)}"
    if not word[0].isalnum():
        return "m"
    return "X" if word.isupper() and len(word) > 1 else "Xx" if word[0].isupper() else "x"


def _list_features(words: Sequence[Word], types: Sequence[str], findings: Findings) -> list[list[str]]:
    """For each word the types whose values it begins or goes on."""
    features: list[list[str]] = [[] for _ in words]
    for name in types:
        for match in findings.of(name):
            inside = [i for i, w in enumerate(words) if w.begin < match.end and match.begin < w.end]
            for place, i in enumerate(inside):
                features[i].append(f"{name}:{'B' if place == 0 else 'I'}{'L' if place == len(inside) - 1 else ''}")
    return features


def _features(words: Sequence[Word], listed: Sequence[Sequence[str]], hidden: Sequence[bool]) -> list[list[str]]:
    """What the field looks at, word by word; of ``hidden`` words neither letters nor lists."""
    lower = ["*" if h else w.lower for w, h in zip(words, hidden, strict=True)]
    last = len(words) - 1
    rows = []
    for i, word in enumerate(words):
        row = ["b", f"s={_shape(word.text)}"]
        if not hidden[i]:
            row += [f"w={lower[i]}", f"p={lower[i][:3]}", f"e={lower[i][-3:]}"]
            row += [f"l={value}" for value in listed[i]]
        for step in (-2, -1, 1, 2):
            at = i + step
            if 0 <= at <= last:
                row.append(f"{step}w={lower[at]}")
                if abs(step) == 1:
                    row += [f"{step}l={value}" for value in listed[at] if not hidden[at]]
            else:
                row.append(f"{step}w={'<' if at < 0 else '>'}")
        if i > 1:
            row.append(f"-2-1w={lower[i - 2]} {lower[i - 1]}")
        if i == 1:
            row.append(f"-2-1w=< {lower[0]}")
        if 0 < i < last:
            row.append(f"-1+1w={lower[i - 1]} {lower[i + 1]}")
        if i < last - 1:
            row.append(f"+1+2w={lower[i + 1]} {lower[i + 2]}")
        rows.append(row)
    return rows


def looked_for(intent: IntentDefinition) -> list[str]:
    """The types whose values the tagger of ``intent`` sees marked."""
    return sorted({*intent.slots.values(), *ALWAYS_LOOKED_FOR})


def learn(
    examples: Sequence[Example], intent: IntentDefinition, types: Mapping[str, SlotType], now: datetime.datetime
) -> bytes | None:
    """The field of ``intent``, or None where no example has a slot. Blocks for as long as it trains."""
    marked = looked_for(intent)
    if not any(example.slots for example in examples):
        return None
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=_SETTINGS, verbose=False)
    for number, example in enumerate(examples):
        words = words_of(example.text)
        labels = [OUTSIDE] * len(words)
        listed = _list_features(words, marked, Findings(example.text, types, now))
        hidden = [False] * len(words)
        for filled in example.slots:
            closed = types[intent.slots[filled.name]].closed
            lot = zlib.crc32(f"{number} {filled.name} {filled.begin}".encode()) % 4
            inside = [i for i, w in enumerate(words) if filled.begin <= w.begin and w.end <= filled.end]
            for place, i in enumerate(inside):
                labels[i] = f"{'B' if place == 0 else 'I'}-{filled.name}"
                if lot < _UNLISTED and not closed:
                    listed[i] = []
                hidden[i] = lot < _UNSEEN and not closed
        if words:
            trainer.append(_features(words, listed, hidden), labels)
    with tempfile.TemporaryDirectory(prefix="nonet-slots-") as folder:
        path = Path(folder) / "field.crfsuite"
        trainer.train(str(path))
        return path.read_bytes()


class SlotTagger:
    """A trained field. Not for several threads at once."""

    def __init__(self, field: bytes, looked_for: Sequence[str]) -> None:
        self._tagger = pycrfsuite.Tagger()
        self._tagger.open_inmemory(field)
        self._looked_for = looked_for

    def tag(self, text: str, findings: Findings) -> list[Tagged]:
        """The slots that the words of ``text`` fill; at most ``_MOST_WORDS`` words are read."""
        words = words_of(text)[:_MOST_WORDS]
        if not words:
            return []
        listed = _list_features(words, self._looked_for, findings)
        labels = self._tagger.tag(_features(words, listed, [False] * len(words)))
        found: list[Tagged] = []
        for i, (word, label) in enumerate(zip(words, labels, strict=True)):
            if label == OUTSIDE:
                continue
            kind, name = label.split("-", 1)
            score = float(self._tagger.marginal(label, i))
            if kind == "I" and found and found[-1].slot == name and i and labels[i - 1] != OUTSIDE:
                found[-1] = Tagged(found[-1].begin, word.end, name, min(found[-1].score, score))
            else:
                found.append(Tagged(word.begin, word.end, name, score))
        return found
