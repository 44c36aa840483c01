"""A text taken apart into sentences to translate and what is kept as it is.

Kept are line breaks, indentation, list markers, the gaps between columns, and the spaces between sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.translation.sentences import pieces, sentences

#: Longest stretch that goes to a model at once, in characters.
MAX_SENTENCE = 400

_LINE = re.compile(r"[^\r\n\v\f\x85\u2028\u2029]*(?:\r\n|[\r\n\v\f\x85\u2028\u2029]|\Z)")
#: What stands between the columns of a table made of spaces.
_COLUMNS = re.compile(r"\t\s*|[ \u00a0]{2,}")
#: Indentation, quotation marks of e-mail, headings, bullets, numbers of lists, boxes to tick.
_MARKER = re.compile(
    r"\s*(?:>\s*)*(?:#{1,6}\s+)?"
    r"(?:(?:[-*+•‣◦▪–—·]|\(?\d{1,3}[.)]|\(?[a-zA-Z]\)|[ivxIVX]{1,5}[.)])\s+)?(?:\[[ xX]\]\s+)?"
)


def stretches(text: str, language: str) -> Iterator[tuple[str, bool]]:
    """The text in order: each stretch, and whether it is a sentence (or what stands for one) to translate."""
    for line in _LINE.finditer(text):
        if line[0]:
            yield from _of_line(line[0], language)


def _of_line(line: str, language: str) -> Iterator[tuple[str, bool]]:
    body = line.rstrip()
    marker = _MARKER.match(body)
    begin = marker.end() if marker is not None else 0
    if begin >= len(body):  # nothing but a marker: then it is the line's text
        begin = len(body) - len(body.lstrip())
    if begin:
        yield line[:begin], False
    end = begin
    for gap in _COLUMNS.finditer(body, begin):
        yield from _of_cell(body[end : gap.start()], language)
        yield gap[0], False
        end = gap.end()
    yield from _of_cell(body[end:], language)
    if len(body) < len(line):
        yield line[len(body) :], False


def _of_cell(core: str, language: str) -> Iterator[tuple[str, bool]]:
    done = 0
    for first, last in sentences(core, language):
        for left, right in pieces(core[first:last], MAX_SENTENCE):
            if first + left > done:
                yield core[done : first + left], False
            yield core[first + left : first + right], True
            done = first + right
    if done < len(core):
        yield core[done:], False
