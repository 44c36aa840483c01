"""A terminology's terms in a text: the longest match wins, on word boundaries, upper and lower case as they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TOKEN = re.compile(r"\w+|\S")
_LINKED = re.compile(r"[\w]")
#: Scripts that put no space between words: there is no boundary to ask for.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")


@dataclass(frozen=True, slots=True)
class Match:
    """A term at [begin, end) of a text."""

    begin: int
    end: int
    source: str
    target: str


class TermIndex:
    """Terms of one language pair, by the word that they begin with."""

    def __init__(self, terms: Mapping[str, str]) -> None:
        self.terms = terms
        self._by_word: dict[str, list[tuple[str, str]]] = {}
        for source, target in terms.items():
            word = _TOKEN.match(source)
            if word is not None:
                self._by_word.setdefault(word[0], []).append((source, target))
        for known in self._by_word.values():
            known.sort(key=lambda term: -len(term[0]))

    def __bool__(self) -> bool:
        return bool(self._by_word)

    def matches(self, text: str) -> Iterator[Match]:
        """The terms of ``text``, in order, none overlapping another."""
        if not self._by_word:
            return
        position = 0
        for token in _TOKEN.finditer(text):
            if token.start() < position:
                continue
            for begin, known in self._known(token):
                if begin < position:
                    continue
                match = _first(text, begin, known)
                if match is not None:
                    position = match.end
                    yield match
                    break

    def _known(self, token: re.Match[str]) -> Iterator[tuple[int, list[tuple[str, str]]]]:
        known = self._by_word.get(token[0])
        if known is not None:
            yield token.start(), known
        if _UNSPACED.search(token[0]):
            # A run of such letters is one token; a term may begin at each of them.
            for offset in range(len(token[0])):
                for length in range(1, min(24, len(token[0]) - offset) + 1):
                    known = self._by_word.get(token[0][offset : offset + length])
                    if known is not None and (offset, length) != (0, len(token[0])):
                        yield token.start() + offset, known


def _first(text: str, begin: int, known: list[tuple[str, str]]) -> Match | None:
    for source, target in known:
        end = begin + len(source)
        if text.startswith(source, begin) and _is_boundary(text, begin) and _is_boundary(text, end):
            return Match(begin, end, source, target)
    return None


def _is_boundary(text: str, position: int) -> bool:
    """Whether no word goes on across ``position``."""
    if position in (0, len(text)):
        return True
    left, right = text[position - 1], text[position]
    if _UNSPACED.match(left) or _UNSPACED.match(right):
        return True
    return not (_LINKED.match(left) and _LINKED.match(right))
