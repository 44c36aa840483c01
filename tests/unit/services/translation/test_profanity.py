from __future__ import annotations

import pytest

from services.translation.profanity import MASK, mask, supported


@pytest.mark.parametrize(
    ("language", "text", "masked"),
    [
        ("en", "That is bullshit, you Asshole!", f"That is {MASK}, you {MASK}!"),
        ("en", "Scunthorpe, assess, cockpit, Dick", "Scunthorpe, assess, cockpit, Dick"),
        ("de", "So eine Scheiße, du Arschloch.", f"So eine {MASK}, du {MASK}."),
        ("fr", "Merde, quel connard", f"{MASK}, quel {MASK}"),
        ("es", "¡Joder, qué mierda!", f"¡{MASK}, qué {MASK}!"),
        ("es", "computadora, disputa", "computadora, disputa"),
    ],
)
def test_words_of_the_lists(language: str, text: str, masked: str) -> None:
    assert mask(text, language) == masked


def test_other_languages_have_no_list() -> None:
    assert not supported("ja")
    assert mask("fuck", "ja") == "fuck"
