"""What is said about a condition: that it is absent, past, another's, possible or not yet there.

After ConText (Harkema, Dowling, Thornblade and Chapman, 2009): words that trigger a context reach over the rest of
their sentence, forwards or backwards, until a word that ends it. ``contexts.toml`` holds the words, our own choice.
"""

from __future__ import annotations

import functools
import re
import tomllib
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.language.medical.findings import BEHAVIOUR, CONDITION, MEDICATION, PROCEDURE, Entity, Trait
from services.language.medical.lexicon import condition_trait, small_letters
from services.language.medical.precision import score

NEGATION = "NEGATION"
FAMILY = "PERTAINS_TO_FAMILY"
PAST = "PAST_HISTORY"
HYPOTHETICAL = "HYPOTHETICAL"
DOUBT = "LOW_CONFIDENCE"
FUTURE = "FUTURE"
#: The traits that each category can have.
ALLOWED = {
    CONDITION: (NEGATION, FAMILY, PAST, HYPOTHETICAL, DOUBT),
    MEDICATION: (NEGATION, PAST),
    PROCEDURE: (NEGATION, PAST, HYPOTHETICAL, FUTURE),
    BEHAVIOUR: (NEGATION, FAMILY),
}
_HEADING = re.compile(r"^[ \t]*[A-Z][A-Za-z /&-]{1,40}:|\n[ \t]*\n", re.MULTILINE)
_SENTENCE_END = re.compile(
    r"(?<=[.!?])\s+(?=[A-Z\d\"'(*#-])|\n(?=\s*(?:[-*#\u2022]|\d{1,2}[.)]|[A-Z]))|\n\s*\n|;\s*"
)


@dataclass(frozen=True, slots=True)
class _Reach:
    """A context over [begin, end); ``rule`` names what set it, for its precision."""

    begin: int
    end: int
    trait: str
    rule: str


class _Phrases:
    """The lists of ``contexts.toml``, compiled."""

    def __init__(self, lists: Mapping[str, Sequence[str]], tables: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
        relative = f"(?:{'|'.join(lists['relative'])})"

        def words(phrases: Sequence[str]) -> re.Pattern[str]:
            longest_first = sorted((p.replace("{relative}", relative) for p in phrases), key=len, reverse=True)
            return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")

        self.pseudo, self.termination, self.assertion, self.informant, self.family, self.family_behind = (
            words(lists[name])
            for name in ("pseudo", "termination", "assertion", "informant", "family", "family_behind")
        )
        self.forward = {trait: words(phrases) for trait, phrases in tables["forward"].items()}
        self.backward = {trait: words(phrases) for trait, phrases in tables["backward"].items()}
        self.headings = {
            trait: re.compile(rf"^\W{{0,3}}(?:{'|'.join(phrases)})\s*:", re.IGNORECASE | re.MULTILINE)
            for trait, phrases in tables["heading"].items()
        }


@functools.cache
def _phrases() -> _Phrases:
    document = tomllib.loads(Path(__file__).with_name("contexts.toml").read_text(encoding="utf-8"))
    tables = {name: document.pop(name) for name in ("forward", "backward", "heading")}
    return _Phrases(document, tables)


def add_traits(text: str, entities: Sequence[Entity]) -> None:
    """Give each entity its traits: by context, and for conditions DIAGNOSIS, SIGN or SYMPTOM by name."""
    ordered = sorted(entities, key=lambda entity: entity.begin)
    begins = [entity.begin for entity in ordered]
    small = small_letters(text)
    under_headings = [*_under_headings(text)]
    for begin, end in _sentences(text):
        inside = ordered[bisect_left(begins, begin) : bisect_left(begins, end)]
        if inside:
            reaches = [*under_headings, *_of_sentence(small, begin, end)]
            for entity in inside:
                _add_traits(text, entity, reaches)
    # A gap between sentences holds no entity, unless one begins in the blanks.
    for entity in ordered:
        if not entity.traits:
            _add_traits(text, entity, under_headings)


def _add_traits(text: str, entity: Entity, reaches: Sequence[_Reach]) -> None:
    allowed = ALLOWED.get(entity.category, ())
    rules: dict[str, str] = {}
    for reach in reaches:
        if reach.begin <= entity.begin and entity.end <= reach.end and reach.trait in allowed:
            rules.setdefault(reach.trait, reach.rule)
    if DOUBT in rules and rules.get(NEGATION) == f"{NEGATION}-backward":
        del rules[NEGATION]  # "cannot be ruled out"
    if HYPOTHETICAL in rules:
        rules.pop(PAST, None)  # what may come has not been
    told = {trait.name for trait in entity.traits}
    entity.traits += [Trait(name, score(rule)) for name, rule in rules.items() if name not in told]
    if entity.category == CONDITION and (kind := condition_trait(text[entity.begin : entity.end])):
        entity.traits.append(Trait(kind, score(f"trait-{kind}")))


def _sentences(text: str) -> Iterator[tuple[int, int]]:
    begin = 0
    for match in _SENTENCE_END.finditer(text):
        yield begin, match.start()
        begin = match.end()
    yield begin, len(text)


def _under_headings(text: str) -> Iterator[_Reach]:
    for trait, heading in _phrases().headings.items():
        for match in heading.finditer(text):
            following = _HEADING.search(text, match.end())
            yield _Reach(match.end(), following.start() if following else len(text), trait, f"{trait}-heading")


def _of_sentence(text: str, begin: int, end: int) -> Iterator[_Reach]:
    """The contexts of one sentence of a text in small letters."""
    phrases, sentence = _phrases(), text[begin:end]
    ahead = [(trait, m) for trait, triggers in phrases.forward.items() for m in triggers.finditer(sentence)]
    behind = [(trait, m) for trait, triggers in phrases.backward.items() for m in triggers.finditer(sentence)]
    kin, kin_behind = [*phrases.family.finditer(sentence)], [*phrases.family_behind.finditer(sentence)]
    if not (ahead or behind or kin or kin_behind):
        return
    pseudo = [match.span() for match in phrases.pseudo.finditer(sentence)]
    informants = [match.span() for match in phrases.informant.finditer(sentence)] if kin or kin_behind else []
    stops = [match.span() for match in phrases.termination.finditer(sentence)]

    def forward(trait: str, match: re.Match[str]) -> _Reach:
        until = min((first for first, _ in stops if first >= match.end()), default=len(sentence))
        if trait == NEGATION:
            until = _end_of_denial(sentence, match.end(), until)
        return _Reach(begin + match.end(), begin + until, trait, f"{trait}-forward")

    def backward(trait: str, match: re.Match[str]) -> _Reach:
        since = max((last for _, last in stops if last <= match.start()), default=0)
        return _Reach(begin + since, begin + match.start(), trait, f"{trait}-backward")

    yield from (forward(trait, m) for trait, m in ahead if not _inside(m.span(), pseudo))
    yield from (backward(trait, m) for trait, m in behind if not _inside(m.span(), pseudo))
    yield from (forward(FAMILY, m) for m in kin if not _inside(m.span(), [*informants, *pseudo]))
    yield from (backward(FAMILY, m) for m in kin_behind if not _inside(m.span(), informants))


def _end_of_denial(sentence: str, begin: int, end: int) -> int:
    """Where a denial that begins at ``begin`` ends: where, after a comma, a verb asserts something new."""
    for match in _phrases().assertion.finditer(sentence, begin, end):
        comma = sentence.rfind(",", begin, match.start())
        if comma >= 0:
            return comma
    return end


def _inside(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    return any(begin <= span[0] and span[1] <= end for begin, end in others)
