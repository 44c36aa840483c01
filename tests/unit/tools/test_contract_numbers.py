"""Field numbers: given once, kept for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tools.contract.numbers import MessageNumbers

NAMES = st.lists(st.sampled_from("abcdefghij"), unique=True)


@given(st.lists(NAMES, min_size=1, max_size=6))
def test_a_number_never_changes_hands(history: list[list[str]]) -> None:
    numbers, owner = MessageNumbers(), {}
    for names in history:
        numbers = numbers.assign(names)
        assert list(numbers.used) == names
        for name, number in {**numbers.used, **numbers.retired}.items():
            assert owner.setdefault(number, name) == name
        assert not set(numbers.used.values()) & set(numbers.retired.values())


def test_implementation_numbers_of_protobuf_are_stepped_over() -> None:
    numbers = MessageNumbers({"a": 18999}).assign(["a", "b"])
    assert numbers.used == {"a": 18999, "b": 20000}
