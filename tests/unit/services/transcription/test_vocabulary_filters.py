"""Words taken out of segments, and which words a filter takes."""

from __future__ import annotations

import pytest

from services.transcription.vocabulary_filters import MASK, VocabularyFilter, checked_words, folded, words_of_file
from shared import errors
from tests.unit.services.transcription.hearing import segment


def filtered(text: str, method: str, *words: str) -> str | None:
    found = VocabularyFilter(frozenset(map(folded, words)), method).apply(segment(text, 0.0, 4.0))  # type: ignore[arg-type]
    return None if found is None else found.alternatives[0].transcript


def test_whole_words_whatever_their_case() -> None:
    assert filtered("Curse, cursed CURSE.", "mask", "curse") == f"{MASK}, cursed {MASK}."
    assert filtered("Curse, cursed CURSE.", "tag", "curse") == "Curse, cursed CURSE."
    assert filtered("don’t go", "mask", "don't") == f"{MASK} go"


def test_marks_of_removed_words() -> None:
    assert filtered("Well, damn, go on.", "remove", "damn") == "Well, go on."
    assert filtered("Damn, go on.", "remove", "damn") == "go on."
    assert filtered("Damn!", "remove", "damn") is None


def test_other_readings_are_filtered_too() -> None:
    found = VocabularyFilter(frozenset({"damn"}), "mask").apply(segment("dam it", 0.0, 1.0, "damn it"))
    assert found is not None and [one.transcript for one in found.alternatives] == ["dam it", f"{MASK} it"]


def test_words_that_can_be_filtered() -> None:
    assert checked_words(["Zürich", "damn"]) == ["Zürich", "damn"]
    assert words_of_file("\ufeffa\r\n\r\nb".encode()) == ["a", "b"]


@pytest.mark.parametrize("words", [[], ["two words"], [" "], ["x" * 257], ["a\tb"], ["x" * 200] * 300])
def test_words_that_cannot(words: list[str]) -> None:
    with pytest.raises(errors.InvalidArgument):
        checked_words(words)


@pytest.mark.parametrize("data", [b"", b"\xff", b"two words\n", b"a\n" * 40_000])
def test_files_that_cannot(data: bytes) -> None:
    with pytest.raises(errors.InvalidArgument):
        words_of_file(data)
