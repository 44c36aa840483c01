"""AMAZON.Confirmation: Yes, No, Maybe, Don't know."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import regex

from services.conversation.understanding.built_in.match import Match

_YES = (
    r"yes(?:\s+please)?|yeah|yep|yup|ya|sure(?:\s+thing)?|of\s+course|ok(?:ay)?|right|correct|absolutely|definitely|certainly|"
    r"exactly|indeed|go\s+ahead|please\s+do|do\s+it|sounds\s+good|that(?:'s|\s+is)\s+(?:right|correct|fine|good)|i\s+do|affirmative|"
    r"why\s+not|fine|perfect|confirm(?:ed)?"
)
_NO = (
    r"no(?:\s+(?:thanks|thank\s+you|way))?|nope|nah|never|not\s+(?:really|at\s+all|now|yet|today)|negative|wrong|incorrect|"
    r"i\s+don't|do\s*n[o']t(?:\s+do\s+(?:it|that))?|that(?:'s|\s+is)\s+(?:not\s+(?:right|correct|it)|wrong|incorrect)|cancel|stop|"
    r"not\s+(?:right|correct|sure\s+about\s+that|ok(?:ay)?|fine|good)|of\s+course\s+not|absolutely\s+not|definitely\s+not|"
    r"certainly\s+not|rather\s+not|i'd\s+rather\s+not|please\s+don't"
)
_MAYBE = r"maybe|perhaps|possibly|probably|it\s+depends|might\s+be|could\s+be"
_UNKNOWN = (
    r"(?:i\s+)?(?:don't|do\s+not)\s+know|(?:i'm\s+|i\s+am\s+)?not\s+(?:so\s+)?sure|(?:i\s+have\s+)?no\s+idea|dunno"
)
#: Longer readings first, since "not sure" has "sure" in it.
_RULES = tuple(
    (regex.compile(rf"(?<![\w'])(?:{pattern})(?![\w'])", regex.I), value)
    for pattern, value in ((_UNKNOWN, "Don't know"), (_NO, "No"), (_MAYBE, "Maybe"), (_YES, "Yes"))
)


def find_confirmations(text: str, now: datetime.datetime) -> Sequence[Match]:
    """What the text says of a yes-or-no question; nothing where it says yes and no at once."""
    plain = text.replace("\u2019", "'")
    found: list[Match] = []
    for pattern, value in _RULES:
        for match in pattern.finditer(plain):
            if not any(f.begin < match.end() and match.start() < f.end for f in found):
                found.append(Match(match.start(), match.end(), (value,)))
    if len({f.resolved for f in found}) > 1:
        first = min(found, key=lambda m: m.begin)
        # "no, that's right" contradicts itself; "yes, maybe" is a maybe; an answer that begins with it counts.
        values = {f.resolved[0] for f in found}
        if values == {"Yes", "No"}:
            return [] if regex.search(r"\bbut\b|\bor\b", plain) else [first]
        return [f for f in found if f.resolved[0] in ("Maybe", "Don't know")][:1] or [first]
    return sorted(found, key=lambda m: m.begin)
