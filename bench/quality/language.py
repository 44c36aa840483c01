"""Quality of the language service's embedded models on the development data, one table.

    NONET_SHARED=<shared folder> python bench/quality/language.py [--only sentiment pii ...] [--json FILE]

Every figure comes from the engines that the service leases, loaded from the catalog; nothing is trained here. The
sentiment figure on tweets is of models that saw those tweets in training: the honest one is out of fold, in
``models/sentiment-small-en/MODEL_CARD.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "sdk")]

from services.language.tasks import Document, TextSpan  # noqa: E402
from shared.models.catalog import Catalog  # noqa: E402

Row = tuple[str, str, float, str]  # task, data, value, remark
Span = tuple[int, int, int, str]


def engine(model_id: str) -> Any:
    """The engine of a catalog entry, loaded as the runtime loads it."""
    entry = Catalog.load([ROOT / "services/language/catalog.toml"]).get(model_id)
    assert entry is not None, model_id
    module, _, function = entry.engine.partition(":")
    loader = getattr(__import__(module, fromlist=[function]), function)
    return loader(entry, ROOT / (entry.embedded_path or ""), "cpu")


def f1(gold: set[Span], found: set[Span]) -> tuple[float, str]:
    """Percent, with precision and recall as a remark."""
    hit = len(gold & found)
    precision, recall = hit / max(1, len(found)), hit / max(1, len(gold))
    return 200 * precision * recall / max(1e-9, precision + recall), f"P {100 * precision:.1f} R {100 * recall:.1f}"


def expected_calibration_error(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> float:
    """Percent points between confidence and accuracy, over equally wide bins (Naeini et al. 2015)."""
    buckets: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, right in pairs:
        buckets[min(bins - 1, int(confidence * bins))].append((confidence, right))
    gaps = (abs(sum(c for c, _ in b) - sum(r for _, r in b)) for b in buckets)
    return 100 * sum(gaps) / len(pairs)


# --- sentiment -------------------------------------------------------------------------------------------------------


def sentiment(text: Path) -> Iterator[Row]:
    model = engine("sentiment-small-en")
    rows = [line.rsplit("\t", 1) for line in (text / "sst2/dev.tsv").read_text(encoding="utf-8").splitlines()]
    answers = model.run([Document(t, "en") for t, _ in rows])
    right = [(a.positive > a.negative) == (label == "1") for a, (_, label) in zip(answers, rows, strict=True)]
    yield "sentiment", "SST-2 dev accuracy", 100 * sum(right) / len(right), "Positive against Negative; bar 84"
    pairs = [(max(a.positive, a.negative) / (a.positive + a.negative), r) for a, r in zip(answers, right, strict=True)]
    yield "sentiment", "SST-2 dev calibration error", expected_calibration_error(pairs), "of the two poles"
    folder = text / "tweeteval/sentiment"
    tweets = (folder / "val_text.txt").read_text(encoding="utf-8").splitlines()
    labels = (folder / "val_labels.txt").read_text(encoding="utf-8").split()
    answers = model.run([Document(t, "en") for t in tweets])
    by_class: dict[str, list[bool]] = {}
    for a, label in zip(answers, labels, strict=True):
        scores = {"0": a.negative, "1": a.neutral, "2": a.positive}
        by_class.setdefault(label, []).append(max(scores, key=lambda k: scores[k]) == label)
    recall = 100 * sum(sum(v) / len(v) for v in by_class.values()) / 3
    yield "sentiment", "TweetEval val macro recall", recall, "SEEN in training; out of fold: model card"
    yield from _everyday(model)
    texts = [Document(t, "en") for t, _ in rows if 15 <= len(t.split()) <= 25]
    for size in (1, 4, 16):
        began = time.process_time()
        for start in range(0, len(texts) - size, size):
            model.run(texts[start : start + size])
        spent = time.process_time() - began
        yield "sentiment", f"CPU us a text, batches of {size}", 1e6 * spent / (len(texts) // size * size), "15-25 words"


def _everyday(model: Any) -> Iterator[Row]:
    """Sixty sentences written by hand before the made training sentences were, and not trained on."""
    lines = (ROOT / "tests/quality/language/everyday.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    right: dict[str, list[bool]] = {}
    for (label, _), answer in zip(rows, model.run([Document(t, "en") for _, t in rows]), strict=True):
        right.setdefault(label, []).append(answer.label == label)
    share = ", ".join(f"{label.lower()} {sum(v)}/{len(v)}" for label, v in right.items())
    yield "sentiment", "everyday sentences, four classes", 100 * sum(map(sum, right.values())) / len(rows), share


# --- words -----------------------------------------------------------------------------------------------------------


def _conllu(path: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(text, [(word, tag)]) of each sentence; words of a contraction are left out in favour of the contraction."""
    text, surface, until = "", "", 0
    words: list[tuple[str, str]] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        fields = line.split("\t")
        if line.startswith("#"):
            text = line[9:] if line.startswith("# text = ") else text
        elif not line:
            if words:
                yield text, words
            words, until = [], 0
        elif "-" in fields[0]:
            surface, until = fields[1], int(fields[0].split("-")[1])
        elif fields[0].isdigit() and int(fields[0]) > until:
            words.append((fields[1], fields[3]))
        elif fields[0].isdigit() and surface:
            words.append((surface, fields[3]))
            surface = ""


