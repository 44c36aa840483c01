"""Trains punctuation-en: marks and capitals after words as they are said."""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import zipfile
from pathlib import Path

import numpy as np
import torch

from services.transcription.punctuation import CASINGS, MARKS, LinearPunctuator, casing_features, mark_features, rows
from services.transcription.tasks import SpokenWords

BUCKETS = 1 << 17
SEED = 0
EPOCHS = 4
#: (word as said, mark after it, word as written)
Token = tuple[str, str, str]


def tokens_of(sentence: str) -> list[Token]:
    """Words with their marks; what nobody says (brackets, dashes, quotes) is dropped."""
    found: list[Token] = []
    for piece in re.sub(r"[\"“”()\[\]]|--+|—|–", " ", sentence.replace("’", "'")).split():
        match = re.fullmatch(r"'?([A-Za-z0-9][A-Za-z0-9'.&-]*?)'?([,.?!;:]*)", piece)
        if match is None:
            if found and piece[0] in ",.?!;:" and not found[-1][1]:
                found[-1] = (found[-1][0], _mark(piece), found[-1][2])
            continue
        word, marks = match.groups()
        for part in word.split("-"):
            if part:
                found.append((part.lower(), "", part))
        if found:
            found[-1] = (found[-1][0], _mark(marks), found[-1][2])
    return found


def _mark(marks: str) -> str:
    for mark, stands_for in ((".", "."), ("!", "."), ("?", "?"), (",", ","), (";", "."), (":", ",")):
        if mark in marks[:1]:
            return stands_for
    return ""


def tatoeba(folder: Path) -> list[str]:
    """English sides, each sentence once, in an order that has nothing to do with their lengths."""
    found: dict[str, None] = {}
    for archive_name, member in (("deu-eng.zip", "deu.txt"), ("fra-eng.zip", "fra.txt")):
        with zipfile.ZipFile(folder / archive_name) as archive:
            for line in archive.read(member).decode("utf-8").splitlines():
                found[line.split("\t")[0]] = None
    return sorted(found)


def treebank(path: Path) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        return [line[9:].strip() for line in file if line.startswith("# text = ")]


def conll(path: Path) -> list[str]:
    """Sentences of a file with a token a line; marks are joined to their words."""
    sentences, words = [], []
    for line in [*path.read_text(encoding="utf-8").splitlines(), ""]:
        token = line.split("\t")[0].split(" ")[0]
        if token and not token.startswith("-DOCSTART"):
            joined = words and (re.fullmatch(r"[,.?!;:]+|'\w{1,2}|n't", token))
            if joined:
                words[-1] += token
            else:
                words.append(token)
        elif words:
            sentences.append(" ".join(words))
            words = []
    return sentences


def streams(sentences: list[str], rng: random.Random, length: int) -> list[list[Token]]:
    """Runs of up to ``length`` sentences, as a recogniser hears them."""
    kept = [tokens for tokens in map(tokens_of, sentences) if tokens and tokens[-1][1] in (".", "?")]
    found, at = [], 0
    while at < len(kept):
        take = rng.randint(1, length)
        found.append([token for tokens in kept[at : at + take] for token in tokens])
        at += take
    return found


