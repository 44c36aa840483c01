"""How somebody lives: tobacco, alcohol and recreational drugs, with how much, how often and how long.

Names by a lexicon of our own; denial by ConText (``contexts.py``) and by the words themselves ("non-smoker").
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.language.medical.findings import BEHAVIOUR, CONDITION, Attribute, Entity, Trait
from services.language.medical.lexicon import small_letters
from services.language.medical.precision import score
from services.language.spans import Stretches

_NO_DRINK = (
    r"(?!\s(?:water|milk|coffee|tea|juice|fluids?|soda|plenty|lots|adequate|well|enough|ensure|boost|from|thin))"
)
_NAMES = (
    (
        "TOBACCO_USE",
        r"(?:non-?\s?|never[ -]|ex-|former |current |chain |heavy |passive )?smokers?|smok(?:es?|ed|ing)"
        r"(?: cigarettes| cigars| tobacco| a pipe)?|cigarettes?(?: use| smoking)?|cigars?|"
        r"(?:chew(?:s|ing)? )?tobacco(?: use| products?)?|vap(?:es?|ing)|e-cigarettes?|nicotine use|snuff|tob",
    ),
    (
        "ALCOHOL_CONSUMPTION",
        r"alcohol(?: use| consumption| intake)?"
        r"(?! (?:swabs?|wipes?|pads?|rub|withdrawal|abuse|dependence|intoxication|level))|"
        r"etoh(?: use)?(?! (?:withdrawal|abuse|dependence))|"
        rf"(?:heavy |social |binge )?drinkers?|(?:he |she |patient |pt )?(?:binge )?(?:drinks|drank){_NO_DRINK}|"
        rf"(?:not |never |social |binge )drink(?:ing)?{_NO_DRINK}|"
        r"drink(?:ing)? (?:beer|wine|liquor|socially|heavily|alcohol)|"
        r"beers?|wine|liquor|whiskey|vodka",
    ),
    (
        "REC_DRUG_USE",
        r"(?:smokes? )?(?:marijuana|cannabis)(?: use)?|"
        r"(?:cocaine|heroin|methamphetamines?|crystal meth|meth|lsd|ecstasy|crack)"
        r"(?: use)?(?! (?:abuse|dependence|overdose|intoxication|withdrawal))|"
        r"(?:iv|intravenous|injection|illicit|illegal|recreational|street|other) ?drugs?(?: use)?|ivdu|drug use|"
        r"drugs(?= of abuse)",
    ),
)
_LEAD = re.compile(r"(?:he |she |patient |pt |not |never )", re.IGNORECASE)
_PATTERNS = tuple((kind, re.compile(rf"(?<![\w-])(?:{names})(?![\w-])")) for kind, names in _NAMES)
_NUMBER = (
    r"(?:\d{1,3}(?:\.\d)?(?:\s?(?:-|to|or)\s?\d{1,3})?|(?:one |a )?half(?: an?| of an?)?|an?|one|two|three|four|five|"
    r"six|several|couple(?: of)?|few|1/2)"
)
_FREQUENCY = re.compile(
    r"(?<![\w/])(?:(?:per|a|an|each|every|/)\s?(?:day|week|month|year|night|evening|weekend)|daily|nightly|weekly|monthly|"
    r"socially|occasionally|rarely|regularly|sometimes|on (?:the )?(?:weekends?|occasions?|holidays)|"
    r"every other (?:day|weekend)|(?:once|twice|\d times) (?:a|per) (?:day|week|month|year)|occasional|social|rare|"
    r"heavily|ppd)(?!\w)|(?<=pack)/day|(?<=packs)/day|/(?:day|week)(?!\w)",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    rf"(?<![\w.])(?:{_NUMBER}[ -]?(?:pack[ -]?years?(?: history)?|packs?|cigarettes?|cigars?|cigs?|drinks?|"
    r"(?:glass(?:es)?|bottles?|cans?|pints?|shots?|cups?) of (?:wine|beer|whiskey|vodka|liquor)|glass(?:es)?|beers?|"
    r"shots?|joints?|bottles?|cans?|pints?|six-packs?)|\d(?:\.\d)?(?= ?ppd))(?!\w)",
    re.IGNORECASE,
)
_DURATION = re.compile(
    rf"(?<!\w)(?:(?:for|x|over)\s?(?:about |over |almost |the (?:past|last) )?{_NUMBER}\s?"
    r"(?:years?|yrs?|months?|decades?|weeks?)|"
    r"since (?:age \d{1,2}|(?:19|20)\d\d|his teens|her teens|high school|college))(?!\w)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.;!?](?:\s|$)|\n")
_PAST = re.compile(
    r"(?<!\w)(?:quit|stopped|former(?:ly)?|ex-smoker|used to|previously|past|prior|remote|"
    r"(?<!year )(?<!years )history of|h/o|smoked(?! since)|drank|"
    r"years ago|until (?:19|20)\d\d|sober|in (?:college|the past))(?!\w)",
    re.IGNORECASE,
)
_DENIED = re.compile(r"(?:non-?\s?|never[ -])smokers?", re.IGNORECASE)
_NONE = re.compile(r"(?<!\w)(?:no|not any|without)(?!\w)", re.IGNORECASE)
_NOTHING = re.compile(r"(?<!\w)(?:never|none|negative|nil)(?!\w)", re.IGNORECASE)
#: A statement about one habit ends at the next one's, or here.
_PART = re.compile(r",\s?(?:but|no|denies|and)?(?!\w)|\sbut\s|\sand (?=no |denies |drinks |smokes )", re.IGNORECASE)
#: What two habits in one sentence are parted by.
_JOINT = re.compile(r"[,;]\s?(?:(?:and|but|or)\s)?|\s(?:and|but|or)\s")
_OF = re.compile(r"(?:\sof)?\s?$")


def habits(text: str, conditions: Sequence[Entity]) -> list[Entity]:
    """The habits that a text tells, in order, with attributes; their denial is left to ``contexts.add_traits``.

    A name inside one of ``conditions`` ("alcohol abuse") is that condition's; one that is all of it is a habit.
    """
    longer = Stretches((entity.begin, entity.end) for entity in conditions if entity.category == CONDITION)
    taken = Stretches()
    found: list[Entity] = []
    small = small_letters(text)
    for kind, pattern in reversed(_PATTERNS):  # "smokes marijuana" is no tobacco
        for match in pattern.finditer(small):
            lead = _LEAD.match(text, match.start(), match.end())
            begin, end = lead.end() if lead else match.start(), match.end()
            if set(longer.touching(begin, end)) <= {(begin, end)} and taken.add(begin, end):
                found.append(Entity(begin, end, BEHAVIOUR, kind, score(f"habit-{kind}")))
    found.sort(key=lambda entity: entity.begin)
    return _whole(text, found)


def _whole(text: str, found: Sequence[Entity]) -> list[Entity]:
    """One entity a habit and statement ("smokes ... cigarettes"), each with its attributes and its past."""
    kept: list[Entity] = []
    for entity in found:
        last = kept[-1] if kept else None
        if last is not None and last.type == entity.type and not _SENTENCE.search(text, last.end, entity.begin):
            if _NONE.search(text, last.end, entity.begin):
                kept[-1] = entity  # "drinks no alcohol": what is denied tells it
            continue
        kept.append(entity)
    parted = 0  # where what the habit before tells has ended
    for index, entity in enumerate(kept):
        sentence_end = _SENTENCE.search(text, entity.end)
        since = max(_last_break(text, entity.begin), parted)
        until = sentence_end.start() if sentence_end else len(text)
        if index + 1 < len(kept) and kept[index + 1].begin < until:
            until, parted = _parting(text, entity.end, kept[index + 1].begin)
        if since and (part := _last_part(text, since, entity.begin)):
            since = part
        _describe(text, entity, since, until)
    return kept


def _parting(text: str, earlier: int, later: int) -> tuple[int, int]:
    """Where a statement that ends with one habit's words ends, and where the next habit's begins."""
    joints = [*_JOINT.finditer(text, earlier, later)]
    return joints[-1].span() if joints else (later, earlier)


def _describe(text: str, entity: Entity, since: int, until: int) -> None:
    taken = Stretches([(entity.begin, entity.end)])
    for kind, pattern in (("DURATION", _DURATION), ("AMOUNT", _AMOUNT), ("FREQUENCY", _FREQUENCY)):
        for match in pattern.finditer(text, since, until):
            begin, end = match.span()
            if begin < entity.begin < end and (of := _OF.search(text, begin, entity.begin)):
                end = of.start()  # "two glasses" of the wine
            if taken.add(begin, end):
                certain = score(f"habit-{kind}")
                entity.attributes.append(Attribute(begin, end, BEHAVIOUR, kind, certain, score("habit-relation"), kind))
                break
    entity.attributes.sort(key=lambda attribute: attribute.begin)
    nothing = _NOTHING.search(text, entity.end, min(until, entity.end + 12))
    if nothing or _DENIED.fullmatch(text, entity.begin, entity.end):
        entity.traits.append(Trait("NEGATION", score("habit-NEGATION")))
    elif _PAST.search(text, since, until):
        entity.traits.append(Trait("PAST_HISTORY", score("habit-PAST_HISTORY")))


def _last_break(text: str, begin: int) -> int:
    breaks = [match.end() for match in _SENTENCE.finditer(text, max(0, begin - 160), begin)]
    return min(breaks[-1], begin) if breaks else max(0, begin - 160)


def _last_part(text: str, since: int, begin: int) -> int:
    parts = [match.end() for match in _PART.finditer(text, since, begin)]
    return parts[-1] if parts else 0
