"""Labelled words for the four heads of the tagger: part of speech, base noun phrase, entity, personal data.

A label may be partial: each word carries the *set* of classes that the corpus allows for it, because the corpora
annotate different things (WNUT17 leaves nationalities unmarked, wikigold calls every other name MISC ...).
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from synthetic import Made

from services.language.tokens import tokenise

POS = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X".split()  # noqa: SIM905
CHUNK = ["O", "B", "I"]
ENTITY_TYPES = ["PERSON", "LOCATION", "ORGANIZATION", "COMMERCIAL_ITEM", "EVENT", "TITLE", "OTHER"]
ENTITY = ["O", *(f"{p}-{t}" for t in ENTITY_TYPES for p in "BI")]
PII = ["O", "B-NAME", "I-NAME", "B-ADDRESS", "I-ADDRESS"]
HEADS = {"pos": POS, "chunk": CHUNK, "entity": ENTITY, "pii": PII}
NEWLINE = "\n"

Allowed = frozenset[int] | None  # None = nothing known


@dataclass(slots=True)
class Sentence:
    """Words (a line break is a word of its own) and for each head the classes allowed at each word."""

    words: list[str]
    labels: dict[str, list[Allowed]]

    @staticmethod
    def join(parts: Sequence[Sentence]) -> Sentence:
        words = [w for p in parts for w in p.words]
        heads = {h for p in parts for h in p.labels}
        labels = {h: [a for p in parts for a in p.labels.get(h, [None] * len(p.words))] for h in heads}
        return Sentence(words, labels)


def _one(head: str, name: str) -> frozenset[int]:
    return frozenset([HEADS[head].index(name)])


# --- Universal Dependencies ------------------------------------------------------------------------------------------

_INSIDE = {"det", "amod", "compound", "nummod", "nmod:poss", "flat", "det:predet", "advmod", "goeswith",
           "nmod:unmarked", "nmod:desc", "case", "punct", "fixed", "cc:preconj"}  # fmt: skip


def base_noun_phrases(rows: Sequence[tuple[str, str, int, str]]) -> list[tuple[int, int]]:
    """Base noun phrases [first, last) from dependencies: a nominal head with its determiners and modifiers beside it.

    ``rows`` are (form, upos, head index or -1, relation). Pronouns alone are none.
    """
    children: dict[int, list[int]] = {}
    for index, (_, _, head, _) in enumerate(rows):
        children.setdefault(head, []).append(index)

    def inner(index: int) -> bool:
        return rows[index][3] in ("compound", "flat", "goeswith", "fixed", "nmod:poss", "nmod:desc")

    def take(index: int, members: set[int], depth: int) -> None:
        members.add(index)
        for child in children.get(index, []):
            relation = rows[child][3]
            if relation == "case" and not (
                rows[child][0].lower() in ("'s", "'", "\u2019s", "\u2019") and child > index
            ):
                continue
            if relation == "punct" and rows[child][0] != "-":
                continue
            if relation == "advmod" and rows[index][1] not in ("ADJ", "NUM", "ADV"):
                continue
            if relation in _INSIDE and depth < 6:
                take(child, members, depth + 1)

    spans = []
    for index, (_, upos, head, _) in enumerate(rows):
        if upos not in ("NOUN", "PROPN") or (inner(index) and head >= 0 and rows[head][1] in ("NOUN", "PROPN")):
            continue
        members: set[int] = set()
        take(index, members, 0)
        first = last = index
        while first - 1 in members:
            first -= 1
        while last + 1 in members:
            last += 1
        spans.append((first, last + 1))
    return sorted(set(spans))


def universal_dependencies(path: Path) -> Iterator[Sentence]:
    opener = gzip.open if path.suffix == ".gz" else open
    rows: list[tuple[str, str, int, str]] = []
    with opener(path, "rt", encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                fields = line.rstrip("\n").split("\t")
                if fields[0].isdigit():
                    rows.append((fields[1], fields[3], int(fields[6]) - 1, fields[7]))
                continue
            if rows:
                chunk = [_one("chunk", "O")] * len(rows)
                for first, last in base_noun_phrases(rows):
                    chunk[first:last] = [_one("chunk", "B"), *[_one("chunk", "I")] * (last - first - 1)]
                pos: list[Allowed] = [_one("pos", r[1]) if r[1] in POS else None for r in rows]
                yield Sentence([r[0] for r in rows], {"pos": pos, "chunk": list(chunk)})
            rows = []


# --- entities --------------------------------------------------------------------------------------------------------

_WNUT = {"person": "PERSON", "location": "LOCATION", "corporation": "ORGANIZATION", "group": "ORGANIZATION",
         "creative-work": "TITLE", "product": "COMMERCIAL_ITEM"}  # fmt: skip
_WIKI = {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION"}
_GUM = {"person": "PERSON", "place": "LOCATION", "organization": "ORGANIZATION", "event": "EVENT"}
_EVENT = re.compile(r"\b(war|cup|olympics?|games|festival|battle|championships?|election|revolution|league|open|"
                    r"tournament|conference|day|christmas|easter)\b", re.I)  # fmt: skip


def _columns(path: Path) -> Iterator[list[tuple[str, str]]]:
    rows: list[tuple[str, str]] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        fields = line.split()
        if len(fields) >= 2:
            rows.append((fields[0], fields[-1]))
        elif rows:
            yield rows
            rows = []


def _spans(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """Spans of BIO or IO tags."""
    spans, start = [], 0
    for i in range(len(tags) + 1):
        inside = i < len(tags) and tags[i].startswith("I-") and i > start and tags[i][2:] == tags[start][2:]
        if i > start and tags[start] != "O" and not inside:
            spans.append((start, i, tags[start][2:]))
            start = i
        elif i < len(tags) and tags[start] == "O":
            start = i
        if i < len(tags) and tags[start] == "O":
            start = i
    return [s for s in spans if s[2]]


def _labelled(
    words: list[str], spans: Sequence[tuple[int, int, frozenset[str] | None]], silent: Sequence[str]
) -> Sentence:
    """Entity and personal-data labels from spans; ``silent`` types are those the corpus never marks."""
    outside = frozenset([0, *(i for i, n in enumerate(ENTITY) if n[2:] in silent)])
    entity: list[Allowed] = [outside] * len(words)
    pii: list[Allowed] = [_one("pii", "O")] * len(words)
    for first, last, types in spans:
        for i in range(first, last):
            prefix = "B" if i == first else "I"
            entity[i] = None if types is None else frozenset(ENTITY.index(f"{prefix}-{t}") for t in types)
            if types == {"PERSON"}:
                pii[i] = _one("pii", f"{prefix}-NAME")
            elif types == {"LOCATION"}:
                pii[i] = _one("pii", f"{prefix}-ADDRESS")
            elif types is None:
                pii[i] = None
    return Sentence(words, {"entity": entity, "pii": pii})


def wnut17(path: Path) -> Iterator[Sentence]:
    for rows in _columns(path):
        spans = [(a, b, frozenset([_WNUT[t]])) for a, b, t in _spans([t for _, t in rows])]
        yield _labelled([w for w, _ in rows], spans, ("OTHER", "EVENT"))


def wikigold(path: Path) -> list[Sentence]:
    out = []
    for rows in _columns(path):
        words = [w for w, _ in rows]
        spans = []
        for a, b, t in _spans([t for _, t in rows]):
            named = _WIKI.get(t) or ("EVENT" if _EVENT.search(" ".join(words[a:b])) else None)
            spans.append((a, b, frozenset([named]) if named else frozenset(["OTHER", "TITLE", "COMMERCIAL_ITEM"])))
        out.append(_labelled(words, spans, ()))
    return out


def gum(path: Path) -> Iterator[Sentence]:
    """GUM marks every mention; kept as entities are those with a capital inside, the rest says nothing."""
    for rows in _columns(path):
        words = [w for w, _ in rows]
        spans: list[tuple[int, int, frozenset[str] | None]] = []
        for a, b, t in _spans([t for _, t in rows]):
            proper = [i for i in range(a, b) if words[i][:1].isupper() and (i > 0 or b - a > 1) and len(words[i]) > 1]
            while a < b - 1 and words[a].lower() in ("the", "a", "an", "this", "his", "her", "our"):
                a += 1
            named = all(words[i][:1].isupper() or words[i] in ("of", "the", "'s", "-", ".") for i in range(a, b))
            if t in _GUM and proper and named:
                spans.append((a, b, frozenset([_GUM[t]])))
            elif proper:
                spans.append((a, b, None))
        yield _labelled(words, spans, ("OTHER", "TITLE", "COMMERCIAL_ITEM"))


# --- made sentences --------------------------------------------------------------------------------------------------


def with_line_breaks(text: str) -> tuple[list[str], list[tuple[int, int]]]:
    """Words of a text as the service sees them: tokens, and one NEWLINE word where lines break."""
    words, places, last = [], [], 0
    for token in tokenise(text):
        if NEWLINE in text[last : token.begin]:
            words.append(NEWLINE)
            places.append((token.begin, token.begin))
        words.append(token.text)
        places.append((token.begin, token.end))
        last = token.end
    return words, places


def made(example: Made) -> Sentence:
    words, places = with_line_breaks(example.text)
    pii: list[Allowed] = [_one("pii", "O")] * len(words)
    entity: list[Allowed] = [frozenset([0])] * len(words)
    for begin, end, kind, place in example.spans:
        inside = [i for i, (b, e) in enumerate(places) if b < end and e > begin]
        inside = [i for i in inside if i not in (inside[0], inside[-1]) or words[i] != NEWLINE]
        for rank, i in enumerate(inside):
            prefix = "B" if rank == 0 else "I"
            if kind == "COMPANY":
                entity[i], pii[i] = _one("entity", f"{prefix}-ORGANIZATION"), _one("pii", "O")
            else:
                pii[i] = _one("pii", f"{prefix}-{kind}")
                entity[i] = _one("entity", f"{prefix}-PERSON") if kind == "NAME" else None
                if place:
                    entity[i] = _one("entity", f"{prefix}-LOCATION")
    return Sentence(words, {"pii": pii, "entity": entity})
