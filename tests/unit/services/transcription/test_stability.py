"""Words of partial results that will probably stay."""

from __future__ import annotations

from services.transcription.recognition import Item
from services.transcription.stability import Stabilizer


def items(text: str) -> list[Item]:
    return [Item.word(word, float(n), n + 0.5, 0.0) for n, word in enumerate(text.split())]


def stable(stabilizer: Stabilizer, text: str) -> list[str]:
    return [item.content for item in stabilizer.partial(items(text)) if item.stable]


def test_words_that_partials_agree_on() -> None:
    stabilizer = Stabilizer("high")
    assert stable(stabilizer, "ask not") == []
    assert stable(stabilizer, "ask not what") == ["ask", "not"]
    assert stable(stabilizer, "ask knot what you") == ["ask"], "a word that changed is not stable, nor what follows it"


def test_low_waits_longer() -> None:
    stabilizer = Stabilizer("low")
    for _ in range(4):
        assert stable(stabilizer, "ask not what") == []
    assert stable(stabilizer, "ask not what") == ["ask", "not"]


def test_without_a_stability_nothing_is() -> None:
    stabilizer = Stabilizer(None)
    for _ in range(9):
        assert stable(stabilizer, "ask not what") == []


def test_an_utterance_begins_anew() -> None:
    stabilizer = Stabilizer("high")
    stable(stabilizer, "yes it is")
    stabilizer.ended()
    assert stable(stabilizer, "yes it is") == []
