"""Sentence pairs of all sources -> one vocabulary and one file of token ids for each direction.

Sources (see README.md): Tatoeba pairs (German, French), their translations by Apertium (Spanish), and the message
catalogs (gettext ``.mo``) of free programs (all three languages).  The held-back test and dev slices are chosen by
their English sentence over all languages before anything is written.
"""

from __future__ import annotations

import argparse
import gettext
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy
import sentencepiece

LANGUAGES = ("de", "fr", "es")
LOCALES = {"de": ("de",), "fr": ("fr",), "es": ("es", "es_ES", "es_AR")}
TAGS = [f"<2{language}>" for language in LANGUAGES]
SYNTHETIC = "<syn>"
TATOEBA, MESSAGE, UNCONFIRMED = range(3)
PLACEHOLDERS = [f"<t{number}>" for number in range(8)]
Pair = tuple[str, str]


def normal(text: str) -> str:
    """The form under which two sentences count as the same: letters and digits only, lower case."""
    return re.sub(r"[\W_]+", " ", unicodedata.normalize("NFKC", text).lower()).strip()


def read(path: Path) -> list[Pair]:
    """Pairs of a tab separated file."""
    rows = (line.rstrip("\n").split("\t") for line in path.open(encoding="utf-8"))
    return [(row[0], row[1]) for row in rows if len(row) == 2]


def split_sentences(text: str) -> list[str]:
    return [part for part in re.split(r"(?<=[.!?…])[\"”»']?\s+(?=[\"“«'¿¡]?[A-ZÀ-Ý])", text) if part.strip()]


def clean(source: str, target: str) -> bool:
    """Whether a message pair reads like a translation of running text."""
    if source == target or not 3 <= len(source) <= 500 or not 3 <= len(target) <= 600:
        return False
    if not 0.45 <= (len(target) + 8) / (len(source) + 8) <= 2.2:
        return False
    letters = sum(char.isalpha() or char == " " for char in source) / len(source)
    return letters > 0.75 and re.findall(r"\d+", source) == re.findall(r"\d+", target)


def messages(root: Path, language: str) -> Iterator[Pair]:
    """Pairs of sentences or paragraphs from the message catalogs below ``root``."""
    for path in sorted(root.rglob("*.mo")):
        places = set(path.parts) | {path.stem}
        if not places & set(LOCALES[language]):
            continue
        try:
            catalog = gettext.GNUTranslations(path.open("rb"))._catalog  # type: ignore[attr-defined]
        except (OSError, UnicodeDecodeError, ValueError):
            continue
        for key, target in catalog.items():
            source = (key[0] if isinstance(key, tuple) else key).split("\x04")[-1]
            if isinstance(key, tuple) and key[1] != 0:
                continue
            source = re.sub(r"[ \t]+", " ", source.replace("_", "") if source.count("_") == 1 else source)
            target = re.sub(r"[ \t\u00a0\u202f]+", " ", target.replace("_", "") if target.count("_") == 1 else target)
            lines, others = (
                [part.strip() for part in re.split(r"\n+", text) if part.strip()] for text in (source, target)
            )
            if len(lines) != len(others):
                continue
            for line, other in zip(lines, others, strict=True):
                if not clean(line, other):
                    continue
                parts, pieces = split_sentences(line), split_sentences(other)
                if len(parts) == len(pieces) and len(line) > 220:
                    yield from ((part, piece) for part, piece in zip(parts, pieces, strict=True) if clean(part, piece))
                else:
                    yield line, other


def grams(text: str) -> Counter[str]:
    padded = f" {normal(text)} "
    return Counter(padded[start : start + 3] for start in range(len(padded) - 2))


def likeness(one: str, other: str) -> float:
    """F1 of the character trigrams of two sentences."""
    left, right = grams(one), grams(other)
    return 2 * sum((left & right).values()) / max(1, sum(left.values()) + sum(right.values()))


def spanish(text: str, source: str) -> str | None:
    """Apertium's output as a Spanish sentence, or None where it holds an unknown word or a failed form."""
    if re.search(r"[#@\\]|\*[a-zà-ÿœ]|Dejado (no )?es", text):
        return None
    text = re.sub(r"\s+", " ", text.replace("*", "")).strip()
    text = re.sub(r" ([,.;:!?])", r"\1", text)
    for mark, opening in (("?", "¿"), ("!", "¡")):
        text = re.sub(rf"(^|[.!?] )([^.!?]+\{mark})", rf"\1{opening}\2", text)
    if not text or not 0.4 <= len(text) / max(1, len(source)) <= 2.2:
        return None
    lead = 1 if text[0] in "¿¡" else 0
    return text[:lead] + text[lead : lead + 1].upper() + text[lead + 1 :] if source[0].isupper() else text


