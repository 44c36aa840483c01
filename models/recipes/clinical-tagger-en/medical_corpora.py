"""BC5CDR and made-up notes as labelled words for the heads of the clinical tagger.

BC5CDR marks chemicals and diseases; whether another of its words is a test, a procedure or a part of the body stays
open there, and comes from the notes that ``notes.py`` makes.
"""

from __future__ import annotations

from collections.abc import Sequence

from corpora import PII, Allowed, Sentence

from bench.quality.bc5cdr import Annotated
from services.language.tokens import tokenise

TYPES = ["DRUG", "PROBLEM", "TEST", "PROCEDURE", "TREATMENT", "ANATOMY"]
CONCEPTS = ["O", *(f"{p}-{t}" for t in TYPES for p in "BI")]
#: The head that train.py trains, and with it the one that share.py adds.
CONCEPT_HEAD = {"concept": CONCEPTS}
HEADS = {"concept": CONCEPTS, "pii": PII}
_UNMARKED = frozenset(i for i, name in enumerate(CONCEPTS) if not name.endswith(("DRUG", "PROBLEM")))
_OUTSIDE = frozenset([0])


def labelled(note: Annotated, *, open_types: bool) -> Sentence:
    """Words and labels of concepts; ``open_types``: unmarked words may be of the types that BC5CDR does not mark."""
    tokens = tokenise(note.text, "en")
    places = [(t.begin, t.end) for t in tokens]
    return Sentence([t.text for t in tokens], {"concept": allowed_concepts(note, places, open_types=open_types)})


def allowed_concepts(note: Annotated, places: Sequence[tuple[int, int]], *, open_types: bool) -> list[Allowed]:
    """The classes allowed at each word; ``places`` are the words' offsets (empty for a line break)."""
    labels: list[Allowed] = [_UNMARKED if open_types else _OUTSIDE] * len(places)
    for begin, end, kind in note.spans:
        if kind in TYPES:
            inside = [i for i, (b, e) in enumerate(places) if b < end and e > begin]
            for rank, i in enumerate(inside):
                labels[i] = frozenset([CONCEPTS.index(f"{'I' if rank else 'B'}-{kind}")])
    return labels
