"""ARNs: parse and format are inverses."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import errors
from shared.storage.arns import Arn

_words = st.from_regex(r"[a-z0-9-]+", fullmatch=True)


@given(_words, st.from_regex(r"\d{12}", fullmatch=True).filter(str.isascii), st.from_regex(r"\S.*", fullmatch=True))
def test_round_trip(service: str, account: str, resource: str) -> None:
    arn = Arn(service, account, resource)
    assert Arn.parse(str(arn)) == arn


@pytest.mark.parametrize("text", ["", "arn", "arn:aws:s3", "arn:aws:comprehend:us-east-1:123:x", "ARN:aws:a:b::x"])
def test_what_is_no_arn(text: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        Arn.parse(text)
