"""N-grams of a text as one row."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.conversation.understanding.ngrams import COLUMNS, Ngrams, hashes

TEXTS = ("book a room", "book a table for two", "cancel the room", "", "book book book")


def test_rows_are_the_same_in_any_company() -> None:
    ngrams = Ngrams.learn([hashes(text) for text in TEXTS])
    together = ngrams.rows(TEXTS)
    assert together.shape == (len(TEXTS), COLUMNS)
    for text, row in zip(TEXTS, together, strict=True):
        assert np.array_equal(ngrams.rows([text])[0], row)


def test_what_no_utterance_has_is_not_looked_at() -> None:
    ngrams = Ngrams.learn([hashes(text) for text in TEXTS])
    assert not ngrams.rows(["xylophone"]).any()


@given(st.text(max_size=80))
def test_any_text_has_a_unit_row_of_its_own_ngrams(text: str) -> None:
    keys = [key for key, _ in hashes(text)]
    (row,) = Ngrams.learn([hashes(text)]).rows([text])
    length = float(np.linalg.norm(row))
    # Two n-grams of one column may cancel out; a row of nothing else is zero.
    assert abs(length - 1) < 1e-5 or length == 0
    assert bool(keys) or length == 0
    assert keys == [key for key, _ in hashes(text)]
