"""A sentence with what must come through untouched set apart: pieces of text and placeholders, and back again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from services.translation.protection import Kind, has_words, protected
from services.translation.tasks import MAX_PLACEHOLDERS, Parts
from services.translation.terms import Match, TermIndex

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,:/\u00a0\u202f]\d+)*(?!\w)")
_CLOSING = frozenset(")]}»”’.,;:!?…\"'%")


@dataclass(frozen=True, slots=True)
class Kept:
    """What a placeholder stands for. ``source`` stands in the sentence, ``text`` in its translation. ``before`` and
    ``after``: whether a space stands there, where that must stay so (tags); None = as the language has it."""

    source: str
    text: str
    before: bool | None = None
    after: bool | None = None
    tag: bool = False


@dataclass(frozen=True, slots=True)
class Fragment:
    """A sentence. ``head`` and ``tail`` are kept outside; ``terms`` are the terms among ``kept``."""

    sentence: str
    head: str
    parts: Parts
    tail: str
    kept: tuple[Kept, ...]
    terms: tuple[Match, ...]
    #: Whether ``head`` ends with a tag, and ``tail`` begins with one.
    framed: tuple[bool, bool] = (False, False)

    def fits(self, parts: Parts) -> bool:
        """Whether a translation has the tags in their order, and words between the same ones as the sentence."""
        return self._tagged(self.parts) == self._tagged(parts)

    def _tagged(self, parts: Parts) -> list[int | bool]:
        """The tags of a sentence, and between each two, those around it counted, whether there is anything."""
        shape: list[int | bool] = []
        after_tag, before_tag = self.framed
        between = False
        for part in parts:
            if isinstance(part, int) and self.kept[part].tag:
                shape += [between, part] if after_tag else [part]
                between, after_tag = False, True
            else:
                between = between or isinstance(part, int) or has_words(part)
        return [*shape, between] if after_tag and before_tag else shape

    def render(self, parts: Parts) -> str:
        """The translation's text, given its parts."""
        text = ""
        after: bool | None = None  # whether a space stands behind what was written last, if that is laid down
        for part in parts:
            before = None if isinstance(part, str) else self.kept[part].before
            piece = part if isinstance(part, str) else self.kept[part].text
            if after is not None or before is not None:
                spaced = after is True or (after is None and before is True)
                piece = piece.lstrip() if isinstance(part, str) else piece
                text = text.rstrip() + (" " if spaced and text.strip() and piece[:1] not in _CLOSING else "")
            text += piece
            after = None if isinstance(part, str) else self.kept[part].after
        return self.head + text.strip() + self.tail


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring spans that one placeholder stands for."""

    begin: int
    end: int
    kind: Kind
    kept: Kept
    term: Match | None = None


def fragments(sentence: str, language: str, terms: TermIndex, numbers: bool = False) -> list[Fragment]:
    """The sentence as one fragment, or as several where it has more to keep than a fragment may.

    ``numbers``: numbers are kept too (for a second try, when a model did not copy them).
    """
    groups: list[_Group] = []
    for span in protected(sentence, language):
        # Tags keep the spaces around them, except at the ends, where there are none; a sign stays at its word.
        before = after = None
        left, right = sentence[: span.begin][-1:], sentence[span.end :][:1]
        if span.kind is Kind.TAG:
            before, after = left.isspace() if left else None, right.isspace() if right else None
        elif span.kind is Kind.SYMBOL:
            before, after = False if left.isalnum() else None, False if right.isalnum() else None
        text = sentence[span.begin : span.end]
        groups.append(_Group(span.begin, span.end, span.kind, Kept(text, text, before, after, span.kind is Kind.TAG)))
    for match in terms.matches(sentence):
        # A term may be what looks like code (iPhone, RX-100), but no part of a link or a tag.
        covered = [group for group in groups if group.kind is Kind.WORD and _covers(match, group)]
        group = _Group(match.begin, match.end, Kind.WORD, Kept(match.source, match.target), match)
        groups = _replaced(groups, covered, group)
    if numbers:
        for found in _NUMBER.finditer(sentence):
            _add(groups, _Group(found.start(), found.end(), Kind.WORD, Kept(found[0], found[0])))
    groups.sort(key=lambda group: group.begin)
    return list(_fragments(sentence, _joined(sentence, groups)))


def _covers(match: Match, group: _Group) -> bool:
    return match.begin <= group.begin and group.end <= match.end and group.term is None


def _replaced(groups: list[_Group], covered: list[_Group], group: _Group) -> list[_Group]:
    """The groups with another in place of those that it covers; as they were where it overlaps one in part."""
    left = [one for one in groups if one not in covered]
    _add(left, group)
    return left if left[-1:] == [group] else groups


def _add(groups: list[_Group], group: _Group) -> None:
    if not any(group.begin < other.end and other.begin < group.end for other in groups):
        groups.append(group)


def _joined(sentence: str, groups: list[_Group]) -> list[_Group]:
    """Tags and symbols that follow one another become one; words stay alone, for they may change places."""
    joined: list[_Group] = []
    for group in groups:
        last = joined[-1] if joined else None
        if (
            last is not None
            and Kind.WORD not in (last.kind, group.kind)
            and not sentence[last.end : group.begin].strip()
        ):
            text = sentence[last.begin : group.end]
            kind = Kind.TAG if Kind.TAG in (last.kind, group.kind) else Kind.SYMBOL
            kept = Kept(text, text, last.kept.before, group.kept.after, kind is Kind.TAG)
            joined[-1] = _Group(last.begin, group.end, kind, kept)
        else:
            joined.append(group)
    return joined


def _fragments(sentence: str, groups: list[_Group]) -> Iterator[Fragment]:
    begin = 0
    while True:
        some, groups = groups[:MAX_PLACEHOLDERS], groups[MAX_PLACEHOLDERS:]
        end = groups[0].begin if groups else len(sentence)
        yield _fragment(sentence, begin, end, some)
        if not groups:
            return
        begin = end


def _fragment(sentence: str, begin: int, end: int, groups: list[_Group]) -> Fragment:
    """Tags and symbols at either end are cut off: their place needs no model."""
    first, last = begin, end
    after_tag = before_tag = False
    while groups and groups[0].kind is not Kind.WORD and not _wordy(sentence[first : groups[0].begin]):
        after_tag, first = groups[0].kind is Kind.TAG, groups.pop(0).end
    while groups and groups[-1].kind is not Kind.WORD and not _wordy(sentence[groups[-1].end : last]):
        before_tag, last = groups[-1].kind is Kind.TAG, groups.pop().begin
    # The white space at the ends belongs to the frame.
    inner = sentence[first:last]
    head = first + len(inner) - len(inner.lstrip())
    tail = first + len(inner.rstrip()) if inner.strip() else head
    parts: list[str | int] = []
    position = head
    for number, group in enumerate(groups):
        if group.begin > position:
            parts.append(sentence[position : group.begin])
        parts.append(number)
        position = group.end
    if tail > position:
        parts.append(sentence[position:tail])
    return Fragment(
        sentence[begin:end],
        sentence[begin:head],
        tuple(parts),
        sentence[tail:end],
        tuple(group.kept for group in groups),
        tuple(group.term for group in groups if group.term is not None),
        (after_tag, before_tag),
    )


def _wordy(text: str) -> bool:
    return any(character.isalnum() for character in text)


def numbers_kept(source: str, text: str) -> bool:
    """Whether a translation has the source's numbers; where the source writes none in digits, it may write some."""
    wanted = _digits(source)
    return not wanted or wanted == _digits(text)


def _digits(text: str) -> Counter[str]:
    """The numbers of a text without their separators."""
    found = re.findall(r"\d{1,3}(?:[ .,\u00a0\u202f]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)*", text)
    return Counter(re.sub(r"\D", "", number) for number in found)
