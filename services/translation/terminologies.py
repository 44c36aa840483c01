"""Custom terminologies: CSV, TSV and TMX files read into terms, and written again in any of the three."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from services.translation.terms import TermIndex
from services.translation.tmx import Unit, read_units
from shared import errors

MAX_BYTES = 10 * 1024 * 1024
MAX_TARGET_LANGUAGES = 10
#: Bytes of UTF-8 that one term may have; longer ones are left out and counted.
MAX_TERM_BYTES = 200
_CODE = re.compile(r"[a-z]{2}(-[A-Za-z]{2})?")


@dataclass(frozen=True, slots=True)
class Terminology:
    """Terms in several languages: each row has one text a language, empty where there is none.

    ``languages[0]`` is the source. ``both_ways`` (MULTI): any of the languages may be the source.
    """

    languages: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    both_ways: bool
    #: Terms of the file that were left out: too long, no source text, or there before.
    skipped: int
    #: Made when first asked for; a terminology of ten megabytes takes a second.
    _indexes: dict[tuple[str, str], TermIndex] = field(default_factory=dict, compare=False, repr=False)

    def index(self, source: str, target: str) -> TermIndex:
        """The terms from one language into another, ready to be looked for."""
        if (source, target) not in self._indexes:
            self._indexes[source, target] = TermIndex(self.pairs(source, target))
        return self._indexes[source, target]

    def pairs(self, source: str, target: str) -> dict[str, str]:
        """Terms from one language into another; the first of a file wins. Empty where it has none."""
        first, second = self._column(source), self._column(target)
        if first is None or second is None or (first != 0 and not self.both_ways):
            return {}
        pairs: dict[str, str] = {}
        for row in self.rows:
            if row[first] and row[second]:
                pairs.setdefault(row[first], row[second])
        return pairs

    def _column(self, language: str) -> int | None:
        """The language's column, that of the same language without a region else."""
        if language in self.languages:
            return self.languages.index(language)
        base = language.split("-")[0]
        return next((index for index, known in enumerate(self.languages) if known.split("-")[0] == base), None)


def parse(data: bytes, file_format: str, both_ways: bool) -> Terminology:
    """Read a file in ``file_format``: CSV, TSV or TMX.

    Raises:
        InvalidArgument: InvalidParameterValueException; what is wrong, and where.
    """
    if len(data) > MAX_BYTES:
        raise _invalid(f"A terminology file has {MAX_BYTES} bytes at most.")
    if file_format == "TMX":
        languages, rows = _of_units(read_units(data))
    else:
        languages, rows = _of_table(_decoded(data), "\t" if file_format == "TSV" else ",")
    kept, skipped = _checked(rows, both_ways)
    if not kept:
        raise _invalid("The terminology has no term that can be used.")
    return Terminology(tuple(languages), tuple(kept), both_ways, skipped)


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as failure:
        raise _invalid(f"The file is not UTF-8 (byte {failure.start}).") from None
    if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text):
        raise _invalid("The file has control characters.")
    return text


def _of_table(text: str, delimiter: str) -> tuple[list[str], list[tuple[str, ...]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[str, ...]] = []
    try:
        languages = [code.strip() for code in next(reader, [])]
        _check_languages(languages)
        for row in reader:
            cells = tuple(" ".join(cell.split()) for cell in row)  # a term is one line, as it is in TMX
            if not any(cells):
                continue
            if len(cells) > len(languages):
                raise _invalid(f"Line {reader.line_num} has {len(cells)} columns, the first line {len(languages)}.")
            rows.append(cells + ("",) * (len(languages) - len(cells)))
    except csv.Error as failure:
        raise _invalid(f"Line {reader.line_num} cannot be read: {failure}.") from None
    return languages, rows


def _of_units(units: tuple[str, Sequence[Unit]]) -> tuple[list[str], list[tuple[str, ...]]]:
    source, found = units
    languages = [source] if source else []
    for unit in found:
        languages += [language for language in unit if language not in languages]
    _check_languages(languages)
    return languages, [tuple(unit.get(language, "") for language in languages) for unit in found]


def _check_languages(languages: Sequence[str]) -> None:
    if len(languages) < 2:
        raise _invalid("A source language and a target are needed; a CSV or TSV names them in its first line: en,de.")
    for code in languages:
        if not _CODE.fullmatch(code):
            raise _invalid("The languages must be named by their codes, such as en,de,es-MX.")
    if len(set(languages)) < len(languages):
        raise _invalid("A language has two columns.")
    if len(languages) > MAX_TARGET_LANGUAGES + 1:
        raise _invalid(f"A terminology has {MAX_TARGET_LANGUAGES} target languages at most.")


def _checked(rows: Iterable[tuple[str, ...]], both_ways: bool) -> tuple[list[tuple[str, ...]], int]:
    """The rows that can be used, and how many cannot."""
    kept, seen, skipped = [], set(), 0
    for row in rows:
        too_long = any(len(cell.encode()) > MAX_TERM_BYTES for cell in row)
        usable = sum(map(bool, row)) > 1 if both_ways else bool(row[0]) and any(row[1:])
        if too_long or not usable or row[0] in seen:
            skipped += 1
            continue
        if row[0]:
            seen.add(row[0])
        kept.append(row)
    return kept, skipped


def write(terminology: Terminology, file_format: str) -> bytes:
    """The terminology as a file of that format, UTF-8."""
    if file_format == "TMX":
        return "".join(_tmx(terminology)).encode()
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter="\t" if file_format == "TSV" else ",", lineterminator="\n")
    writer.writerows([terminology.languages, *terminology.rows])
    return text.getvalue().encode()


def _tmx(terminology: Terminology) -> Iterator[str]:
    source = quoteattr(terminology.languages[0])
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<tmx version="1.4">\n'
    yield f'<header srclang={source} adminlang={source} datatype="plaintext" segtype="phrase" o-tmf="nonet" '
    yield 'creationtool="nonet" creationtoolversion="1"/>\n<body>\n'
    for row in terminology.rows:
        yield "<tu>"
        for language, text in zip(terminology.languages, row, strict=True):
            if text:
                yield f"<tuv xml:lang={quoteattr(language)}><seg>{escape(text)}</seg></tuv>"
        yield "</tu>\n"
    yield "</body>\n</tmx>\n"


def _invalid(message: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(message, aws_code="InvalidParameterValueException")
