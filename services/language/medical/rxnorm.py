"""RxNorm: an official release as the operator downloads it, and the concepts that a drug in a note may mean.

The release is the National Library of Medicine's, whose terms an operator accepts; this project holds none of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from services.language.medical.name_index import Code, Name, NameIndex
from shared import errors

#: What ``convert`` writes: a concept, its title and a name a line.
NAMES_FILE = "names.tsv"
#: Columns of RXNCONSO.RRF (RxNorm Technical Documentation, section 12.4).
_CONCEPT, _LANGUAGE, _SOURCE, _TERM_TYPE, _STRING, _SUPPRESSED = 0, 1, 11, 12, 14, 16
_COLUMNS = 18
#: Ingredients, brands, clinical and branded drugs, with and without strength; synonyms and tall-man spellings of them.
_TITLES = frozenset(("IN", "PIN", "MIN", "BN", "SCD", "SBD", "SCDF", "SBDF", "SCDC", "GPCK", "BPCK"))
_SYNONYMS = frozenset(("SY", "PSN", "TMSY"))
#: Words of titles that a note leaves unsaid.
_UNSAID = frozenset(
    ("oral", "product", "tablet", "capsule", "solution", "injection", "topical", "injectable", "release", "hour", "unt")
)


def convert(source: Path, target: Path) -> None:
    """Read ``RXNCONSO.RRF`` below ``source`` and write the names that are looked for.

    Raises:
        InvalidArgument: the file is not in the format of a release.
    """
    path = next(iter(sorted(source.rglob("RXNCONSO.RRF"))))
    titles: dict[str, str] = {}
    names: dict[tuple[str, str], None] = {}
    for concept, kind, string in _rows(path):
        if kind in _TITLES:
            titles.setdefault(concept, string)
        names[concept, string] = None
    if not titles:
        raise errors.InvalidArgument(f"{path.name} holds no English RxNorm names: is it the full release's rrf folder?")
    with (target / NAMES_FILE).open("w", encoding="utf-8") as file:
        for concept, string in names:
            if concept in titles:
                file.write(f"{concept}\t{titles[concept]}\t{string}\n")


def _rows(path: Path) -> Iterator[tuple[str, str, str]]:
    """Concept, term type and string of the names that RxNorm itself gives and does not suppress."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            columns = line.rstrip("\n").split("|")
            if len(columns) < _COLUMNS:
                raise errors.InvalidArgument(
                    f"Line {number} of {path.name} has {len(columns)} columns, not {_COLUMNS}."
                )
            wanted = columns[_TERM_TYPE] in _TITLES or columns[_TERM_TYPE] in _SYNONYMS
            own = columns[_SOURCE] == "RXNORM" and columns[_LANGUAGE] == "ENG" and columns[_SUPPRESSED] == "N"
            if wanted and own:
                yield columns[_CONCEPT], columns[_TERM_TYPE], columns[_STRING].replace("\t", " ")


def read_index(folder: Path) -> NameIndex:
    """The search over what ``convert`` wrote."""
    names = []
    codes: dict[str, Code] = {}
    with (folder / NAMES_FILE).open(encoding="utf-8") as file:
        for line in file:
            concept, title, text = line.rstrip("\n").split("\t")
            names.append(Name(codes.setdefault(concept, Code(concept, title)), text))
    return NameIndex(names, _UNSAID)
