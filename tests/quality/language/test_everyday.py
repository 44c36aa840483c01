"""Sentiment of sixty plain sentences (everyday.tsv), written before the made training sentences and not trained on."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bench.quality.language import engine
from services.language.tasks import Document

#: Of 20 positive, 20 negative, 12 neutral and 8 mixed sentences: what must be right at least.
LEAST = {"POSITIVE": 14, "NEGATIVE": 11, "NEUTRAL": 11, "MIXED": 6}


def test_everyday_sentences() -> None:
    lines = Path(__file__).with_name("everyday.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines]
    answers = engine("sentiment-small-en").run([Document(text, "en") for _, text in rows])
    right = Counter(label for (label, _), answer in zip(rows, answers, strict=True) if answer.label == label)
    assert all(right[label] >= least for label, least in LEAST.items()), dict(right)


def test_none_of_them_is_trained_on() -> None:
    """The recipe's templates and lists hold none of the sentences."""
    root = Path(__file__).parents[3]
    recipe = (root / "models/recipes/sentiment-small-en/everyday.py").read_text(encoding="utf-8").lower()
    rows = (line.split("\t") for line in Path(__file__).with_name("everyday.tsv").read_text("utf-8").splitlines())
    assert [text for _, text in rows if text.rstrip(".").lower() in recipe] == []
