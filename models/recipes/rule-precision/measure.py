"""Count how often the rules for personal data, dates and quantities are right; writes rule_precision.toml.

    python models/recipes/rule-precision/measure.py --data <shared>/data [--show RULE]

Run from the repository root. What is counted where:

* text/pii (100 made-up texts with annotated spans): a match is right if it shares at least half of the union with a
  span of its type, wrong if it overlaps a span of another type or its type is annotated and no such span is there.
* Types that hardly occur in public text (cards, accounts, national numbers, keys ...): every match in EWT, GUM,
  wikigold, the tweets and the toxicity tweets counts as wrong. A few may be right: the score errs to the low side.
* EMAIL and URL: in EWT, right if all words of the match are tagged ADD (an address).
* PHONE everywhere, AGE in EWT, USERNAME in EWT and GUM, dates with month names or in figures (DATE_TIME-2, -3, DATE-1,
  -4, -5) in EWT: judged by reading all matches; wrong.tsv names the wrong ones by digest of the text and offset.
* Other DATE_TIME and DATE: in GUM, right if the match shares half of the union with an annotated time, or lies in one.
* QUANTITY: in GUM, right if it agrees so with an annotated quantity or time; in EWT, right if it holds a numeral
  (NumType) that counts, measures or orders (relations in _COUNTING), wrong if the numeral is part of a list, a name, an
  address or a date (other relations), or if there is none.

A text that occurs twice counts once. The annotations have gaps (a date without a label counts as wrong).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from services.language import quantities
from services.language.pii import finder
from services.language.pii.rules import NAMED

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
Key = tuple[str, bool]  # rule, announced

_ANNOTATED = {
    "PHONE_NUMBER": "PHONE", "DATE_TIME": "DATE_TIME", "CREDIT_CARD": "CREDIT_DEBIT_NUMBER", "DOMAIN_NAME": "URL",
    "US_SSN": "SSN", "IP_ADDRESS": "IP_ADDRESS", "EMAIL_ADDRESS": "EMAIL", "US_DRIVER_LICENSE": "DRIVER_ID",
    "PERSON": "NAME", "ADDRESS": "ADDRESS", "LOCATION": "ADDRESS",
}  # fmt: skip
_COMMON = {"EMAIL", "URL", "PHONE", "DATE_TIME", "AGE", "USERNAME", "PASSWORD", "IP_ADDRESS", "MAC_ADDRESS"}
#: Rules whose matches were read, by corpus.
_READ = {
    "ewt": ("PHONE-", "AGE-", "USERNAME-", "DATE_TIME-2", "DATE_TIME-3", "DATE-1", "DATE-4", "DATE-5"),
    "gum": ("PHONE-", "USERNAME-"), "wikigold": ("PHONE-",), "tweets": ("PHONE-",), "toxicity": ("PHONE-",),
}  # fmt: skip
_COUNTING = {"nummod", "amod", "advmod", "obj", "obl", "nsubj", "root", "conj", "nmod", "compound", "dep"}

#: The outer shape of a rule's values: d = digit, A = capital letter, x = either, h = hexadecimal digit, s = any
#: character of a key; the rest stands for itself. For rules that check more than their shape.
_SHAPES = {
    "IP_ADDRESS-1": "ddd.ddd.ddd.ddd", "CREDIT_DEBIT_NUMBER-1": "dddd dddd dddd dddd",
    "INTERNATIONAL_BANK_ACCOUNT_NUMBER-1": "AAddxxxxdddddddddddddd", "SWIFT_CODE-1": "AAAAAAxx",
    "BANK_ROUTING-1": "ddddddddd", "SSN-1": "ddd-dd-dddd", "SSN-2": "ddddddddd", "CREDIT_DEBIT_EXPIRY-1": "dd/dd",
    "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER-1": "ddd-dd-dddd", "CA_SOCIAL_INSURANCE_NUMBER-1": "ddd ddd ddd",
    "CA_HEALTH_NUMBER-1": "dddd ddd ddd", "UK_NATIONAL_INSURANCE_NUMBER-1": "AAddddddA",
    "UK_NATIONAL_HEALTH_SERVICE_NUMBER-1": "ddd ddd dddd", "IN_AADHAAR-1": "dddd dddd dddd",
    "IN_PERMANENT_ACCOUNT_NUMBER-1": "AAAAAddddA", "IN_NREGA-1": "xx-xx-xxx-xxx-xxx/xxx",
    "VEHICLE_IDENTIFICATION_NUMBER-1": "xxxxxxxxxxxxxxxxx", "AWS_ACCESS_KEY-1": "A" * 4 + "x" * 16,
    "MAC_ADDRESS-1": "xx:xx:xx:xx:xx:xx",
}  # fmt: skip
_ALPHABETS = {"d": "0123456789", "A": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "x": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"}
_DRAWS = 100_000


@dataclass(slots=True)
class Text:
    """A text of a corpus with its annotations: labelled spans; in EWT words (begin, end, tag, features, relation)."""

    corpus: str
    text: str
    spans: list[tuple[int, int, str]] = field(default_factory=list)
    words: list[tuple[int, int, str, str, str]] = field(default_factory=list)

    def judgement_key(self, begin: int) -> str:
        return f"{self.corpus}:{hashlib.sha256(self.text.encode()).hexdigest()[:12]}:{begin}"


def pii_texts(root: Path) -> Iterator[Text]:
    for row in json.loads((root / "pii/generated_small.json").read_text(encoding="utf-8")):
        spans = [(s["start_position"], s["end_position"], _ANNOTATED.get(s["entity_type"], "")) for s in row["spans"]]
        yield Text("pii", row["full_text"], spans)


def ewt(root: Path) -> Iterator[Text]:
    folder = root / "ud/en_ewt"
    dev = (folder / "en_ewt-ud-dev.conllu").read_text(encoding="utf-8")
    with gzip.open(folder / "en_ewt-ud-train.conllu.gz", "rt", encoding="utf-8") as stream:
        both = dev + "\n" + stream.read()
    for block in both.split("\n\n"):
        text, place = Text("ewt", ""), 0
        for line in block.splitlines():
            fields = line.split("\t")
            if line.startswith("# text = "):
                text.text = line[9:]
            elif fields[0].isdigit() and (begin := text.text.find(fields[1], place)) >= 0:
                place = begin + len(fields[1])
                text.words.append((begin, place, fields[4], fields[5], fields[7].split(":")[0]))
        if text.words:
            yield text


def gum(root: Path) -> Iterator[Text]:
    for part in ("train", "test"):
        path = root / f"ner/GUM/CONLL-format/data/{part}/gum-{part}.conll"
        text = Text("gum", "")
        for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
            fields = line.split()
            if len(fields) < 2:
                if text.text:
                    yield text
                text = Text("gum", "")
                continue
            begin = len(text.text) + bool(text.text)
            text.text = f"{text.text} {fields[0]}" if text.text else fields[0]
            prefix, _, label = fields[-1].partition("-")
            if prefix == "I" and text.spans and text.spans[-1][2] == label:
                text.spans[-1] = (text.spans[-1][0], len(text.text), label)
            elif prefix != "O":
                text.spans.append((begin, len(text.text), label))


def plain(root: Path) -> Iterator[Text]:
    words: list[str] = []
    for line in [*(root / "ner/wikigold/CONLL-format/data/wikigold.conll.txt").read_text("utf-8").splitlines(), ""]:
        if line.strip():
            words.append(line.split()[0])
        elif words:
            yield Text("wikigold", " ".join(words))
            words = []
    every = ("train", "val", "test")
    for task, parts in (("irony", every), ("emotion", every), ("sentiment", ("val",))):
        for part in parts:
            for line in (root / f"tweeteval/{task}/{part}_text.txt").read_text("utf-8").splitlines():
                yield Text("tweets", line)
    with (root / "toxicity/labeled_data.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield Text("toxicity", row["tweet"])


def agrees(begin: int, end: int, span: tuple[int, int, str], *, inside: bool) -> bool:
    """Whether a match and an annotated span share half of their union, or (``inside``) the match lies within it."""
    common = min(end, span[1]) - max(begin, span[0])
    union = max(end, span[1]) - min(begin, span[0])
    return 2 * common >= union or (inside and span[0] <= begin and end <= span[1])


def read(text: Text, rule: str, begin: int, wrong: frozenset[str]) -> bool | None:
    """The verdict of a reader; None where nobody read."""
    exact = ("DATE-1",)  # a prefix of DATE-10 ...
    told = any(rule == r if r in exact else rule.startswith(r) for r in _READ.get(text.corpus, ()))
    return text.judgement_key(begin) not in wrong if told else None


def right_pii(text: Text, begin: int, end: int, kind: str) -> bool | None:
    """Whether a match of a rule for personal data is right; None where the corpus does not tell."""
    if text.corpus == "pii":
        if any(agrees(begin, end, s, inside=False) for s in text.spans if s[2] == kind):
            return True
        crosses = any(begin < s[1] and s[0] < end for s in text.spans if s[2] != kind)
        return False if crosses or kind in _ANNOTATED.values() else None
    if kind not in _COMMON:
        return False
    if text.corpus == "ewt" and kind in ("EMAIL", "URL"):
        return all(tag == "ADD" for b, e, tag, _, _ in text.words if b < end and begin < e)
    if kind == "DATE_TIME" and text.corpus == "gum":
        return any(agrees(begin, end, s, inside=True) for s in text.spans if s[2] == "time")
    return None


def right_quantity(text: Text, begin: int, end: int, kind: str) -> bool | None:
    """Whether a date or quantity is right; None where the corpus does not tell."""
    if text.corpus == "gum":
        kinds = ("time",) if kind == "DATE" else ("quantity", "time")
        found = any(agrees(begin, end, s, inside=True) for s in text.spans if s[2] in kinds)
        # GUM takes "three cats" for an animal: only EWT can say that its number is wrong.
        return found or (False if kind == "DATE" else None)
    if text.corpus == "ewt" and kind == "QUANTITY":
        covered = [w for w in text.words if w[0] < end and begin < w[1]]
        if any(w[2] in ("ADD", "LS") for w in covered):
            return False
        return any("NumType=" in w[3] and w[4] in _COUNTING for w in covered) or any(w[2] == "$" for w in covered)
    return None


def luck(name: str) -> float:
    """The share of random strings of the rule's outer shape that its pattern and check let through."""
    shape = _SHAPES.get(name)
    if shape is None:
        return 1.0
    generator = random.Random(name)
    rule = NAMED[name]
    passed = 0
    for _ in range(_DRAWS):
        value = "".join(generator.choice(_ALPHABETS[c]) if c in _ALPHABETS else c for c in shape)
        passed += any((m.begin, m.end) == (0, len(value)) for m in rule.found(value, name))
    return max(passed, 1) / _DRAWS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--show", default="", help="print the matches of this rule instead of writing")
    options = parser.parse_args()
    root = options.data / "text"
    lines = (HERE / "wrong.tsv").read_text(encoding="utf-8").splitlines()
    wrong = frozenset(line.split("\t")[0] for line in lines)
    counts: Counter[tuple[Key, bool]] = Counter()
    seen: set[str] = set()
    for text in itertools.chain(pii_texts(root), ewt(root), gum(root), plain(root)):
        if text.text in seen:
            continue
        seen.add(text.text)
        found: list[tuple[Key, bool | None, int, int]] = []
        for m in finder.chosen(text.text):
            verdict = read(text, m.rule, m.begin, wrong)
            verdict = right_pii(text, m.begin, m.end, m.type) if verdict is None else verdict
            found.append(((m.rule, m.announced), verdict, m.begin, m.end))
        for q in quantities.find(text.text):
            verdict = read(text, q.rule, q.begin, wrong)
            verdict = right_quantity(text, q.begin, q.end, q.kind) if verdict is None else verdict
            found.append(((q.rule, False), verdict, q.begin, q.end))
        for key, verdict, begin, end in found:
            if verdict is not None:
                counts[key, verdict] += 1
            if options.show and key[0].startswith(tuple(options.show.split(","))):
                around = text.text[max(0, begin - 40) : begin], text.text[begin:end], text.text[end : end + 20]
                print(text.judgement_key(begin), key, verdict, *around, sep=" | ")
    if options.show:
        return
    rows = ["# Right and wrong matches of each rule, written by models/recipes/rule-precision/measure.py."]
    for name in [*NAMED, *(rule for _, rule, _ in quantities.RULES)]:
        bare, announced = ([counts[(name, a), True], counts[(name, a), False]] for a in (False, True))
        rows += ["", f"[rule.{name}]", f"bare = {bare}", f"announced = {announced}"]
        if name in _SHAPES:
            rows.append(f"luck = {luck(name):.5f}")
    (ROOT / "services/language/rule_precision.toml").write_text("\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
