"""Teach a clinical tagger names and addresses, too, so that one encoder reads a note for both.

PYTHONPATH=<repository>:../tagger-en python share.py --data <shared>/data --checkpoint <all-MiniLM-L6-v2> \
    --concepts <exported clinical tagger> --people <exported tagger-en> --out <folder>

The network begins as the weighted mean of the two exported taggers (both were fine-tuned from one checkpoint, so that
weights between theirs make sense: Wortsman et al. 2022, "Model soups"), and learns from labels and from the answers of
both (Hinton et al. 2015).
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from corpora import PII, Sentence, gum, made, wikigold, with_line_breaks, wnut17
from encoder import Batch, Heads, Tagger, Training
from fused import export_fused
from medical_corpora import HEADS, allowed_concepts
from medical_scores import calibrate, evaluate
from notes import Maker
from phi_notes import PhiMaker
from restore import between, state_of
from synthetic import Maker as PeopleMaker
from tokenizers import Tokenizer

from bench.quality import bc5cdr
from services.language.engines.token_classifier import TokenClassifier
from services.language.wordpieces import NEWLINE, WordPieces

Soft = npt.NDArray[np.float32]


@dataclass(slots=True)
class Taught(Sentence):
    """A sentence with a teacher's probabilities (words, classes) by head; NaN where the teacher says nothing."""

    soft: dict[str, Soft] = field(default_factory=dict)


def joined(parts: Sequence[Taught], breaks: bool) -> Taught:
    """Sentences as one, with line breaks between them or without."""
    if breaks:
        gap = Taught([NEWLINE], {head: [frozenset([0])] for head in HEADS})
        parts = [part for sentence in parts for part in (sentence, gap)][:-1]
    plain = Sentence.join(parts)
    soft = {
        head: np.concatenate([p.soft.get(head, np.full((len(p.words), len(names)), np.nan, np.float32)) for p in parts])
        for head, names in HEADS.items()
        if any(head in p.soft for p in parts)
    }
    return Taught(plain.words, plain.labels, soft)


def packed(sentences: Iterable[Taught], generator: random.Random, breaks: float, longest: int = 70) -> Iterator[Taught]:
    """Neighbours joined now and then, because windows in service hold several sentences."""
    current: list[Taught] = []
    for sentence in sentences:
        if current and sum(len(s.words) + 1 for s in current) + len(sentence.words) > longest:
            yield joined(current, generator.random() < breaks)
            current = []
        current.append(sentence)
        if generator.random() < 0.45:
            yield joined(current, generator.random() < breaks)
            current = []
    if current:
        yield joined(current, generator.random() < breaks)


class TaughtBatch(Batch):
    """A batch whose loss has the divergence from the teacher beside the labels'."""

    def __init__(self, sentences: list[Sentence], pieces: WordPieces, heads: Heads) -> None:
        super().__init__(sentences, pieces, heads)
        width = self.ids.shape[1]
        self.soft: dict[str, tuple[torch.Tensor, torch.Tensor]] = {}
        for head in heads:
            where, rows = [], []
            for row, sentence in enumerate(sentences):
                if isinstance(sentence, Taught) and head in sentence.soft:
                    starts = pieces.encode(sentence.words).starts
                    known = ~np.isnan(sentence.soft[head][:, 0])
                    where += [row * width + start for start, told in zip(starts, known, strict=True) if told]
                    rows.append(sentence.soft[head][known])
            if where:
                self.soft[head] = (torch.tensor(where), torch.from_numpy(np.concatenate(rows)))

    def loss(self, outputs: tuple[torch.Tensor, ...], heads: Heads) -> torch.Tensor:
        total = super().loss(outputs, heads)
        for head, logits in zip(heads, outputs, strict=True):
            if head in self.soft:
                where, soft = self.soft[head]
                told = logits.float().flatten(0, 1)[where].log_softmax(-1)
                total = total + (soft * (soft.clamp(min=1e-6).log() - told)).sum(-1).mean()
        return total


def teach(sentences: Sequence[Taught], teacher: TokenClassifier, heads: Sequence[str]) -> None:
    """Add the teacher's probabilities, at temperature 1, of each head."""
    for head in heads:
        for sentence in sentences:
            (probabilities,) = teacher.classify([sentence.words], head)
            raw = probabilities ** teacher._temperatures[head]
            sentence.soft[head] = raw / raw.sum(1, keepdims=True)


def of_article(article: bc5cdr.Annotated) -> Taught:
    """A sentence of BC5CDR: nobody's name is in it; a place may be."""
    words, places = with_line_breaks(article.text)
    somewhere = frozenset(i for i, name in enumerate(PII) if not name.endswith("NAME"))
    inside = [any(b < end and e > begin for begin, end, _ in article.spans) for b, e in places]
    pii = [frozenset([0]) if taken or word.islower() else somewhere for taken, word in zip(inside, words, strict=True)]
    return Taught(words, {"concept": allowed_concepts(article, places, open_types=True), "pii": list(pii)})


def of_note(note: bc5cdr.Annotated) -> Taught:
    """A made-up note: everything is known."""
    words, places = with_line_breaks(note.text)
    pii = [frozenset([0])] * len(words)
    for begin, end, kind in note.spans:
        if kind in ("NAME", "ADDRESS"):
            for rank, i in enumerate([i for i, (b, e) in enumerate(places) if b < end and e > begin and b < e]):
                pii[i] = frozenset([PII.index(f"{'I' if rank else 'B'}-{kind}")])
    return Taught(words, {"concept": allowed_concepts(note, places, open_types=False), "pii": list(pii)})


