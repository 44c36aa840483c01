"""Matching within a bound of the thread's own time."""

from __future__ import annotations

import hashlib
import threading

import pytest
import regex

from shared import patterns

#: Backtracks: doubles with every character.
SLOW = regex.compile(r"(a|aa)+[bc]")


def test_the_whole_value_has_to_match() -> None:
    word = regex.compile("[a-z]+")
    assert patterns.fullmatch(word, "abc", 0.1)
    assert not patterns.fullmatch(word, "abc1", 0.1)


def test_a_pattern_that_backtracks_ends() -> None:
    with pytest.raises(TimeoutError):
        patterns.fullmatch(SLOW, "a" * 80, 0.05)


def test_time_that_other_threads_spend_does_not_count() -> None:
    """A match of a tenth of a second or so, beside threads that use up regex's own clock many times over."""
    stop = threading.Event()

    def work() -> None:
        data = bytes(1_000_000)
        while not stop.is_set():
            hashlib.sha256(data).digest()  # lets go of the interpreter

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    try:
        assert not patterns.fullmatch(SLOW, "a" * 26, 0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