def fit(inputs: list[list[int]], labels: list[int], classes: int) -> tuple[np.ndarray, float]:
    """Softmax regression; weights as int8 with a scale."""
    width = max(map(len, inputs))
    # Row 0 of the table is nobody's: what pads.
    padded = torch.tensor([[row + 1 for row in each] + [0] * (width - len(each)) for each in inputs], dtype=torch.int32)
    targets = torch.tensor(labels)
    table = torch.nn.EmbeddingBag(BUCKETS + 1, classes, mode="sum", padding_idx=0)
    torch.nn.init.zeros_(table.weight)
    optimizer = torch.optim.Adam(table.parameters(), lr=0.01)
    for epoch in range(EPOCHS):
        for group in optimizer.param_groups:
            group["lr"] = 0.01 * (1 - epoch / EPOCHS)
        order, total = torch.randperm(len(padded)), 0.0
        for begin in range(0, len(order), 4096):
            chosen = order[begin : begin + 4096]
            loss = torch.nn.functional.cross_entropy(table(padded[chosen]), targets[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(chosen)
        print("epoch", epoch, "loss", round(total / len(padded), 4), flush=True)
    weights = table.weight.detach().numpy()[1:]
    scale = float(np.percentile(np.abs(weights), 99.99)) / 127
    return np.clip(np.round(weights / scale), -127, 127).astype(np.int8), scale


def casing_of(written: str) -> int:
    if written.upper() == written and any(c.isalpha() for c in written) and (len(written) > 1):
        return CASINGS.index("upper")
    return CASINGS.index("capital" if written[:1].isupper() else "lower")


def examples(
    found: list[list[Token]],
) -> tuple[list[list[int]], list[int], list[list[int]], list[int]]:
    mark_inputs, mark_labels, casing_inputs, casing_labels = [], [], [], []
    for stream in found:
        words = [said for said, _, _ in stream]
        sentence = 0
        for at, (_, mark, written) in enumerate(stream):
            mark_inputs.append(rows(mark_features(words, at, sentence), BUCKETS))
            mark_labels.append(MARKS.index(mark))
            if at != sentence:
                casing_inputs.append(rows(casing_features(words, at), BUCKETS))
                casing_labels.append(casing_of(written))
            if mark in (".", "?"):
                sentence = at + 1
    return mark_inputs, mark_labels, casing_inputs, casing_labels


def score(model: LinearPunctuator, found: list[list[Token]], name: str) -> dict[str, float]:
    """F1 a mark and accuracy of capitals in the middle of sentences, without any pause to hear."""
    counts = {mark: [0, 0, 0] for mark in MARKS}
    capital = [0, 0, 0]
    for stream in found:
        words = tuple(said for said, _, _ in stream)
        styles = model.styles(SpokenWords(words, (0.0,) * len(words)), hear_pauses=False)
        for (_, mark, written), style in zip(stream, styles, strict=True):
            counts[mark][1] += 1
            counts[style.mark][2] += 1
            counts[mark][0] += mark == style.mark
            is_capital, says_capital = written[:1].isupper(), style.casing != "lower"
            capital[0] += is_capital and says_capital
            capital[1] += is_capital
            capital[2] += says_capital
    result = {}
    for label, (right, gold, said) in {**counts, "capital": capital}.items():
        if label:
            result[label] = round(200 * right / max(1, gold + said), 1)
    print(name, result, flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    rng = random.Random(SEED)
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    simple = tatoeba(arguments.data / "translation/tatoeba")
    rng.shuffle(simple)
    text = arguments.data / "text"
    prose = treebank(text / "ud/en_ewt/en_ewt-ud-train.conllu.gz")
    news = conll(text / "ner/GUM/CONLL-format/data/train/gum-train.conll")
    news += conll(text / "ner/wikigold/CONLL-format/data/wikigold.conll.txt")
    held_simple, simple = simple[:4000], simple[4000:104000]
    held_prose = treebank(text / "ud/en_ewt/en_ewt-ud-dev.conllu")
    held_news = news[::10]
    news = [sentence for number, sentence in enumerate(news) if number % 10]
    training = [*streams(simple, rng, 4), *(2 * streams(prose, rng, 4)), *(3 * streams(news, rng, 4))]
    rng.shuffle(training)
    mark_inputs, mark_labels, casing_inputs, casing_labels = examples(training)
    print(len(training), "streams", len(mark_inputs), "words", flush=True)
    marks, mark_scale = fit(mark_inputs, mark_labels, len(MARKS))
    casings, casing_scale = fit(casing_inputs, casing_labels, len(CASINGS))
    arguments.out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.out / "weights.npz", marks=marks, casings=casings)
    settings = {"mark_scale": mark_scale, "casing_scale": casing_scale}
    (arguments.out / "settings.json").write_text(json.dumps(settings) + "\n", encoding="utf-8")
    model = LinearPunctuator.read(arguments.out)
    for name, held in (("Tatoeba", held_simple), ("EWT dev", held_prose), ("GUM and wikigold", held_news)):
        score(model, streams(held, rng, 4), name)


if __name__ == "__main__":
    main()
