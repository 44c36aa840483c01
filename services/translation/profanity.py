"""Profane words of a translation, masked as Translate masks them. The lists are our own: common words."""

from __future__ import annotations

import functools
import re

#: What stands for a masked word, whatever its length.
MASK = "?$#@$"

_WORDS = {
    "en": r"""
        f+u+c+k\w*|motherf+u+c+k\w*|shit(?:s|ty|tier|ting|head\w*|hole\w*)?|bullshit\w*|bitch\w*|cunts?
        |ass(?:hole\w*|hat\w*|wipe\w*)|dick(?:head\w*)|cocksuck\w*|bastards?|wank(?:er|ers|ing)|twats?|whores?|sluts?
        |goddamn\w*|pricks?|bollocks""",
    "de": r"""
        schei(?:ß|ss)\w*|besch(?:issen|eiß|eiss)\w*|fick\w*|gefickt\w*|verfickt\w*|arschl(?:och|öcher)\w*|fotzen?|wichs\w*
        |hurens(?:ohn|öhne)\w*|huren?|schlampen?|verpiss\w*|kacke|nutten?|mistkerle?""",
    "fr": r"""
        merdes?|merdi(?:que|ques|er)|emmerd\w*|putains?|putes?|connards?|connasses?|conneries?|encul\w*|salopes?|salauds?
        |salopards?|couilles?|foutre|niqu(?:e|er|é|és|ée|ées|ez)|branleurs?|trouduc""",
    "es": r"""
        mierdas?|put[oa]s?|putadas?|hijoputas?|joder|jodid[oa]s?|jódete|coños?|cabr(?:ón|ones|ona|onas)|gilipollas
        |gilipolleces|pendej[oa]s?|chingad[oa]s?|chingar|maric(?:ón|ones)|capull[oa]s?|cojones|culer[oa]s?""",
}


def supported(language: str) -> bool:
    """Whether there is a list for the language."""
    return language in _WORDS


def mask(text: str, language: str) -> str:
    """The text with the list's words masked; as it is for a language without one."""
    return _pattern(language).sub(MASK, text) if supported(language) else text


@functools.cache
def _pattern(language: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_WORDS[language]})(?!\w)", re.IGNORECASE | re.VERBOSE)
