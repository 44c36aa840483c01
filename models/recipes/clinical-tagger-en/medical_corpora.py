"""BC5CDR and made-up notes as labelled words for the one head of the clinical tagger.

BC5CDR marks chemicals and diseases; whether another of its words is a test, a procedure or a part of the body stays
open there, and comes from the notes that ``notes.py`` makes.
"""

from __future__ import annotations

from corpora import Sentence

from bench.quality.bc5cdr import Annotated
from services.language.tokens import tokenise

TYPES = ["DRUG", "PROBLEM", "TEST", "PROCEDURE", "TREATMENT", "ANATOMY"]
CONCEPTS = ["O", *(f"{p}-{t}" for t in TYPES for p in "BI")]
HEADS = {"concept": CONCEPTS}
_UNMARKED = frozenset(i for i, name in enumerate(CONCEPTS) if not name.endswith(("DRUG", "PROBLEM")))
_OUTSIDE = frozenset([0])


def labelled(note: Annotated, *, open_types: bool) -> Sentence:
    """Words and labels; ``open_types``: unmarked words may be of the types that BC5CDR does not mark."""
    tokens = tokenise(note.text, "en")
    labels = [_UNMARKED if open_types else _OUTSIDE] * len(tokens)
    for begin, end, kind in note.spans:
        inside = [i for i, t in enumerate(tokens) if t.begin < end and t.end > begin]
        for rank, i in enumerate(inside):
            labels[i] = frozenset([CONCEPTS.index(f"{'I' if rank else 'B'}-{kind}")])
    return Sentence([t.text for t in tokens], {"concept": labels})
