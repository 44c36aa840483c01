"""Forms of JSON objects."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.tasks.form_encoding import encode_form

ARRAY = {"array": ["a", "b c"]}


@pytest.mark.parametrize(
    ("array_format", "encoded"),
    [
        ("INDICES", "array[0]=a&array[1]=b c"),
        ("BRACKETS", "array[]=a&array[]=b c"),
        ("REPEAT", "array=a&array=b c"),
        ("COMMAS", "array=a,b c"),
        ("NONE", 'array=["a","b c"]'),
    ],
)
def test_arrays(array_format: str, encoded: str) -> None:
    pairs = [f"{name}={value}" for name, value in parse_qsl(encode_form(ARRAY, array_format))]
    assert "&".join(pairs) == encoded


def test_objects_and_scalars() -> None:
    form = encode_form({"a": {"b": {"c": 1}}, "t": True, "n": None, "f": 1.5})
    assert parse_qsl(form, keep_blank_values=True) == [("a[b][c]", "1"), ("t", "true"), ("n", ""), ("f", "1.5")]


@given(st.dictionaries(st.text(), st.text()))
def test_texts_come_back(value: dict[str, str]) -> None:
    form = encode_form(value)
    assert form.isascii()
    assert dict(parse_qsl(form, keep_blank_values=True, encoding="utf-8")) == value
