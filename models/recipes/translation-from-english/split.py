"""Tatoeba's pairs in a training part and held-back dev and test slices, chosen by their English sentence over all
languages: no sentence of a slice is in any language's training part, neither its English nor its other side."""

from __future__ import annotations

import argparse
import random
import zipfile
from pathlib import Path

from prepare import Pair, normal

#: Archive and member of each language.
FILES = {"de": ("deu-eng.zip", "deu.txt"), "fr": ("fra-eng.zip", "fra.txt")}
TEST, DEV = 1000, 300


def load(archive: Path, member: str) -> list[Pair]:
    """English and foreign sentence of each line, every pair once."""
    pairs: dict[Pair, None] = {}
    for line in zipfile.ZipFile(archive).read(member).decode().splitlines():
        cells = [cell.strip().replace("\u202f", " ").replace("\u00a0", " ") for cell in line.split("\t")]
        if len(cells) > 1 and cells[0] and cells[1]:
            pairs[cells[0], cells[1]] = None
    return list(pairs)


def write(path: Path, pairs: list[Pair]) -> None:
    path.write_text("".join(f"{english}\t{other}\n" for english, other in pairs), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tatoeba", type=Path, required=True, help="folder of the two archives")
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    pairs = {language: load(arguments.tatoeba / name, member) for language, (name, member) in FILES.items()}
    rng = random.Random(20261122)
    slices: dict[str, tuple[set[str], set[str]]] = {}
    held: set[str] = set()
    for language, some in pairs.items():
        sentences = sorted({normal(english) for english, _ in some})
        rng.shuffle(sentences)
        slices[language] = (set(sentences[:TEST]), set(sentences[TEST : TEST + DEV]))
        held |= slices[language][0] | slices[language][1]
    for language, some in pairs.items():
        for name, wanted in zip(("test", "dev"), slices[language], strict=True):
            # One translation of each sentence: the first in the file.
            first: dict[str, Pair] = {}
            for pair in some:
                if normal(pair[0]) in wanted:
                    first.setdefault(normal(pair[0]), pair)
            write(arguments.work / f"{name}.{language}.tsv", list(first.values()))
        foreign = {normal(other) for english, other in some if normal(english) in held}
        kept = [pair for pair in some if normal(pair[0]) not in held and normal(pair[1]) not in foreign]
        write(arguments.work / f"train.{language}.tsv", kept)
        print(language, len(some), "pairs,", len(kept), "to train on")
    english = sorted({pair[0] for some in pairs.values() for pair in some})
    french = sorted({pair[1] for pair in pairs["fr"]})
    for name, sentences in (("en", english), ("fr", french)):
        (arguments.work / f"{name}.uniq").write_text("\n".join(sentences) + "\n", "utf-8")


if __name__ == "__main__":
    main()
