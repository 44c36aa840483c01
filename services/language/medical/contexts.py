"""What is said about a condition: that it is absent, past, another's, possible or not yet there.

After ConText (Harkema, Dowling, Thornblade and Chapman, 2009): words that trigger a context reach over the rest of
their sentence, forwards or backwards, until a word that ends it. ``contexts.toml`` holds the words, our own choice.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.language.medical.findings import CONDITION, MEDICATION, PROCEDURE, Entity, Trait
from services.language.medical.lexicon import condition_trait
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
            return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", re.IGNORECASE)

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
    reaches = [*_under_headings(text)]
    for begin, end in _sentences(text):
        reaches += _of_sentence(text, begin, end)
    for entity in entities:
        allowed = ALLOWED.get(entity.category, ())
        rules: dict[str, str] = {}
        for reach in reaches:
            if reach.begin <= entity.begin and entity.end <= reach.end and reach.trait in allowed:
                rules.setdefault(reach.trait, reach.rule)
        if DOUBT in rules and rules.get(NEGATION) == f"{NEGATION}-backward":
            del rules[NEGATION]  # "cannot be ruled out"
        if HYPOTHETICAL in rules:
            rules.pop(PAST, None)  # what may come has not been
        entity.traits = [Trait(name, score(rule)) for name, rule in rules.items()]
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
    """The contexts of one sentence."""
    phrases, sentence = _phrases(), text[begin:end]
    pseudo = [match.span() for match in phrases.pseudo.finditer(sentence)]
    informants = [match.span() for match in phrases.informant.finditer(sentence)]
    stops = [match.span() for match in phrases.termination.finditer(sentence)]

    def forward(trait: str, match: re.Match[str]) -> _Reach:
        until = min((first for first, _ in stops if first >= match.end()), default=len(sentence))
        if trait == NEGATION:
            until = _end_of_denial(sentence, match.end(), until)
        return _Reach(begin + match.end(), begin + until, trait, f"{trait}-forward")

    def backward(trait: str, match: re.Match[str]) -> _Reach:
        since = max((last for _, last in stops if last <= match.start()), default=0)
        return _Reach(begin + since, begin + match.start(), trait, f"{trait}-backward")

    for trait, triggers in phrases.forward.items():
        yield from (forward(trait, m) for m in triggers.finditer(sentence) if not _inside(m.span(), pseudo))
    for trait, triggers in phrases.backward.items():
        yield from (backward(trait, m) for m in triggers.finditer(sentence) if not _inside(m.span(), pseudo))
    for match in phrases.family.finditer(sentence):
        if not _inside(match.span(), informants) and not _inside(match.span(), pseudo):
            yield forward(FAMILY, match)
    for match in phrases.family_behind.finditer(sentence):
        if not _inside(match.span(), informants):
            yield backward(FAMILY, match)


def _end_of_denial(sentence: str, begin: int, end: int) -> int:
    """Where a denial that begins at ``begin`` ends: where, after a comma, a verb asserts something new."""
    for match in _phrases().assertion.finditer(sentence, begin, end):
        comma = sentence.rfind(",", begin, match.start())
        if comma >= 0:
            return comma
    return end


def _inside(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> bool:
    return any(begin <= span[0] and span[1] <= end for begin, end in others)
