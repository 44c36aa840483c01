"""Sentences of a line: where one ends and the next begins.

By rules for languages with Latin, Greek or Cyrillic letters; by their full stops for Chinese, Japanese and the like.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

#: Abbreviations after which a sentence rarely ends, by language, in lower case and without their last full stop.
_WORDS = {
    "en": """
        mr mrs ms dr prof sr jr st rev hon gen col capt lt sgt rep sen gov pres messrs mt ft vs fig figs no nos vol pp
        ed eds cf approx dept est jan feb mar apr jun jul aug sep sept oct nov dec e.g i.e u.s u.k u.n
        """,
    "de": """
        bzw bzgl ca ggf vgl z.b d.h u.a o.ä u.ä z.t i.d.r s.o s.u dr prof hr fr frl nr str tel abs art abb bd evtl inkl
        exkl max min mio mrd zzgl sog st jh geb gest jan feb mär apr jun jul aug sep okt nov dez
        """,
    "fr": """
        m mm mme mmes mlle mlles me dr pr mgr st ste av boul p.ex c.-à-d env chap réf tél janv févr avr juil sept oct
        nov déc fig vol
        """,
    "es": """
        sr sra srta sres dr dra dña ud uds vd vds ee.uu p.ej pág págs núm nº avda aprox tel art cía gral lic ing fig vol
        """,
}
_ABBREVIATIONS = {language: frozenset(words.split()) for language, words in _WORDS.items()}
#: Of these a number follows as a rule; without one the sentence ended ("I said no.").
_BEFORE_NUMBERS = frozenset(["no", "nos", "nr", "fig", "figs", "art", "abs", "vol", "pp", "pág", "págs", "núm", "mar"])

_BOUNDARY = re.compile(
    # A final mark, closing quotes and brackets, then space.
    r"(?P<mark>[.!?…؟।]+)(?P<close>(?:[\"'”’»)\]]|</\w+>)*)(?P<gap>\s+)"
    # Or one of the wide ones, which nothing need follow.
    r"|(?P<wide>[。！？]+[」』”’）]*)(?P<widegap>\s*)"
)
_WORD_BEFORE = re.compile(r"[\w.\-’']*\Z")
_OPENER = re.compile(r"[\"'“‘«„(\[¿¡*_<⟦]*")


def sentences(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Ranges [begin, end) of the sentences of ``text``; the white space between two belongs to neither."""
    begin = 0
    for found in _BOUNDARY.finditer(text):
        if found["wide"] is not None:
            if found.end() < len(text):
                yield begin, found.start("widegap")
                begin = found.end()
        elif found.end() < len(text) and _ends(text, begin, found, language):
            yield begin, found.start("gap")
            begin = found.end()
    if begin < len(text):
        yield begin, len(text)


def _ends(text: str, begin: int, found: re.Match[str], language: str) -> bool:
    follows = text[_OPENER.match(text, found.end()).end() :][:1]  # type: ignore[union-attr]
    if follows.islower() and not found["mark"].startswith(("!", "?")):
        return False
    if follows.islower() and found["close"]:
        return False  # "Really?" he said.
    if found["mark"] != ".":
        return True
    word = _WORD_BEFORE.search(text, begin, found.start("mark"))
    before = word[0] if word is not None else ""
    if len(before) == 1 and before.isalpha() and before != "I":
        return False  # an initial: J. Smith; z. B.
    known = before.lower()
    if known in _BEFORE_NUMBERS:
        return not follows.isdigit()
    if known.isdigit() and len(known) <= 2 and language == "de":
        return False  # an ordinal: im 19. Jahrhundert
    return known not in _ABBREVIATIONS.get(language, frozenset())


def pieces(text: str, longest: int) -> Iterator[tuple[int, int]]:
    """Ranges that cover ``text`` without its inner gaps, each of at most ``longest`` characters.

    They end behind a semicolon, colon or comma if there is one, else between words, else anywhere.
    """
    begin = 0
    while len(text) - begin > longest:
        window = text[begin : begin + longest]
        end = 0
        for pattern in (r"[;:—]\s", r",\s", r"\s"):
            cuts = [cut.start() + (0 if pattern == r"\s" else 1) for cut in re.finditer(pattern, window)]
            good = [cut for cut in cuts if cut > longest // 3]
            if good:
                end = good[-1]
                break
        end = end or longest
        yield begin, begin + end
        begin += end
        while begin < len(text) and text[begin].isspace():
            begin += 1
    if begin < len(text):
        yield begin, len(text)
