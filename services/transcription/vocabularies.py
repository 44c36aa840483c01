"""Custom vocabularies: phrases of a request or a file, held against the documented rules, and written as a table.

A file is a table (columns Phrase, SoundsLike, IPA, DisplayAs in any order, tabs between them, names in the first line)
or a list (a phrase a line).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import regex

from services.transcription.recognition import Phrase
from shared import errors

MAX_BYTES = 50 * 1024
MAX_CHARACTERS = 256
COLUMNS = ("Phrase", "SoundsLike", "IPA", "DisplayAs")

#: One word of a phrase: a word, an abbreviation ("St."), or letters that are spoken one by one ("A.B.C.").
_ENGLISH_WORD = regex.compile(r"(?:[A-Za-zÀ-ÖØ-öø-ÿ'’]+\.?|(?:[A-Za-z]\.)+)")
_WORD = regex.compile(r"(?:[\p{L}\p{M}'’\u200c\u200d]+\.?|(?:\p{L}\p{M}*\.)+)")
_HAS_LETTER = regex.compile(r"\p{L}")


def phrases_of_list(entries: Sequence[str], language: str) -> tuple[Phrase, ...]:
    """Phrases as a request names them. Raises ``InvalidArgument`` with the number of the entry that breaks a rule."""
    if sum(len(entry.encode()) + 1 for entry in entries) > MAX_BYTES:
        raise _too_large()
    rows = [
        Phrase(_phrase(entry, f"phrase {number}", language)) for number, entry in enumerate(entries, start=1) if entry
    ]
    if not rows:
        raise _invalid("It has no phrases.")
    return tuple(rows)


def phrases_of_file(data: bytes, language: str) -> tuple[Phrase, ...]:
    """Phrases of a vocabulary file. Raises ``InvalidArgument`` with the number of the line that breaks a rule."""
    if len(data) > MAX_BYTES:
        raise _too_large()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _invalid("The file is not UTF-8.") from None
    lines = unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if set(lines[0].split("\t")) & set(COLUMNS):
        rows = _table_rows(lines, language)
    else:
        rows = [
            Phrase(_phrase(line, f"line {number}", language)) for number, line in enumerate(lines, start=1) if line
        ]
    if not rows:
        raise _invalid("It has no phrases.")
    return tuple(rows)


def table(phrases: Sequence[Phrase]) -> bytes:
    """The vocabulary as a file in the table form."""
    lines = ["\t".join(COLUMNS)]
    lines += ["\t".join((row.text, row.sounds_like or "", row.ipa or "", row.display_as or "")) for row in phrases]
    return ("\n".join(lines) + "\n").encode()


def _table_rows(lines: Sequence[str], language: str) -> list[Phrase]:
    header = lines[0].split("\t")
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or len(set(header)) != len(header) or "Phrase" not in header:
        raise _invalid(f"The first line must name the columns {', '.join(COLUMNS)}, each once, with tabs between them.")
    rows: list[Phrase] = []
    for number, line in enumerate(lines[1:], start=2):
        if not line:
            continue
        place, cells = f"line {number}", line.split("\t")
        if len(cells) > len(header):
            raise _invalid(f"{place} has {len(cells)} columns, the first line names {len(header)}.")
        row = dict(zip(header, cells, strict=False))
        for column, cell in row.items():
            if len(cell) > MAX_CHARACTERS:
                raise _invalid(f"{column} in {place} has more than {MAX_CHARACTERS} characters.")
            if cell != cell.strip() or not cell.isprintable():
                raise _invalid(f"{column} in {place} has spaces around it or characters that cannot be shown.")
        rows.append(_row(row, place, language))
    return rows


def _row(row: dict[str, str], place: str, language: str) -> Phrase:
    sounds_like, ipa = row.get("SoundsLike") or None, row.get("IPA") or None
    if sounds_like and ipa:
        raise _invalid(f"{place} has both SoundsLike and IPA: give one of them.")
    if sounds_like:
        _phrase(sounds_like, f"SoundsLike in {place}", language)
    return Phrase(_phrase(row.get("Phrase", ""), place, language), sounds_like, ipa, row.get("DisplayAs") or None)


def _phrase(text: str, place: str, language: str) -> str:
    """``text``, if it is a phrase by the documented rules."""
    text = unicodedata.normalize("NFC", text)
    if not text:
        raise _invalid(f"{place} has no phrase.")
    if len(text) > MAX_CHARACTERS:
        raise _invalid(f"{place} has more than {MAX_CHARACTERS} characters.")
    if any(character.isspace() for character in text):
        raise _invalid(f"{place} has a space: put a hyphen between the words of a phrase.")
    if any(character.isdigit() for character in text):
        raise _invalid(f"{place} has a digit: spell numbers out, and write them as you like in DisplayAs.")
    word = _ENGLISH_WORD if language.startswith("en-") else _WORD
    for part in text.split("-"):
        if not part:
            raise _invalid(f"{place} has a hyphen that no word follows or precedes.")
        if word.fullmatch(part) is None or _HAS_LETTER.search(part) is None:
            raise _invalid(
                f"{place} has characters that its language does not take, or letters that are spoken one by one "
                "without a full stop after each."
            )
    return text


def _too_large() -> errors.InvalidArgument:
    return _invalid(f"It is larger than {MAX_BYTES} bytes.")


def _invalid(reason: str) -> errors.InvalidArgument:
    return errors.InvalidArgument(f"The vocabulary cannot be used. {reason}", aws_code="BadRequestException")
