"""BC5CDR and made-up notes as labelled words for the one head of the clinical tagger.

BC5CDR marks chemicals and diseases; whether another of its words is a test, a procedure or a part of the body stays
open there, and comes from the notes that ``notes.py`` makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from corpora import Sentence
from notes import Note

from services.language.tokens import tokenise

TYPES = ["DRUG", "PROBLEM", "TEST", "PROCEDURE", "TREATMENT", "ANATOMY"]
CONCEPTS = ["O", *(f"{p}-{t}" for t in TYPES for p in "BI")]
HEADS = {"concept": CONCEPTS}
_UNMARKED = frozenset(i for i, name in enumerate(CONCEPTS) if not name.endswith(("DRUG", "PROBLEM")))
_OUTSIDE = frozenset([0])
_KINDS = {"Chemical": "DRUG", "Disease": "PROBLEM"}
#: Marks that the corpus stands apart and a writer does not.
_NO_SPACE_BEFORE, _NO_SPACE_AFTER = set(",.;:)]%'-/+"), set("([-/'+")


def bc5cdr(path: Path) -> Iterator[Note]:
    """The sentences of an IOB file as texts with their spans (begin, end, DRUG or PROBLEM)."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        rows = [line.split("\t") for line in block.splitlines() if "\t" in line]
        text, spans, kind = "", [], ""
        for word, label in rows:
            if text and not (word[0] in _NO_SPACE_BEFORE or text[-1] in _NO_SPACE_AFTER):
                text += " "
            begin = len(text)
            text += word
            prefix, _, name = label.partition("-")
            if prefix == "B":
                kind = _KINDS[name]
                spans.append((begin, len(text), kind))
            elif prefix == "I" and spans:
                spans[-1] = (spans[-1][0], len(text), kind)
        if text:
            yield Note(text, tuple(spans))


def labelled(note: Note, *, open_types: bool) -> Sentence:
    """Words and labels; ``open_types``: unmarked words may be of the types that BC5CDR does not mark."""
    tokens = tokenise(note.text, "en")
    labels = [_UNMARKED if open_types else _OUTSIDE] * len(tokens)
    for begin, end, kind in note.spans:
        inside = [i for i, t in enumerate(tokens) if t.begin < end and t.end > begin]
        for rank, i in enumerate(inside):
            labels[i] = frozenset([CONCEPTS.index(f"{'I' if rank else 'B'}-{kind}")])
    return Sentence([t.text for t in tokens], {"concept": labels})
