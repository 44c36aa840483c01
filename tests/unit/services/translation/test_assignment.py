"""What one request does with its terminologies and settings."""

from __future__ import annotations

from typing import Any

import pytest

from services.translation.assignment import MAX_TERMS_TOLD, Assignment
from services.translation.routes import Leg
from services.translation.terminologies import Terminology
from shared.rpc.call import Priority
from tests.unit.services.translation.test_translator import Models


class Call:
    priority = Priority.INTERACTIVE

    def __init__(self) -> None:
        self.models: list[str] = []

    def answered_by(self, model_id: str) -> None:
        self.models.append(model_id)


def terminology(**terms: str) -> Terminology:
    return Terminology(("en", "de"), tuple(terms.items()), False, 0)


def assignment(
    *terminologies: tuple[str, Terminology], mask: bool = False, target: str = "de"
) -> tuple[Assignment, Any]:
    call: Any = Call()
    models: Any = Models()
    way = [Leg("model", "en", target, 1.0)] if target != "en" else []
    return Assignment(models, "en", target, way, terminologies, mask, call), call


async def test_the_first_terminology_wins() -> None:
    work, call = assignment(
        ("one", terminology(Echo="Eins", Dot="Punkt")), ("two", terminology(Echo="Zwei", Kindle="K"))
    )
    assert await work.translate("Buy Echo and Kindle.") == "BUY Eins AND K."
    assert work.applied() == [("one", [("Echo", "Eins")]), ("two", [("Kindle", "K")])]
    assert call.models == ["model"]


async def test_many_terms_are_told_in_part() -> None:
    work, _ = assignment(("many", terminology(**{f"w{number}": "x" for number in range(400)})))
    await work.translate(" ".join(f"The w{number}." for number in range(400)))
    assert len(work.applied()[0][1]) == MAX_TERMS_TOLD


@pytest.mark.parametrize(
    ("mask", "target", "told", "text"),
    [(True, "en", "MASK", "?$#@$ it"), (False, "en", "", "fuck it"), (True, "ja", "", "FUCK IT")],
)
async def test_profanity(mask: bool, target: str, told: str, text: str) -> None:
    work, _ = assignment(mask=mask, target=target)
    assert work.profanity == told
    assert await work.translate("fuck it") == text
