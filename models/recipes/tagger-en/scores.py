"""Scores of a tagger folder, by the service's own engine code."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from corpora import ENTITY, HEADS, Sentence, universal_dependencies, wikigold, wnut17

from services.language.engines.token_classifier import TokenClassifier
from services.language.spans import decode_spans

Span = tuple[int, int, int, str]


def _gold_spans(sentences: Sequence[Sentence], head: str) -> set[Span]:
    names = HEADS[head]
    spans = set()
    for row, sentence in enumerate(sentences):
        start, kind = -1, ""
        for i, allowed in enumerate([*sentence.labels[head], frozenset([0])]):
            name = names[min(allowed or {0})] if allowed and 0 not in allowed else "O"
            if start >= 0 and not (name.startswith("I") and name[2:] == kind):
                spans.add((row, start, i, kind))
                start = -1
            if name != "O" and start < 0:
                start, kind = i, name[2:]
    return spans


def _f1(gold: set[Span], found: set[Span]) -> dict[str, float]:
    hit = len(gold & found)
    precision, recall = hit / max(1, len(found)), hit / max(1, len(gold))
    return {"precision": precision, "recall": recall, "f1": 2 * precision * recall / max(1e-9, precision + recall)}


def _span_score(
    engine: TokenClassifier, sentences: Sequence[Sentence], head: str, keep: Callable[[str], bool]
) -> dict[str, float]:
    answers = engine.classify([s.words for s in sentences], head)
    found = {
        (r, s.first, s.last, s.type)
        for r, p in enumerate(answers)
        for s in decode_spans(p, HEADS[head])
        if keep(s.type)
    }
    gold = {s for s in _gold_spans(sentences, head) if keep(s[3])}
    untyped = _f1({(*s[:3], "") for s in gold}, {(*s[:3], "") for s in found})["f1"]
    return {**_f1(gold, found), "untyped_f1": untyped}


def fit_temperature(engine: TokenClassifier, sentences: Sequence[Sentence], head: str) -> float:
    """The temperature with the least negative log-likelihood (Guo et al. 2017), by search over a grid."""
    answers = engine.classify([s.words for s in sentences], head)
    rows, masks = [], []
    for sentence, p in zip(sentences, answers, strict=True):
        for probability, allowed in zip(p, sentence.labels[head], strict=True):
            if allowed is not None:
                mask = np.zeros(len(probability), bool)
                mask[list(allowed)] = True
                rows.append(np.log(probability + 1e-12))
                masks.append(mask)
    logs, allowed_mask = np.stack(rows), np.stack(masks)

    def loss(temperature: float) -> float:
        scaled = np.exp(logs / temperature)
        scaled /= scaled.sum(1, keepdims=True)
        return float(-np.log((scaled * allowed_mask).sum(1) + 1e-12).mean())

    return min((float(t) for t in np.arange(0.7, 2.6, 0.05)), key=loss)


def calibrate(out: Path, text: Path) -> None:
    """Write ``heads.json`` with temperatures fitted on EWT dev (syntax) and WNUT17 dev (entities, personal data)."""
    settings = {"heads": HEADS, "temperatures": dict.fromkeys(HEADS, 1.0)}
    (out / "heads.json").write_text(json.dumps(settings))
    engine = TokenClassifier(out)
    ewt = list(universal_dependencies(text / "ud/en_ewt/en_ewt-ud-dev.conllu"))[::2]
    tweets = list(wnut17(text / "wnut17/emerging.dev.conll"))[::2]
    for head in HEADS:
        settings["temperatures"][head] = fit_temperature(engine, ewt if head in ("pos", "chunk") else tweets, head)
    (out / "heads.json").write_text(json.dumps(settings))


def evaluate(out: Path, text: Path) -> dict[str, dict[str, float]]:
    engine = TokenClassifier(out)
    ewt = list(universal_dependencies(text / "ud/en_ewt/en_ewt-ud-dev.conllu"))
    answers = engine.classify([s.words for s in ewt], "pos")
    right = [
        int(p[i].argmax() in s.labels["pos"][i])
        for s, p in zip(ewt, answers, strict=True)
        for i in range(len(p))
        if s.labels["pos"][i]
    ]
    wiki = wikigold(text / "ner/wikigold/CONLL-format/data/wikigold.conll.txt")
    named = {n[2:] for n in ENTITY if n != "O"}
    return {
        "ewt_dev": {"upos_accuracy": float(np.mean(right)), "words": float(len(right))},
        "ewt_dev_base_noun_phrases": _span_score(engine, ewt, "chunk", lambda _: True),
        "wnut17_dev": _span_score(
            engine, list(wnut17(text / "wnut17/emerging.dev.conll")), "entity", lambda t: t not in ("OTHER", "EVENT")
        ),
        "wikigold_last_fifth_per_loc_org": _span_score(
            engine,
            wiki[len(wiki) * 4 // 5 :],
            "entity",
            lambda t: t in named - {"OTHER", "TITLE", "EVENT", "COMMERCIAL_ITEM"},
        ),
    }
