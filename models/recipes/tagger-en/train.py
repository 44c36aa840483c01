"""Train the English tagger: one MiniLM-L6 encoder, four heads (see corpora.py), exported to ONNX with int8 weights.

PYTHONPATH=<repository> python train.py --data <shared>/data --checkpoint <all-MiniLM-L6-v2> --out <model folder>
"""

from __future__ import annotations

import argparse
import collections
import json
import random
import time
from pathlib import Path

import torch
from corpora import HEADS, Sentence, gum, made, universal_dependencies, wikigold, wnut17
from encoder import Tagger, Training
from export import export_onnx, prune_vocabulary
from scores import calibrate, evaluate
from synthetic import Maker

from services.language.wordpieces import WordPieces


def packed(sentences: list[Sentence], generator: random.Random, longest: int = 70) -> list[Sentence]:
    """Neighbouring sentences joined now and then, because windows in service hold several."""
    out, current = [], []
    for sentence in sentences:
        if current and sum(len(s.words) for s in current) + len(sentence.words) > longest:
            out.append(Sentence.join(current))
            current = []
        current.append(sentence)
        if generator.random() < 0.5:
            out.append(Sentence.join(current))
            current = []
    return [*out, *([Sentence.join(current)] if current else [])]


def decapitalised(sentence: Sentence) -> Sentence:
    """A copy in lower case: people write names without capitals, too."""
    return Sentence([w.lower() for w in sentence.words], sentence.labels)


def word_counts(sentences: list[Sentence], synthetic: int) -> collections.Counter[str]:
    """How often each word comes in the corpora and in ``synthetic`` made sentences."""
    maker = Maker(12345)
    counts = collections.Counter(w for s in sentences for w in s.words)
    counts.update(w for _ in range(synthetic) for w in made(maker.make()).words)
    return counts


def finish(model: Tagger, out: Path, text: Path) -> None:
    """Export, calibrate and score."""
    export_onnx(model, out, list(HEADS))
    calibrate(out, text)
    scores = evaluate(out, text)
    (out.parent / "scores.json").write_text(json.dumps(scores, indent=1))
    print(json.dumps(scores, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=1.5e-4)
    parser.add_argument("--stop-after", type=int, default=None, help="epochs after which to stop, on the same schedule")
    parser.add_argument("--resume", type=Path, default=None, help="tagger.pt of an earlier run to go on from")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--limit", type=int, default=None, help="sentences a corpus, to try the program out")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    generator = random.Random(options.seed)
    text = options.data / "text"
    ewt = list(universal_dependencies(text / "ud/en_ewt/en_ewt-ud-train.conllu.gz"))[: options.limit]
    wiki = wikigold(text / "ner/wikigold/CONLL-format/data/wikigold.conll.txt")
    wiki = wiki[: len(wiki) * 4 // 5][: options.limit]  # the last fifth is held out
    tweets = list(wnut17(text / "wnut17/wnut17train.conll"))[: options.limit]
    web = list(gum(text / "ner/GUM/CONLL-format/data/train/gum-train.conll"))[: options.limit]
    options.out.mkdir(parents=True, exist_ok=True)
    vocabulary = word_counts([*ewt, *wiki, *tweets, *web], 15000 if options.limit is None else 100)
    kept = prune_vocabulary(options.checkpoint, options.data, vocabulary, options.out, least=2)
    pieces = WordPieces.from_file(options.out / "tokenizer.json")
    model = Tagger(options.checkpoint, kept, HEADS).train()
    if options.resume is not None:
        state = torch.load(options.resume)
        state.update({name: value for name, value in model.state_dict().items() if name in ("table", "scale")})
        model.load_state_dict(state)
    training = Training(
        model, pieces, HEADS, generator, rate=options.rate, warm_up=200, epochs=options.epochs, bfloat16=True
    )
    for epoch in range(options.epochs):
        maker = Maker(100 * options.seed + epoch)
        fake = [made(maker.make()) for _ in range(7000 if options.limit is None else options.limit)]
        lowered = [decapitalised(s) for s in generator.sample([*tweets, *wiki, *ewt], len(ewt) // 8)]
        parts = [packed(list(p), generator) for p in (ewt, tweets, tweets, wiki, web, lowered)]
        began = time.time()
        loss = training.epoch([s for p in parts for s in p] + fake)
        print(f"epoch {epoch + 1}: loss {loss:.4f}, {time.time() - began:.0f} s", flush=True)
        torch.save(model.state_dict(), options.out.parent / "tagger.pt")
        if epoch + 1 == options.stop_after:
            break
    finish(model.eval(), options.out, text)


if __name__ == "__main__":
    main()