def synthesized(tatoeba: list[Pair], work: Path) -> tuple[list[Pair], list[Pair]]:
    """English-Spanish pairs made by Apertium: those on which its two routes agree, and all others."""
    files = {name: (work / name).read_text("utf-8").split("\n") for name in ("fr.uniq", "fr.es", "en.uniq", "en.es")}
    by_french = dict(zip(files["fr.uniq"], files["fr.es"], strict=False))
    by_english = dict(zip(files["en.uniq"], files["en.es"], strict=False))
    agreed, others, seen = [], [], set()
    for english, french in tatoeba:
        direct = spanish(by_english.get(english, ""), english)
        pivot = spanish(by_french.get(french, ""), french) if french else None
        alike = likeness(direct, pivot) if direct and pivot else 0.0
        for text, first in ((pivot, True), (direct, False)):
            if text and (english, text) not in seen and (first or alike < 0.8):
                seen.add((english, text))
                (agreed if alike >= 0.55 else others).append((english, text))
    return agreed, others


def spanish_test(tatoeba: list[Pair], work: Path) -> list[Pair]:
    """The French test slice with Apertium's Spanish in place of the French, where Apertium knew every word."""
    lines = [(work / name).read_text("utf-8").split("\n") for name in ("fr.uniq", "fr.es")]
    known = dict(zip(*lines, strict=False))
    pairs = [(english, spanish(known.get(french, ""), english)) for english, french in tatoeba]
    return [(english, text) for english, text in pairs if text]


def lexicon(pairs: list[Pair], rng: random.Random) -> dict[str, str]:
    """Words that nearly always stand opposite one another (Dice coefficient), to set placeholders on both sides."""
    left: Counter[str] = Counter()
    right: Counter[str] = Counter()
    both: Counter[Pair] = Counter()
    for source, target in rng.sample(pairs, min(120_000, len(pairs))):
        words, others = (sorted(set(re.findall(r"\w{3,}", text))) for text in (source, target))
        if len(words) > 14 or len(others) > 14:
            continue
        left.update(words)
        right.update(others)
        both.update((word, other) for word in words for other in others)
    best: dict[str, tuple[float, str]] = {}
    for (word, other), count in both.items():
        dice = 2 * count / (left[word] + right[other])
        if count >= 4 and dice > 0.45 and dice > best.get(word, (0.0, ""))[0]:
            best[word] = (dice, other)
    return {word: other for word, (_, other) in best.items()}


