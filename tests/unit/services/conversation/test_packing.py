"""JSON in headers."""

from __future__ import annotations

import base64
import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conversation.packing import LARGEST_BYTES, pack, unpack
from shared import errors

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(_JSON)
def test_what_is_packed_is_unpacked(value: object) -> None:
    assert unpack(pack(value), "header") == value
    assert pack(value) == pack(value)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: base64.b64encode(data).decode()))
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        unpack(text, "header")


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"{"), gzip.compress(b"{}")[:-4], gzip.compress(b" " * (LARGEST_BYTES + 1)), b"{}"],
    ids=["broken", "cut off", "exploding", "not packed"],
)
def test_broken_cut_off_and_exploding_headers_are_refused(data: bytes) -> None:
    with pytest.raises(errors.InvalidArgument):
        unpack(base64.b64encode(data).decode(), "header")
