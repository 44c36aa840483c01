"""The texts that the sentiment models learn from, read from the shared data folder.

Every example says which of the four classes its label allows, because the corpora label different things:
SST-2 and the emotion tweets know no neutral class, so they only say "rather this pole than the other".
"""

from __future__ import annotations

import csv
import gzip
import html
import random
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

NEGATIVE, NEUTRAL, POSITIVE, MIXED = range(4)
POLES = (NEGATIVE, POSITIVE)
PLAIN = (NEGATIVE, NEUTRAL, POSITIVE)
ALL = (NEGATIVE, NEUTRAL, POSITIVE, MIXED)


@dataclass(frozen=True, slots=True)
class Example:
    """A text, its class, and the classes among which the label chose."""

    text: str
    label: int
    among: tuple[int, ...]
    weight: float = 1.0


_MENTION = re.compile(r"@\w+:?")
_LINK = re.compile(r"https?://\S+")


def normalise_tweet(text: str) -> str:
    """Tweets of other collections, written as TweetEval writes them: @user for people, http for links."""
    text = html.unescape(text)
    return _LINK.sub("http", _MENTION.sub("@user", text)).strip()


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def sst2(root: Path, part: str) -> list[Example]:
    rows = (line.rsplit("\t", 1) for line in _lines(root / "sst2" / f"{part}.tsv"))
    return [Example(text, POSITIVE if label == "1" else NEGATIVE, POLES) for text, label in rows]


def tweets_three_classes(root: Path) -> list[Example]:
    """TweetEval sentiment, validation part (2,000): the only part with texts here. Score it out of fold only."""
    folder = root / "tweeteval" / "sentiment"
    rows = zip(_lines(folder / "val_text.txt"), _lines(folder / "val_labels.txt"), strict=True)
    return [Example(text.strip(), int(label), PLAIN) for text, label in rows]


def tweets_emotion(root: Path) -> list[Example]:
    """Joy and optimism against anger and sadness."""
    examples = []
    for part in ("train", "val", "test"):
        folder = root / "tweeteval" / "emotion"
        rows = zip(_lines(folder / f"{part}_text.txt"), _lines(folder / f"{part}_labels.txt"), strict=True)
        examples += [Example(t.strip(), POSITIVE if label in "12" else NEGATIVE, POLES, 0.5) for t, label in rows]
    return examples


def wikipedia(root: Path) -> list[str]:
    sentences, words = [], []
    for line in [*_lines(root / "ner/wikigold/CONLL-format/data/wikigold.conll.txt"), ""]:
        if line.strip():
            words.append(line.split()[0])
        elif words:
            sentences.append(" ".join(words))
            words = []
    return [s for s in sentences if len(s) > 30]


def unlabelled(root: Path) -> Iterator[str]:
    """What a teacher may label besides: tweets, reviews and web text, encyclopedia."""
    with (root / "toxicity" / "labeled_data.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            yield normalise_tweet(row["tweet"])
    for task in ("irony", "emotion"):
        for part in ("train", "val", "test"):
            yield from _lines(root / "tweeteval" / task / f"{part}_text.txt")
    with gzip.open(root / "ud" / "en_ewt" / "en_ewt-ud-train.conllu.gz", "rt", encoding="utf-8") as stream:
        yield from (line[9:].strip() for line in stream if line.startswith("# text = "))
    yield from wikipedia(root)


def tatoeba_english(folder: Path) -> list[str]:
    """The English side of Tatoeba's German pairs, without repetitions."""
    with zipfile.ZipFile(folder / "deu-eng.zip") as archive:
        lines = archive.read("deu.txt").decode("utf-8").splitlines()
    return list(dict.fromkeys(line.split("\t")[0] for line in lines if "\t" in line))


_LINKS = (
    " , but ",
    " but ",
    ", but ",
    " while ",
    ", yet ",
    " . ",
    " . however , ",
    " , although ",
    " , yet ",
    " ; ",
    ". But ",
    ". ",
    " though ",
)
_SAME = (" , and ", " . ", " . also , ", " , because ", " ; ", ". And ", ". ")


def mixtures(poles: Sequence[Example], count: int, seed: int) -> list[Example]:
    """Two statements in one text: of opposite poles = MIXED, of one pole = that pole and not MIXED."""
    generator = random.Random(seed)
    short = [e for e in poles if 3 <= len(e.text.split()) <= 18]
    by_pole = {pole: [e.text for e in short if e.label == pole] for pole in POLES}
    out = []
    for _ in range(count):
        first = generator.choice(POLES)
        if generator.random() < 0.55:
            second, label, links = (NEGATIVE if first == POSITIVE else POSITIVE), MIXED, _LINKS
        else:
            second, label, links = first, first, _SAME
        pair = (generator.choice(by_pole[first]), generator.choice(by_pole[second]))
        text = pair[0].rstrip(" .!,") + generator.choice(links) + pair[1]
        out.append(Example(text, label, ALL, 0.5))
    return out
