"""JSON text: round trips, limits, and values that are more than they seem."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.language import json_text

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_is_written_can_be_read(value: Any) -> None:
    assert json.loads(json_text.dumps(value)) == value


@pytest.mark.parametrize("most", [1, 2, 200])
def test_the_deepest_text(most: int) -> None:
    assert not json_text.depth_exceeds(json.loads("[" * most + "]" * most), most)
    assert json_text.depth_exceeds(json.loads("[" * (most + 1) + "]" * (most + 1)), most)
    assert json_text.depth_exceeds(json.loads('{"a":' * (most + 1) + "1" + "}" * (most + 1)), most)


def test_half_a_surrogate_pair_is_a_question_mark() -> None:
    assert json_text.dumps({"a": "\ud800", "b": "\U0001f600"}) == '{"a":"?","b":"\U0001f600"}'


@given(values, st.integers(min_value=0, max_value=100))
def test_a_value_is_too_long_only_if_its_text_is(value: Any, most: int) -> None:
    # It counts no quotes, and no digits: it may miss a little, but refuses nothing that fits.
    if json_text.is_too_long(value, most):
        assert len(json.dumps(value, ensure_ascii=False)) > most


@given(st.lists(st.text(min_size=1)), st.integers(min_value=0, max_value=100))
def test_texts_are_counted(texts: list[str], most: int) -> None:
    if sum(map(len, texts)) > most:
        assert json_text.is_too_long(texts, most)


def test_shared_parts_count_each_time() -> None:
    value: Any = "x"
    for _ in range(200):
        value = [value, value]
    assert json_text.is_too_long(value)  # 2 ** 200 characters
    assert not json_text.is_too_long("x" * (json_text.MAX_CHARACTERS - 1))
