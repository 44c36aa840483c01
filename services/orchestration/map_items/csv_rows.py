"""Rows of delimited text that arrives in pieces, by the rules of the Step Functions developer guide ("How Step
Functions parses input CSV files"): RFC 4180's quotes, and a backslash takes the character after it as it is.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Iterator

from services.orchestration.map_items.object_text import reader_failed

DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}
#: Longest row; a row is one item's input, which has at most 256 KiB.
MAX_ROW_CHARACTERS = 1024 * 1024
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
#: Characters at which str.splitlines splits besides "\r" and "\n", of those in ASCII.
_OTHER_SEPARATORS = re.compile("[\v\f\x1c-\x1e]")


class _OutOfLines(Exception):
    """The row goes on in a line that has not arrived."""


class _Lines:
    """Hands lines to the csv module, and can take back those of a row that is not complete yet."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._taken: list[str] = []
        self.ended = False

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if not self._waiting:
            if self.ended:
                raise StopIteration
            raise _OutOfLines
        line = self._waiting.popleft()
        self._taken.append(line)
        return line

    def add(self, line: str) -> None:
        self._waiting.append(line)

    def keep(self) -> None:
        """The lines taken made a row."""
        self._taken.clear()

    def give_back(self) -> None:
        """The lines taken are the beginning of a row. No others are waiting: the row asked for one more in vain."""
        self._waiting.extend(self._taken)
        self._taken.clear()
        if sum(map(len, self._waiting)) > MAX_ROW_CHARACTERS:
            raise reader_failed(f"A row has more than {MAX_ROW_CHARACTERS} characters")


async def csv_rows(pieces: AsyncIterable[str], delimiter: str = ",") -> AsyncIterator[list[str]]:
    """The rows, as lists of fields; empty lines are none.

    A field has at most ``csv.field_size_limit()`` characters (131,072).

    Raises:
        StateError: States.ItemReaderFailed.
    """
    lines = _Lines()
    # The csv module forgets an unfinished row when its lines run out, so such a row is parsed anew with more of them.
    parser = csv.reader(lines, delimiter=delimiter, escapechar="\\", strict=False)
    rest = ""
    async for piece in pieces:
        *whole, rest = _split(rest + piece)
        if len(rest) > MAX_ROW_CHARACTERS:
            raise reader_failed(f"A row has more than {MAX_ROW_CHARACTERS} characters")
        for line in whole:
            lines.add(line)
        while (row := _next_row(parser, lines)) is not None:
            if row:
                yield row
    if rest:
        lines.add(rest)
    lines.ended = True
    while (row := _next_row(parser, lines)) is not None:
        if row:
            yield row


def _next_row(parser: Iterator[list[str]], lines: _Lines) -> list[str] | None:
    try:
        row = next(parser)
    except (_OutOfLines, StopIteration):
        lines.give_back()
        return None
    except csv.Error as error:
        raise reader_failed(f"The object is not valid CSV: {error}") from None
    lines.keep()
    return row


def _split(text: str) -> list[str]:
    """Lines with their ends; the last one is what has no end yet (a "\\r" may be the first half of one)."""
    plain = text.isascii() and not _OTHER_SEPARATORS.search(text)
    lines = text.splitlines(keepends=True) if plain else _LINE.findall(text)
    if lines and lines[-1].endswith("\n"):
        lines.append("")
    return lines or [""]
