"""Entities of a text from the tagger's names and the rules' dates and quantities."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.language.identifiers import identifiers
from services.language.quantities import dates_and_quantities
from services.language.spans import Stretches
from services.language.tasks import TextSpan

#: What may follow a company's name after a comma, and a town's.
_COMPANY_FORM = re.compile(r"(?:Inc|Ltd|LLC|Corp|Co|GmbH|PLC|plc|S\.A|AG)\.?")
_STATE = re.compile(r"[A-Z]{2}")


def merge_entities(text: str, names: Sequence[TextSpan]) -> list[TextSpan]:
    """Names, dates and quantities in order, not overlapping; of two that overlap the longer one stays.

    ``names`` come in order. E-mail addresses, links, telephone and card numbers and the like are one entity each, of
    type ``OTHER``, as Comprehend has it: nothing inside them is a name, a date or a quantity. ``Acme, Inc.`` and
    ``Seattle, WA`` are one entity each.
    """
    others = [TextSpan(s.begin, s.end, "OTHER", s.score) for s in identifiers(text)]
    taken = Stretches((s.begin, s.end) for s in others)
    told = [s for s in _join_tails(text, names) if not taken.touching(s.begin, s.end)]
    counted = [s for s in dates_and_quantities(text) if not taken.touching(s.begin, s.end)]
    return _without_overlaps([*others, *counted, *told])


def _join_tails(text: str, spans: Sequence[TextSpan]) -> list[TextSpan]:
    joined: list[TextSpan] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is not None and last.type == span.type and text[last.end : span.begin] in (", ", ","):
            tail = {"ORGANIZATION": _COMPANY_FORM, "LOCATION": _STATE}.get(span.type)
            if tail is not None and tail.fullmatch(text[span.begin : span.end]):
                joined[-1] = TextSpan(last.begin, span.end, span.type, min(last.score, span.score))
                continue
        joined.append(span)
    return joined


def _without_overlaps(spans: Sequence[TextSpan]) -> list[TextSpan]:
    kept: list[TextSpan] = []
    for span in sorted(spans, key=lambda s: (s.begin, s.begin - s.end, -s.score)):
        if kept and span.begin < kept[-1].end:
            if (span.end - span.begin, span.score) > (kept[-1].end - kept[-1].begin, kept[-1].score):
                kept[-1] = span
            continue
        kept.append(span)
    return kept