class Noise:
    """The changes made to some training pairs, alike on both sides: placeholders, case, a missing full stop."""

    def __init__(self, words: dict[str, str], rng: random.Random) -> None:
        self.words, self.rng = words, rng

    def placed(self, source: str, target: str) -> Pair:
        """One to three words that stand on both sides become placeholders."""
        found = []
        for match in re.finditer(r"\w+(?:[.,:]\d+)*", source):
            word = match[0]
            other = (
                word
                if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", target) and len(word) > 1
                else self.words.get(word)
            )
            if other and len(re.findall(rf"(?<!\w){re.escape(other)}(?!\w)", target)) == 1 and source.count(word) == 1:
                found.append((word, other))
        if not found:
            return source, target
        chosen = self.rng.sample(found, min(len(found), self.rng.choice((1, 1, 1, 2, 2, 3))))
        if len({other for _, other in chosen}) < len(chosen):
            return source, target
        marks = self.rng.sample(PLACEHOLDERS, len(chosen)) if self.rng.random() < 0.5 else PLACEHOLDERS[: len(chosen)]
        for mark, (word, other) in zip(marks, sorted(chosen, key=lambda pair: source.find(pair[0])), strict=True):
            source = re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", mark, source, count=1)
            target = re.sub(rf"(?<!\w){re.escape(other)}(?!\w)", mark, target, count=1)
        return source, target

    def __call__(self, source: str, target: str) -> Pair:
        draw = self.rng.random()
        if draw < 0.10:
            return self.placed(source, target)
        if draw < 0.115:
            return source.upper(), target.upper()
        if draw < 0.13:
            return source.lower(), target.lower()
        if draw < 0.17 and source[-1] in ".!?" and target[-1] == source[-1]:
            return source[:-1].rstrip(), target[:-1].rstrip()
        return source, target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder of split.py's and synthesize.py's files; results go there"
    )
    parser.add_argument("--catalogs", type=Path, required=True, help="folder with the unpacked .mo files")
    parser.add_argument("--vocabulary", type=int, default=8000)
    arguments = parser.parse_args()
    work, rng = arguments.work, random.Random(20261122)
    parallel = {language: read(work / f"train.{language}.tsv") for language in ("de", "fr")}
    held = {
        normal(english)
        for name in ("test", "dev")
        for language in ("de", "fr")
        for english, _ in read(work / f"{name}.{language}.tsv")
    }
    catalogs: dict[str, list[Pair]] = {}
    for language in LANGUAGES:
        rows = sorted({pair for pair in messages(arguments.catalogs, language) if normal(pair[0]) not in held})
        rng.shuffle(rows)
        catalogs[language] = rows
    # Held-back messages: chosen by English, over all languages, like the Tatoeba slices; running sentences only.
    keys = sorted(
        {normal(english) for english, _ in catalogs["es"] if 25 <= len(english) <= 200 and english[-1] in ".!?"}
    )
    picked = rng.sample(keys, 1300)
    tests = {key: ("test" if index < 1000 else "dev") for index, key in enumerate(picked)}
    for language, rows in catalogs.items():
        for name in ("test", "dev"):
            once = {normal(pair[0]): pair for pair in rows if tests.get(normal(pair[0])) == name}
            (work / f"{name}.messages.{language}.tsv").write_text(
                "".join(f"{english}\t{other}\n" for english, other in once.values()), "utf-8"
            )
        catalogs[language] = [pair for pair in rows if normal(pair[0]) not in tests]
    english_only = sorted({english for pairs in parallel.values() for english, _ in pairs})
    pairs = spanish_test(read(work / "test.fr.tsv"), work)
    (work / "test.es.tsv").write_text("".join(f"{english}\t{other}\n" for english, other in pairs), "utf-8")
    french = parallel["fr"] + [(english, "") for english in english_only]
    agreed, others = synthesized(french, work)
    agreed = [pair for pair in agreed if normal(pair[0]) not in held]
    others = [pair for pair in others if normal(pair[0]) not in held]
    rng.shuffle(others)
    others = others[:120_000]
    print(
        {language: (len(parallel.get(language, [])), len(catalogs[language])) for language in LANGUAGES},
        "synthetic",
        len(agreed),
        len(others),
    )
    rows: list[tuple[str, str, str, int]] = []  # language, English, other side, kind
    for language in LANGUAGES:
        authentic = parallel.get(language, agreed)
        noise = Noise(lexicon(authentic + catalogs[language], rng), rng)
        for kind, pairs in (
            (TATOEBA, authentic),
            (MESSAGE, catalogs[language]),
            (UNCONFIRMED, others if language == "es" else []),
        ):
            rows += [(language, *noise(*pair), kind) for pair in pairs]
    rng.shuffle(rows)
    text = work / "vocabulary.txt"
    with text.open("w", encoding="utf-8") as file:
        for _, source, target, kind in rows[:500_000]:
            file.write(source + "\n" + ("" if kind == UNCONFIRMED else target + "\n"))
    sentencepiece.SentencePieceTrainer.train(
        input=str(text),
        model_prefix=str(work / "vocabulary"),
        vocab_size=arguments.vocabulary,
        character_coverage=0.9999,
        model_type="unigram",
        pad_id=0,
        unk_id=1,
        bos_id=2,
        eos_id=3,
        user_defined_symbols=[*TAGS, SYNTHETIC, *PLACEHOLDERS],
        input_sentence_size=400_000,
        shuffle_input_sentence=True,
        split_digits=True,
        normalization_rule_name="nmt_nfkc",
        minloglevel=2,
        num_threads=2,
    )
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(work / "vocabulary.model"))
    tag, marker = (
        {language: pieces.piece_to_id(f"<2{language}>") for language in LANGUAGES},
        pieces.piece_to_id(SYNTHETIC),
    )
    english = pieces.encode([row[1] for row in rows], num_threads=2)
    foreign = pieces.encode([row[2] for row in rows], num_threads=2)
    for direction in ("from-english", "to-english"):
        tokens: list[int] = []
        bounds = [0]
        for (language, _, _, kind), left, right in zip(rows, english, foreign, strict=True):
            source, target = (left, right) if direction == "from-english" else (right, left)
            source = (
                ([tag[language]] if direction == "from-english" else [])
                + ([marker] if kind == UNCONFIRMED else [])
                + source
                + [3]
            )
            for part in (source, [*target, 3]):
                tokens.extend(part)
                bounds.append(len(tokens))
        numpy.savez(
            work / f"{direction}.npz",
            tokens=numpy.array(tokens, "uint16"),
            bounds=numpy.array(bounds, "int64"),
            language=numpy.array([LANGUAGES.index(row[0]) for row in rows], "uint8"),
            kind=numpy.array([row[3] for row in rows], "uint8"),
        )
        print(direction, len(rows), "pairs", len(tokens), "tokens")


if __name__ == "__main__":
    main()