def syntax(text: Path) -> Iterator[Row]:
    from services.language.engines.token_classifier import TokenClassifier

    classifier = TokenClassifier.shared(ROOT / "models/tagger-en/1")
    sentences = []
    for line in (text / "ud/en_ewt/en_ewt-ud-dev.conllu").read_text(encoding="utf-8").split("\n\n"):
        rows = [r.split("\t") for r in line.splitlines() if r[:1].isdigit() and r.split("\t")[0].isdigit()]
        if rows:
            sentences.append([(r[1], r[3]) for r in rows])
    answers = classifier.classify([[w for w, _ in s] for s in sentences], "pos")
    tags = classifier.heads["pos"]
    pairs = [
        (float(row.max()), tags[int(row.argmax())] == tag)
        for probabilities, sentence in zip(answers, sentences, strict=True)
        for row, (_, tag) in zip(probabilities, sentence, strict=True)
    ]
    yield "syntax", "EWT dev UPOS, gold tokens", 100 * sum(r for _, r in pairs) / len(pairs), "bar 95"
    yield "syntax", "EWT dev calibration error", expected_calibration_error(pairs), "of Score"
    english = engine("tagger-en-syntax")
    yield _raw("en", english, list(_conllu(text / "ud/en_ewt/en_ewt-ud-dev.conllu")))
    linear = engine("syntax-linear")
    for language in ("de", "es", "fr"):
        treebank = list(_conllu(text / f"ud/{language}_gsd/{language}_gsd-ud-dev.conllu"))
        held = treebank[len(treebank) * 4 // 5 :]  # the rest was trained on
        right = total = 0
        for _, words in held:
            probabilities = linear.probabilities([w for w, _ in words], language)
            right += sum(linear._tags[int(p.argmax())] == t for p, (_, t) in zip(probabilities, words, strict=True))
            total += len(words)
        yield "syntax", f"{language} GSD UPOS, gold tokens", 100 * right / total, "last fifth of the dev file"
        yield _raw(language, linear, held)


def _raw(language: str, model: Any, sentences: Sequence[tuple[str, list[tuple[str, str]]]]) -> Row:
    """F1 of words with the right offsets and tag, on raw text."""
    gold: set[Span] = set()
    found: set[Span] = set()
    answers = model.run([Document(text, language) for text, _ in sentences])
    for row, ((text, words), tagged) in enumerate(zip(sentences, answers, strict=True)):
        place = 0
        for word, tag in words:
            begin = text.find(word, place)
            if begin >= 0:
                place = begin + len(word)
                gold.add((row, begin, place, "O" if tag == "X" else tag))
        found |= {(row, t.token.begin, t.token.end, t.tag) for t in tagged}
    value, remark = f1(gold, found)
    return "syntax", f"{language} UPOS F1, own tokens", value, remark


# --- spans -----------------------------------------------------------------------------------------------------------

_WNUT = {
    "person": "PERSON", "location": "LOCATION", "corporation": "ORGANIZATION", "group": "ORGANIZATION",
    "creative-work": "TITLE", "product": "COMMERCIAL_ITEM",
}  # fmt: skip
_WIKI = {"PER": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION"}


def _columns(path: Path) -> Iterator[tuple[str, list[tuple[int, int, str]]]]:
    """(text, spans of (begin, end, label)) with words joined by spaces."""
    text, last = "", "O"
    spans: list[tuple[int, int, str]] = []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        fields = line.split()
        if len(fields) < 2:
            if text:
                yield text, spans
            text, spans, last = "", [], "O"
            continue
        word, tag = fields[0], fields[-1]
        begin = len(text) + bool(text)
        text = f"{text} {word}" if text else word
        if tag != "O":
            if spans and tag.startswith("I-") and last != "O" and last[2:] == tag[2:]:
                spans[-1] = (spans[-1][0], len(text), tag[2:])
            else:
                spans.append((begin, len(text), tag[2:]))
        last = tag


def entities(text: Path) -> Iterator[Row]:
    """End to end: raw text through the service's tokeniser; DATE and QUANTITY are in none of these corpora."""
    model = engine("tagger-en-entities")
    wiki = list(_columns(text / "ner/wikigold/CONLL-format/data/wikigold.conll.txt"))
    sets: tuple[tuple[str, list[tuple[str, list[tuple[int, int, str]]]], dict[str, str], str], ...] = (
        ("WNUT17 dev F1, six types mapped", list(_columns(text / "wnut17/emerging.dev.conll")), _WNUT, "bar 35"),
        ("wikigold last fifth F1, PER LOC ORG", wiki[len(wiki) * 4 // 5 :], _WIKI, "held out"),
    )
    for name, rows, kinds, bar in sets:
        gold = {(i, b, e, kinds[k]) for i, (_, spans) in enumerate(rows) for b, e, k in spans if k in kinds}
        answers = model.run([Document(t, "en") for t, _ in rows])
        found = {
            (i, s.begin, s.end, s.type) for i, spans in enumerate(answers) for s in spans if s.type in kinds.values()
        }
        value, remark = f1(gold, found)
        yield "entities", name, value, f"{remark}; {bar}"


_PII = {
    "PERSON": "NAME", "ADDRESS": "ADDRESS", "LOCATION": "ADDRESS", "PHONE_NUMBER": "PHONE", "DATE_TIME": "DATE_TIME",
    "CREDIT_CARD": "CREDIT_DEBIT_NUMBER", "DOMAIN_NAME": "URL", "US_SSN": "SSN", "IP_ADDRESS": "IP_ADDRESS",
    "EMAIL_ADDRESS": "EMAIL", "US_DRIVER_LICENSE": "DRIVER_ID",
}  # fmt: skip


def pii(text: Path) -> Iterator[Row]:
    """All types of the data that Comprehend has (titles and organisations it has not), parts of one address joined."""
    from services.language.pii.finder import join_addresses

    model = engine("tagger-en-pii")
    rows = json.loads((text / "pii/generated_small.json").read_text(encoding="utf-8"))
    gold: set[Span] = set()
    found: set[Span] = set()
    for number, (row, spans) in enumerate(
        zip(rows, model.run([Document(r["full_text"], "en") for r in rows]), strict=True)
    ):
        known = sorted(
            (s["start_position"], s["end_position"], _PII[s["entity_type"]])
            for s in row["spans"]
            if s["entity_type"] in _PII
        )
        addresses = [TextSpan(b, e, k, 1.0) for b, e, k in known if k == "ADDRESS"]
        joined = [(s.begin, s.end, s.type) for s in join_addresses(row["full_text"], addresses)]
        gold |= {(number, *k) for k in [*(k for k in known if k[2] != "ADDRESS"), *joined]}
        found |= {(number, s.begin, s.end, s.type) for s in spans if s.type in _PII.values()}
    for name, keep in (
        ("all types", lambda k: True),
        ("NAME", lambda k: k == "NAME"),
        ("ADDRESS", lambda k: k == "ADDRESS"),
        ("identifiers", lambda k: k not in ("NAME", "ADDRESS")),
    ):
        value, remark = f1({s for s in gold if keep(s[3])}, {s for s in found if keep(s[3])})
        yield (
            "pii",
            f"presidio-research F1, exact spans, {name}",
            value,
            remark + ("; bar 80" if name == "all types" else ""),
        )
    hits = sum(any(o[0] == g[0] and o[3] == g[3] and o[1] < g[2] and g[1] < o[2] for o in found) for g in gold)
    good = sum(any(o[0] == g[0] and o[3] == g[3] and o[1] < g[2] and g[1] < o[2] for g in gold) for o in found)
    recall, precision = hits / len(gold), good / max(1, len(found))
    yield (
        "pii",
        "the same, overlapping spans",
        200 * precision * recall / (precision + recall),
        f"P {100 * precision:.1f} R {100 * recall:.1f}",
    )


def language_id(text: Path) -> Iterator[Row]:
    model = engine("py3langid")
    for length, bar in (("sentences", "bar 95"), ("word-pairs", ""), ("single-words", "")):
        pairs: list[tuple[float, bool]] = []
        shares = []
        for path in sorted((text / "langid" / length).glob("*.txt")):
            code = {"nb": "no"}.get(path.stem, path.stem)
            lines = path.read_text(encoding="utf-8").splitlines()
            right = []
            for ranked in model.run([Document(line) for line in lines]):
                right.append(ranked[0].code.removesuffix("-TW") == code)
                pairs.append((ranked[0].score, right[-1]))
            shares.append(sum(right) / len(right))
        accuracy = 100 * sum(r for _, r in pairs) / len(pairs)
        remark = (
            f"{len(shares)} languages, worst {100 * min(shares):.0f}, ECE {expected_calibration_error(pairs):.1f} {bar}"
        )
        yield "language id", f"{length} accuracy", accuracy, remark


PARTS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "language-id": language_id,
    "sentiment": sentiment,
    "syntax": syntax,
    "entities": entities,
    "pii": pii,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=[*PARTS], default=[*PARTS])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    text = Path(os.environ.get("NONET_SHARED", ROOT.parent / "shared")) / "data" / "text"
    rows = []
    for name in options.only:
        for row in PARTS[name](text):
            rows.append(row)
            print(f"{row[0]:12} {row[1]:46} {row[2]:8.2f}  {row[3]}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
