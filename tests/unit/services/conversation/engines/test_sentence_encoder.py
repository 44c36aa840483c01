"""Sentence vectors: unit rows that are near where the meaning is, the same in any company."""

from __future__ import annotations

import numpy as np
import pytest

from services.conversation.engines.sentence_encoder import SentenceEncoder
from shared.models.catalog import REPOSITORY_ROOT

SENTENCES = ("A man is eating food.", "A man is eating a piece of bread.", "Stock markets fell sharply on Monday.")


@pytest.fixture(scope="module")
def encoder() -> SentenceEncoder:
    return SentenceEncoder(REPOSITORY_ROOT / "models" / "sentence-vectors-en" / "1")


def test_alike_sentences_are_near(encoder: SentenceEncoder) -> None:
    rows = np.stack(encoder.run(SENTENCES))
    likeness = rows @ rows.T
    assert np.allclose(np.diag(likeness), 1, atol=1e-4)
    assert likeness[0, 1] > 0.6 > 0.3 > likeness[0, 2]


def test_company_changes_nothing(encoder: SentenceEncoder) -> None:
    (alone,) = encoder.run(SENTENCES[:1])
    assert np.array_equal(alone, encoder.run(SENTENCES)[0])


def test_rows_of_pieces_share_a_run(encoder: SentenceEncoder) -> None:
    (pieces,) = encoder.run([SENTENCES])
    ids = np.zeros((3, max(map(len, pieces))), np.int64)
    for row, of_one in zip(ids, pieces, strict=True):
        row[: len(of_one)] = of_one
    (together,) = encoder.run([ids])
    assert together.shape == (3, 384)
    assert ((together * np.stack(encoder.run(SENTENCES))).sum(axis=1) > 0.95).all()


@pytest.mark.parametrize("text", ["", " ", "\ud800 half", "\u4f60\u597d", "word " * 5000, "x" * 10_000_000])
def test_any_text_has_a_vector(encoder: SentenceEncoder, text: str) -> None:
    (row,) = encoder.run([text])
    assert np.isfinite(row).all()
    assert np.linalg.norm(row) == pytest.approx(1, abs=1e-4)
