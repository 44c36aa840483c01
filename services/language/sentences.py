"""Sentences of a text, and windows of whole sentences that fit an engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.language.tokens import ABBREVIATIONS, Token

_ENDS = frozenset(".!?\u2026\u3002\uff01\uff1f\u061f\u0964")
_CLOSERS = frozenset("\"'\u201d\u2019)]\u00bb")
_OPENERS = frozenset("\"'\u201c\u2018([\u00ab\u00bf\u00a1-*\u2022")


def split_sentences(text: str, tokens: Sequence[Token], longest: int = 150) -> list[tuple[int, int]]:
    """Ranges [first, last) of token indices, covering all tokens in order.

    A sentence ends after a final mark (and closing quotes) before something that can begin one, at a blank line,
    and in any case after ``longest`` tokens, so that no window grows without bound.
    """
    ranges: list[tuple[int, int]] = []
    start = 0
    for index in range(len(tokens)):
        if index + 1 == len(tokens) or index + 1 - start >= longest or _ends_after(text, tokens, index):
            ranges.append((start, index + 1))
            start = index + 1
    return ranges


def _ends_after(text: str, tokens: Sequence[Token], index: int) -> bool:
    token, following = tokens[index], tokens[index + 1]
    gap = text[token.end : following.begin]
    if gap.count("\n") >= 2:
        return True
    mark = token
    if token.text in _CLOSERS and index > 0:
        mark = tokens[index - 1]
    if mark.text[-1] not in _ENDS:
        return False
    if mark.text.endswith(".") and len(mark.text) > 1 and mark.text.lower() in ABBREVIATIONS:
        return False
    if mark.text[-1] in "\u3002\uff01\uff1f":
        return following.text not in _CLOSERS
    if not gap:
        return False
    if len(mark.text) == 2 and mark.text[0].isupper():  # an initial: J. Smith
        return False
    first = following.text[0]
    return "\n" in gap or first.isupper() or first.isdigit() or first in _OPENERS or not first.isalpha()


def windows(sentences: Sequence[tuple[int, int]], longest: int) -> Iterator[tuple[int, int]]:
    """Neighbouring sentences packed into ranges of at most ``longest`` tokens; a longer sentence stays alone."""
    start = end = 0
    for first, last in sentences:
        if end > start and last - start > longest:
            yield start, end
            start = first
        end = last
    if end > start:
        yield start, end
