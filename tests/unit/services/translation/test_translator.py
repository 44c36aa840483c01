"""A text's way through models, with a model of the test's own: it says what it was told to, or everything in capitals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from services.translation.routes import Leg
from services.translation.tasks import Parts, Sentence, Translation, placeholders
from services.translation.terms import TermIndex
from services.translation.translator import TextTranslator
from shared.rpc.call import Priority

DIRECT = [Leg("model", "en", "de", 50.0)]
Say = Callable[[Parts], Parts]


def loud(parts: Parts) -> Parts:
    return tuple(part.upper() if isinstance(part, str) else part for part in parts)


class Models:
    """In place of the runtime: every model says ``say(parts)``."""

    def __init__(self, say: Say = loud) -> None:
        self.say = say
        self.asked: list[Sentence] = []

    async def lease_model(self, model_id: str) -> Models:
        return self

    async def __aenter__(self) -> Models:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def run(self, items: Sequence[Sentence], priority: Priority) -> list[Translation]:
        self.asked += items
        results = []
        for item in items:
            parts = self.say(item.parts)
            results.append(Translation(parts, placeholders(parts) == placeholders(item.parts)))
        return results


async def translate(models: Any, text: str, terms: dict[str, str] | None = None, way: Sequence[Leg] = DIRECT) -> str:
    return (await TextTranslator(models, way, TermIndex(terms or {}), Priority.INTERACTIVE).translate(text)).text


TEXT = "Dear Anna,\r\n\r\n  - see <b>this</b> at https://a.org/x.\n  - pay 1,200.50 now!  Then wait. 😀\n\n\tBye\n"


async def test_what_is_no_language_stays() -> None:
    translated = await translate(Models(), TEXT)
    assert translated == TEXT.upper().replace("<B>", "<b>").replace("</B>", "</b>").replace(
        "HTTPS://A.ORG/X", "https://a.org/x"
    )


@pytest.mark.parametrize("text", ["", " \n ", "😀 😀", "12.50 -- !?", "https://a.org", "<br>"])
async def test_without_words_no_model_is_asked(text: str) -> None:
    models = Models()
    assert await translate(models, text) == text
    assert models.asked == []


async def test_terms_are_never_seen_by_the_model() -> None:
    models = Models()
    assert (
        await translate(models, "Buy Amazon Family now.", {"Amazon Family": "Amazon Familie"})
        == "BUY Amazon Familie NOW."
    )
    assert all("Amazon" not in part for item in models.asked for part in item.parts if isinstance(part, str))


async def test_a_term_that_the_model_loses_is_put_in_its_place() -> None:
    models = Models(lambda parts: tuple(part for part in loud(parts) if isinstance(part, str)))
    assert await translate(models, "Buy Echo Dot and Echo now.", {"Echo": "E", "Echo Dot": "ED"}) == "BUY ED AND E NOW."


async def test_numbers_that_the_model_gets_wrong_are_kept() -> None:
    models = Models(
        lambda parts: tuple(part.replace("1990", "1909") if isinstance(part, str) else part for part in parts)
    )
    assert await translate(models, "Since 1990 here.") == "Since 1990 here."
    assert [item.parts for item in models.asked] == [("Since 1990 here.",), ("Since ", 0, " here.")]


async def test_numbers_that_are_made_up_beside_are_dropped() -> None:
    models = Models(
        lambda parts: (*parts, " 7") if len(parts) > 1 or any("1990" in str(part) for part in parts) else parts
    )
    assert await translate(models, "Since 1990 here.") == "Since 1990 here."


async def test_placeholders_that_are_made_up_do_no_harm() -> None:
    models = Models(lambda parts: (*loud(parts), 7))
    assert await translate(models, "Buy Echo now in 1990.", {"Echo": "E"}) == "BUY E NOW IN 1990."


async def test_capitals_are_read_as_small_letters() -> None:
    models = Models(lambda parts: tuple(part.replace("oil", "öl") if isinstance(part, str) else part for part in parts))
    assert await translate(models, "BUY OLIVE OIL, Echo!", {"Echo": "E"}) == "BUY OLIVE ÖL, E!"
    assert models.asked[0].parts == ("Buy olive oil, ", 0, "!")


async def test_loops_are_cut() -> None:
    models = Models()
    models.say = lambda parts: ("olive olive olive olive oil",)

    async def incomplete(items: Sequence[Sentence], priority: Priority) -> list[Translation]:
        return [Translation(models.say(item.parts), False) for item in items]

    models.run = incomplete  # type: ignore[method-assign]
    assert await translate(models, "olive oil") == "olive oil"


async def test_silence_leaves_the_sentence() -> None:
    assert (
        await translate(
            Models(lambda parts: tuple("" if isinstance(part, str) else part for part in parts)), "One {x} two"
        )
        == "One {x} two"
    )


async def test_two_models_in_a_row() -> None:
    models = Models()
    way = [Leg("first", "fr", "en", 1.0), Leg("second", "en", "de", 1.0)]
    assert await translate(models, "Bonjour Echo. Salut.", {"Echo": "echo"}, way) == "BONJOUR echo. SALUT."
    assert [(item.source, item.target) for item in models.asked] == [("fr", "en")] * 2 + [("en", "de")] * 2


async def test_a_sentence_that_comes_twice_is_translated_once() -> None:
    models = Models()
    assert await translate(models, "Again. Again. Again.") == "AGAIN. AGAIN. AGAIN."
    assert len(models.asked) == 1
