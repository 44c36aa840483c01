"""Allergies: what somebody does not tolerate, or that there is nothing of the kind.

Comprehend Medical's documentation names the type and does not say which words it tells. Here an allergy is the
substance ("allergic to [penicillin]"), the compound ("[latex allergy]") or the denial ("[NKDA]"); a drug among them
stays a medication, too. Denial by ConText (``contexts.py``) and by the words themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.language.medical.findings import BEHAVIOUR, Entity, Trait
from services.language.medical.lexicon import small_letters
from services.language.medical.precision import score
from services.language.spans import Stretches

ALLERGIES = "ALLERGIES"
_KINDS = r"(?:drug|food|medication|medicine|latex|environmental|seasonal|other|contrast|antibiotic)"
_ANY_KINDS = rf"(?:{_KINDS}(?:,? (?:or|and) |/|, ))?(?:{_KINDS} )?"
#: That there is none; all of it is what is denied.
_NONE = re.compile(rf"(?<!\w)(?:nkda|nka|nkfa|no known {_ANY_KINDS}allerg(?:y|ies))(?!\w)")
#: The denial of an unnamed one: "denies any [drug allergies]".
_UNNAMED = re.compile(
    r"(?<!\w)(?:no|denies(?: any| having)?|denied(?: any)?|without(?: any)?) "
    rf"(?P<v>{_ANY_KINDS}allerg(?:y|ies))(?! to)(?!\w)"
)
#: What a list of substances follows.
_ALLERGIC = re.compile(r"(?<!\w)(?:allergic to|allerg(?:y|ies) to|allerg(?:y|ies) includes?)\s")
_HEADING = re.compile(r"(?<!\w)(?:drug |food |medication |known )?allerg(?:y|ies)\s?:\s?")
#: "peanut allergy": the word before, or two of which the first is no word of the sentence.
_COMPOUND = re.compile(
    r"(?<![\w-])(?:(?!(?:a|an|the|has|had|with|of|and|or|no|known|her|his|their|any|severe|mild|some|is|new|denies|reports|"
    r"notes|to|for|possible|history|suspected)\s)[a-z][a-z-]+ ){1,2}(?<!seasonal )(?<!drug )(?<!food )(?<!medication )"
    r"(?<!other )(?<!known )(?<!any )(?<!no )allerg(?:y|ies)(?! to| include)(?![\w:])"
)
#: Where a list ends.
_LIST_END = re.compile(r"[.;\n:]|\s(?:which|that|who|but|causes?|caused|causing|since|with|as|when|after)\s|\s-\s")
_REMARK = re.compile(r"\s?\([^()\n]{0,80}\)")
_PART = re.compile(r"\s?,\s(?:and |or )?|\s(?:and|or)\s|\s?[/&]\s?")
_NOTHING = re.compile(r"(?:none|no|n/a|unknown|denies|negative)(?!\w)")
_MOST_WORDS = 4
#: Characters of a list that are read.
_LONGEST_LIST = 300


def allergies(text: str) -> list[Entity]:
    """The allergies that a text tells or denies, in order, not overlapping."""
    small = small_letters(text)
    taken = Stretches()
    found: list[Entity] = []

    def tell(begin: int, end: int, *, denied: bool = False) -> None:
        if taken.add(begin, end):
            traits = [Trait("NEGATION", score("allergy-NEGATION"))] if denied else []
            found.append(Entity(begin, end, BEHAVIOUR, ALLERGIES, score("allergy"), traits))

    for match in _NONE.finditer(small):
        tell(*match.span(), denied=True)
    for match in _UNNAMED.finditer(small):
        tell(*match.span("v"), denied=True)
    for pattern in (_ALLERGIC, _HEADING):
        for match in pattern.finditer(small):
            if not taken.touching(*match.span()):
                for begin, end in _listed(small, match.end()):
                    tell(begin, end)
    for match in _COMPOUND.finditer(small):
        tell(*match.span())
    return sorted(found, key=lambda entity: entity.begin)


def _listed(text: str, begin: int) -> Iterator[tuple[int, int]]:
    """The substances of a list that begins at ``begin``, without remarks in brackets."""
    furthest = min(len(text), begin + _LONGEST_LIST)
    stop = _LIST_END.search(text, begin, furthest)
    end = stop.start() if stop else furthest
    while begin < end:
        joint = _PART.search(text, begin, end)
        until = joint.start() if joint else end
        remark = _REMARK.search(text, begin, until)
        span = _stripped(text, begin, remark.start() if remark else until)
        words = text[slice(*span)]
        if words and not _NOTHING.match(words) and len(words.split()) <= _MOST_WORDS:
            yield span
        begin = joint.end() if joint else end


def _stripped(text: str, begin: int, end: int) -> tuple[int, int]:
    words = text[begin:end]
    return end - len(words.lstrip(" \t*,-")), begin + len(words.rstrip(" \t*,-"))
