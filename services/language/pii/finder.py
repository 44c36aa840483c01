"""Names and addresses from the model and everything with a shape from the rules, in one list."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.language import rule_precision
from services.language.pii import rules
from services.language.spans import Stretches
from services.language.tasks import TextSpan

_LEAST_SCORE = 0.5
#: Between two parts of one address; a house number, a postcode or a flat may stand there, too.
_JOINTS = frozenset(" \t\r\n,;.-#")
_LONGEST_JOINT = 8
#: No part of a name or an address, at its ends.
_MARKS = " \t\r\n,;:?!*|<>"

_STREET_KIND = (
    r"(?:street|st|avenue|ave|road|rd|lane|ln|drive|dr|boulevard|blvd|way|court|ct|place|pl|terrace|circle|square|"
    r"highway|hwy|parkway|pkwy)(?!\w)"
)
_STREET = re.compile(rf"(?<!\w){_STREET_KIND}", re.IGNORECASE)
_STREET_NAME = r"(?:[NSEW]\.?\s)?(?:[A-Z][\w'-]*\s)"
#: Before a street, or before the end of its name.
_HOUSE = re.compile(rf"(?<![\w./-])\d{{1,5}}[A-Za-z]?\s{_STREET_NAME}{{0,3}}$")
#: The number of a house at the end of an address, and the street behind it.
_ENDS_IN_HOUSE = re.compile(r"(?<![\w./-])\d{1,5}[A-Za-z]?$")
_STREET_BEHIND = re.compile(rf"\s{_STREET_NAME}{{1,3}}(?i:{_STREET_KIND})")
_LONGEST_HOUSE = 60

_TITLE = re.compile(r"(?:Mr|Mrs|Ms|Miss|Dr|Prof)\.?")
#: Before a name: a title with the words up to the name.
_TITLED = re.compile(rf"(?<!\w){_TITLE.pattern}\s(?P<words>(?:[A-Z][\w'\u2019-]*\.?\s){{1,3}})$")
#: Directly before a name, and one word more of it, which no other capitalised word follows: "Ms. Adaeze Okonkwo-Lind,".
_TITLE_BEFORE = re.compile(rf"(?<!\w){_TITLE.pattern}\s$")
_WORD_BEHIND = re.compile(r" [A-Z][a-z'\u2019]+(?:-[A-Z][a-z'\u2019]+)*(?=[,.;)\n]|\s[a-z(]|$)")
_LONGEST_TITLE = 60
_ENDS_IN_INITIAL = re.compile(r"(?<!\w)[A-Z]\.$")

_PREPOSITION = re.compile(r"\s+(?:in|at|near|from|to|and|with|for)\s+")


def combine(text: str, tagged: Sequence[TextSpan], matches: Sequence[rules.Match] | None = None) -> list[TextSpan]:
    """Personal data of a text in order, not overlapping.

    ``tagged`` are the model's NAME and ADDRESS spans. Rules win over it where they overlap, except that a number
    which only its neighbourhood announces does not cut an address in two. ``matches`` are those of ``chosen``, if the
    caller has them.
    """
    matches = chosen(text) if matches is None else matches
    kept = [TextSpan(m.begin, m.end, m.type, rule_precision.score(m.rule, announced=m.announced)) for m in matches]
    trimmed = [_trimmed(text, span) for span in tagged]
    parts = [part for s in trimmed if s.type == "ADDRESS" for part in _places(text, s)]
    addresses = [_with_street(text, s) for s in join_addresses(text, parts)]
    names = whole_names(text, [s for s in trimmed if s.type == "NAME"])
    taken = Stretches((s.begin, s.end) for s in kept)
    for span in (*addresses, *names):
        if span.score >= _LEAST_SCORE and _worth_telling(text, span) and taken.add(span.begin, span.end):
            kept.append(span)
    return sorted(kept, key=lambda s: s.begin)


def chosen(text: str) -> list[rules.Match]:
    """The matches of the rules in order; of two that overlap, the one of higher rank, then the longer one."""
    taken = Stretches()
    ranked = sorted(rules.find(text), key=lambda m: (-m.rank, -(m.end - m.begin), m.begin))
    return sorted((m for m in ranked if taken.add(m.begin, m.end)), key=lambda m: m.begin)


def join_addresses(text: str, spans: Sequence[TextSpan]) -> list[TextSpan]:
    """Parts of an address that only commas, spaces or line breaks separate become one; the score is their mean."""
    joined: list[TextSpan] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is not None:
            gap = text[last.end : span.begin]
            if len(gap) <= _LONGEST_JOINT and all(c in _JOINTS for c in gap):
                lengths = (last.end - last.begin, span.end - span.begin)
                score = (last.score * lengths[0] + span.score * lengths[1]) / sum(lengths)
                joined[-1] = TextSpan(last.begin, span.end, "ADDRESS", score)
                continue
        joined.append(span)
    return joined


def whole_names(text: str, spans: Sequence[TextSpan]) -> list[TextSpan]:
    """Names with all words that stand between a title and them ("Ms. Ilse Korhonen"), the last word of a name that
    begins behind a title, and the initials before them.
    """
    whole: list[TextSpan] = []
    for span in spans:
        titled = _TITLED.search(text, max(0, span.begin - _LONGEST_TITLE), span.begin)
        begin, end = titled.start("words") if titled else span.begin, span.end
        more = _WORD_BEHIND.match(text, end)
        if more is not None and _TITLE_BEFORE.search(text, max(0, begin - _LONGEST_TITLE), begin):
            end = more.end()
        last = whole[-1] if whole else None
        if last is not None and (
            begin < last.end
            or (text[last.end : span.begin] == " " and _ENDS_IN_INITIAL.search(text, last.begin, last.end))
        ):
            whole[-1] = TextSpan(min(begin, last.begin), max(end, last.end), "NAME", min(last.score, span.score))
        else:
            whole.append(TextSpan(begin, end, "NAME", span.score))
    return whole


def _with_street(text: str, span: TextSpan) -> TextSpan:
    """The address with the number of its house before its street, and with the street behind such a number."""
    begin, end = span.begin, span.end
    if _STREET.search(text, begin, end) and (house := _HOUSE.search(text, max(0, begin - _LONGEST_HOUSE), begin)):
        begin = house.start()
    if _ENDS_IN_HOUSE.search(text, begin, end) and (street := _STREET_BEHIND.match(text, end)):
        end = street.end()
    return TextSpan(begin, end, span.type, span.score)


def _places(text: str, span: TextSpan) -> list[TextSpan]:
    """The places of an address with a preposition in it: of ``Siemens in Berlin`` only ``Berlin``.

    What stands before the preposition is a place only if it has a number, as ``12 High Street in Leeds`` has.
    """
    found = _PREPOSITION.search(text, span.begin, span.end)
    if found is None:
        return [span]
    before = TextSpan(span.begin, found.start(), span.type, span.score)
    after = _places(text, TextSpan(found.end(), span.end, span.type, span.score))
    return [before, *after] if any(c.isdigit() for c in text[before.begin : before.end]) else after


def _trimmed(text: str, span: TextSpan) -> TextSpan:
    """The span without the marks and spaces around it."""
    value = text[span.begin : span.end]
    begin = span.end - len(value.lstrip(_MARKS))
    end = span.begin + len(value.rstrip(_MARKS))
    return TextSpan(begin, max(begin, end), span.type, span.score)


def _worth_telling(text: str, span: TextSpan) -> bool:
    value = text[span.begin : span.end]
    if span.type == "NAME":
        return any(c.isalpha() for c in value) and not _TITLE.fullmatch(value)
    return any(c.isalnum() for c in value)
