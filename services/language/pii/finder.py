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

_PREPOSITION = re.compile(r"\s+(?:in|at|near|from|to|and|with|for)\s+")


def combine(text: str, tagged: Sequence[TextSpan]) -> list[TextSpan]:
    """Personal data of a text in order, not overlapping.

    ``tagged`` are the model's NAME and ADDRESS spans. Rules win over it where they overlap, except that a number
    which only its neighbourhood announces does not cut an address in two.
    """
    kept = [TextSpan(m.begin, m.end, m.type, rule_precision.score(m.rule, announced=m.announced)) for m in chosen(text)]
    trimmed = [_trimmed(text, span) for span in tagged]
    addresses = join_addresses(text, [part for s in trimmed if s.type == "ADDRESS" for part in _places(text, s)])
    names = [s for s in trimmed if s.type == "NAME"]
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
    return any(c.isalpha() for c in value) if span.type == "NAME" else any(c.isalnum() for c in value)
