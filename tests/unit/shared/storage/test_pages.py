"""Page tokens: what was sealed for one listing opens for that listing only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import errors
from shared.storage.pages import PageTokens

_TOKENS = PageTokens(b"k" * 32)
_listings = st.lists(st.one_of(st.text(max_size=8), st.integers(), st.none()), max_size=4)
_positions = st.one_of(st.integers(min_value=0), st.text(max_size=100))


@given(_listings, _positions)
def test_round_trip(listing: list[object], position: int | str) -> None:
    assert _TOKENS.open(listing, _TOKENS.seal(listing, position)) == position


@given(_listings, _positions)
def test_a_command_line_takes_it_for_a_word(listing: list[object], position: int | str) -> None:
    assert _TOKENS.seal(listing, position).isalnum()


@given(_listings, _listings, _positions)
def test_a_token_of_another_listing_is_refused(one: list[object], other: list[object], position: int | str) -> None:
    if one != other:
        with pytest.raises(errors.InvalidPaginationToken):
            _TOKENS.open(other, _TOKENS.seal(one, position))


@given(_positions, st.integers(min_value=0), st.integers(min_value=1, max_value=31))
def test_an_edited_token_is_refused(position: int | str, where: int, change: int) -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    token = _TOKENS.seal(["a"], position)
    # The last character may carry unused bits; every other one counts.
    index = where % (len(token) - 1)
    edited = alphabet[(alphabet.index(token[index]) + change) % 32]
    with pytest.raises(errors.InvalidPaginationToken):
        _TOKENS.open(["a"], token[:index] + edited + token[index + 1 :])


@given(st.text(max_size=200))
def test_nonsense_is_refused(token: str) -> None:
    with pytest.raises(errors.InvalidPaginationToken):
        _TOKENS.open(["a"], token)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(errors.InvalidPaginationToken):
        PageTokens(b"j" * 32).open(["a"], _TOKENS.seal(["a"], 7))
    with pytest.raises(errors.InvalidPaginationToken):
        _TOKENS.open_row(["a"], _TOKENS.seal(["a"], "a key"))
