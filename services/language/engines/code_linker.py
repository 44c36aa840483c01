"""Codes for phrases of clinical notes: ICD-10-CM and RxNorm (see ``services/language/medical``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from services.language.medical import icd10, rxnorm
from services.language.medical.name_index import NameIndex
from services.language.tasks import Document, RankedCode
from shared.models.catalog import CatalogEntry


class CodeLinker:
    """Implements ``CodeFinder``."""

    def __init__(
        self, index: NameIndex, in_table_words: Callable[[str], str], probability: Callable[[float, int], float]
    ) -> None:
        self._index: NameIndex | None = index
        self._in_table_words, self._probability = in_table_words, probability

    def close(self) -> None:
        self._index = None

    def run(self, items: Sequence[Document]) -> list[list[RankedCode]]:
        assert self._index is not None
        return [
            [
                RankedCode(match.code.code, match.code.title, self._probability(match.cosine, rank))
                for rank, match in enumerate(self._index.search(self._in_table_words(item.text)))
            ]
            for item in items
        ]


def load_icd10(entry: CatalogEntry, directory: Path, device: str) -> CodeLinker:
    """ICD-10-CM out of the package that ships it."""
    return CodeLinker(icd10.build_index(), icd10.in_table_words, icd10.probability)


def load_rxnorm(entry: CatalogEntry, directory: Path, device: str) -> CodeLinker:
    """A release that ``nonet models add`` has read. The score is the likeness of the names, 0..1."""
    return CodeLinker(rxnorm.read_index(directory), str, lambda cosine, rank: cosine)