def of_people(sentence: Sentence) -> Taught:
    """A sentence of tagger-en's corpora: names and addresses alone."""
    return Taught(sentence.words, {"pii": sentence.labels["pii"]})


def one_vocabulary(folders: Sequence[Path], checkpoint: Path, out: Path) -> list[int]:
    """Write the ``tokenizer.json`` with the pieces of all ``folders``; returns the old id of each new one."""
    document = json.loads((checkpoint / "tokenizer.json").read_text(encoding="utf-8"))
    document["truncation"] = document["padding"] = document["post_processor"] = None
    vocabulary: dict[str, int] = document["model"]["vocab"]
    wanted: set[str] = set()
    for folder in folders:
        wanted.update(json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"])
    kept = sorted(vocabulary[piece] for piece in wanted)
    by_id = {i: piece for piece, i in vocabulary.items()}
    document["model"]["vocab"] = {by_id[old]: new for new, old in enumerate(kept)}
    for token in document["added_tokens"]:
        token["id"] = document["model"]["vocab"][token["content"]]
    (out / "tokenizer.json").write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    Tokenizer.from_file(str(out / "tokenizer.json"))
    return kept


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("data", "checkpoint", "concepts", "people", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.3, help="weight of --people's encoder in the first weights")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--state", type=Path, default=None, help="tagger.pt of an earlier run to go on from")
    parser.add_argument("--back", type=float, default=0.0, help="weight of --concepts' encoder mixed into --state")
    parser.add_argument(
        "--outside", type=float, default=0.0, help="added to the logit of words of no concept, at the end"
    )
    parser.add_argument("--part", type=float, default=1.0, help="share of BC5CDR's sentences in an epoch")
    parser.add_argument("--others", type=float, default=1.0, help="share of the sentences of each other kind")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    generator = random.Random(options.seed)
    articles = list(bc5cdr.sentences(options.data / "text/medical_ner/BC5CDR-IOB/train.tsv"))
    held, articles = articles[len(articles) * 19 // 20 :], articles[: len(articles) * 19 // 20]
    problems, drugs = (
        [a.text[b:e] for a in articles for b, e, kind in a.spans if kind == wanted] for wanted in ("PROBLEM", "DRUG")
    )
    text = options.data / "text"
    wiki = wikigold(text / "ner/wikigold/CONLL-format/data/wikigold.conll.txt")
    general = [
        *wnut17(text / "wnut17/wnut17train.conll"),
        *wiki[: len(wiki) * 4 // 5],
        *gum(text / "ner/GUM/CONLL-format/data/train/gum-train.conll"),
    ]
    options.out.mkdir(parents=True, exist_ok=True)
    kept = one_vocabulary([options.concepts, options.people], options.checkpoint, options.out)
    pieces = WordPieces.from_file(options.out / "tokenizer.json")
    people = {n: v for n, v in state_of(options.people).items() if not n.startswith("heads.") or ".pii." in n}
    state = between([(1 - options.share, state_of(options.concepts)), (options.share, people)])
    model = Tagger(options.checkpoint, kept, HEADS).train()
    missing, unknown = model.load_state_dict(state, strict=False)
    print(f"vocabulary {len(kept)}; not restored {missing}, not used {unknown}", flush=True)
    if options.state is not None:
        trained = torch.load(options.state)
        model.load_state_dict(trained)
        if options.back:
            trained = {name: values for name, values in trained.items() if name not in ("table", "scale")}
            mixed = between([(1 - options.back, trained), (options.back, state_of(options.concepts))])
            model.load_state_dict(mixed, strict=False)
    training = Training(
        model, pieces, HEADS, generator, rate=options.rate, warm_up=60, epochs=options.epochs, bfloat16=False,
        batch=TaughtBatch,
    )  # fmt: skip
    for epoch in range(options.epochs):
        seed = 1000 * (options.seed + 1) + epoch
        clinical, phi, people_maker = Maker(seed, problems, drugs), PhiMaker(seed, problems, drugs), PeopleMaker(seed)
        sentences = [of_article(a) for a in generator.sample(articles, int(options.part * len(articles)))]
        made_up = [of_note(clinical.make()) for _ in range(int(options.others * 1400))]
        made_up += [of_note(phi.make()) for _ in range(int(options.others * 1600))]
        generator.shuffle(made_up)
        met = [of_people(s) for s in generator.sample(general, int(options.others * 1000))]
        met += [of_people(made(people_maker.make())) for _ in range(int(options.others * 1600))]
        teach(sentences, TokenClassifier(options.concepts), ["concept"])
        teach(met, TokenClassifier(options.people), ["pii"])
        began = time.time()
        rows = [*packed(sentences, generator, breaks=0.1), *packed(made_up, generator, breaks=0.6), *met]
        loss = training.epoch(rows)
        print(f"epoch {epoch + 1}: loss {loss:.4f}, {time.time() - began:.0f} s", flush=True)
        torch.save(model.state_dict(), options.out.parent / "tagger.pt")
    with torch.no_grad():
        model.heads["concept"].bias[0] += options.outside
    maker = PhiMaker(77)
    export_fused(model.eval(), options.out, list(HEADS))
    calibrate(options.out, held, [of_note(maker.make()) for _ in range(400)])
    scores = evaluate(options.out, options.data)
    (options.out.parent / "scores.json").write_text(json.dumps(scores, indent=1))
    print(json.dumps(scores, indent=1))


if __name__ == "__main__":
    main()
