"""Export a trained tagger with a smaller vocabulary: pieces that only rare made-up names use go.

    PYTHONPATH=<repository> python shrink.py --data <shared>/data --checkpoint <all-MiniLM-L6-v2> \\
        --out <model folder> --state <tagger.pt of train.py>

The encoder read frozen piece vectors in training, so rows of the table can be left out or put back afterwards.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from corpora import HEADS, gum, universal_dependencies, wikigold, wnut17
from encoder import Tagger
from export import prune_vocabulary
from train import finish, word_counts


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("data", "checkpoint", "out", "state"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    text = options.data / "text"
    wiki = wikigold(text / "ner/wikigold/CONLL-format/data/wikigold.conll.txt")
    corpora = [
        *universal_dependencies(text / "ud/en_ewt/en_ewt-ud-train.conllu.gz"),
        *wiki[: len(wiki) * 4 // 5],
        *wnut17(text / "wnut17/wnut17train.conll"),
        *gum(text / "ner/GUM/CONLL-format/data/train/gum-train.conll"),
    ]
    kept = prune_vocabulary(options.checkpoint, options.data, word_counts(corpora, 15000), options.out, least=2)
    state = torch.load(options.state)
    model = Tagger(options.checkpoint, kept, HEADS)
    state.update({name: value for name, value in model.state_dict().items() if name in ("table", "scale")})
    model.load_state_dict(state)
    finish(model.eval(), options.out, text)


if __name__ == "__main__":
    main()
