"""Profane words of a translation, masked as Translate masks them. The lists are our own: common words, all forms."""

from __future__ import annotations

import functools
import re

#: What stands for a masked word, whatever its length.
MASK = "?$#@$"

_WORDS = {
    "en": (
        r"f+u+c+k\w*|motherf+u+c+k\w*|shit(?:s|ty|tier|ting|head\w*|hole\w*)?|bullshit\w*|bitch\w*|cunts?|ass(?:hole\w*|hat\w*|wipe\w*)"
        r"|dick(?:head\w*)|cocksuck\w*|bastards?|wank(?:er|ers|ing)|twats?|whores?|sluts?|goddamn\w*|pricks?|bollocks"
    ),
    "de": (
        r"schei(?:ß|ss)\w*|schei(?:ß|ss)e?|besch(?:issen|eiß|eiss)\w*|fick\w*|gefickt\w*|verfickt\w*|arsch(?:loch\w*|löcher\w*)"
        r"|arschl(?:och|öcher)\w*|fotzen?|wichs\w*|hurens(?:ohn|öhne)\w*|huren?|schlampen?|verpiss\w*|kacke|nutten?|mistkerle?"
    ),
    "fr": (
        r"merdes?|merdi(?:que|ques|er)|emmerd\w*|putains?|putes?|connards?|connasses?|conneries?|encul\w*|salopes?|salauds?|salopards?"
        r"|bordels?|bites?|couilles?|foutre|niqu(?:e|er|é|és|ée|ées|ez)|branleurs?|trouduc"
    ),
    "es": (
        r"mierdas?|put[oa]s?|putadas?|hijo ?de ?puta|hijos ?de ?puta|hijoputas?|joder|jodid[oa]s?|jódete|jodas|coños?|cabr(?:ón|ones|ona|onas)"
        r"|gilipollas|gilipolleces|pendej[oa]s?|chingad[oa]s?|chingar|maric(?:ón|ones)|capull[oa]s?|pollas?|cojones|culer[oa]s?|zorras?"
    ),
}  # fmt: skip


def supported(language: str) -> bool:
    """Whether there is a list for the language."""
    return language in _WORDS


def mask(text: str, language: str) -> str:
    """The text with the list's words masked; as it is for a language without one."""
    return _pattern(language).sub(MASK, text) if supported(language) else text


@functools.cache
def _pattern(language: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_WORDS[language]})(?!\w)", re.IGNORECASE)
