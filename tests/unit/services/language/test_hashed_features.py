from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.language.hashed_features import FEATURES, hashed_features


@given(st.lists(st.text(min_size=1, max_size=12), max_size=12), st.sampled_from([7, 1 << 10, 1 << 17]))
def test_rows_are_in_the_table(words: list[str], buckets: int) -> None:
    rows = hashed_features(words, buckets)
    assert rows.shape == (len(words), FEATURES)
    assert ((rows >= 0) & (rows < buckets)).all()


def test_a_word_and_its_neighbours_count() -> None:
    alone = hashed_features(["la", "casa", "blanca"], 1 << 17)
    other = hashed_features(["la", "casa", "negra"], 1 << 17)
    assert np.array_equal(alone[0], other[0]) is False  # two to the right is a neighbour
    assert (alone[1] == other[1]).sum() > FEATURES // 2
    assert np.array_equal(alone, hashed_features(["la", "casa", "blanca"], 1 << 17))
