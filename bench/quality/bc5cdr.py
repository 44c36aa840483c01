"""BC5CDR in IOB columns as sentences with their spans, for recipes and benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TYPES = {"Chemical": "DRUG", "Disease": "PROBLEM"}
#: Marks that the corpus stands apart and a writer does not.
_NO_SPACE_BEFORE, _NO_SPACE_AFTER = set(",.;:)]%'-/+"), set("([-/'+")


@dataclass(frozen=True, slots=True)
class Annotated:
    """A text and its spans (begin, end, type)."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


def sentences(path: Path) -> Iterator[Annotated]:
    """The sentences of an IOB file; types are DRUG and PROBLEM."""
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        text, spans = "", []
        for word, label in (line.split("\t") for line in block.splitlines() if "\t" in line):
            if text and not (word[0] in _NO_SPACE_BEFORE or text[-1] in _NO_SPACE_AFTER):
                text += " "
            begin = len(text)
            text += word
            prefix, _, name = label.partition("-")
            if prefix == "B":
                spans.append((begin, len(text), _TYPES[name]))
            elif prefix == "I" and spans:
                spans[-1] = (spans[-1][0], len(text), spans[-1][2])
        if text:
            yield Annotated(text, tuple(spans))
