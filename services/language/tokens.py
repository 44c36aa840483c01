"""Words of a text with their positions, by rules.

The rules follow the Universal Dependencies conventions for English (EWT), on which the tagger was trained:
clitics are words of their own (``do|n't``, ``Mary|'s``), hyphens separate (``15|-|year``), and web addresses,
e-mail addresses, mentions, hashtags and emoticons stay whole. French and Italian elisions (``l'|homme``) are
split when the language asks for it. Offsets count Unicode code points.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Token:
    """One word; ``begin`` and ``end`` are code point offsets into the text, end exclusive."""

    text: str
    begin: int
    end: int


#: Words whose full stop belongs to them and does not end a sentence.
ABBREVIATIONS = frozenset(
    """
    mr. mrs. ms. dr. prof. sr. jr. st. rev. gen. col. capt. lt. sgt. sen. rep. gov. hon. mt. ft. ave. blvd.
    rd. apt. dept. no. vs. etc. inc. ltd. co. corp. llc. e.g. i.e. cf. approx. est. jan. feb. mar. apr. jun.
    jul. aug. sep. sept. oct. nov. dec. mon. tue. wed. thu. fri. sat. sun. a.m. p.m. u.s. u.k. u.n. d.c.
    ph.d. m.d. b.a. m.a. al. fig. vol. pp. ed. eds. bzw. usw. z.b. d.h. nr. str. sra. dra. avda. mme. mlle.
    """.split()  # noqa: SIM905 (a list of words reads better so)
)

_AUXILIARIES = frozenset(
    """
    is am are was were be been being has have had do does did will would can could shall should may might must not
    """.split()  # noqa: SIM905 (as above)
)
_SMALL_WORDS = frozenset(
    """
    a an the this that these those some any no every each my your his her its our their i you he she it we they me
    him us them who whom whose which what and or but nor so yet if because while although though when where as than
    of in on at by for with from to into onto over under about after before between through during against within
    without near per via since until till
    """.split()  # noqa: SIM905 (as above)
)
#: Words of the closed classes, in small letters: no name begins or ends with one.
CLOSED_CLASS = _SMALL_WORDS | _AUXILIARIES

_EMOTICON = r"[<>]?[:;=8xX][-o^']?[)(\]\[dDpPoO/\\|*3]+(?![\w])|<3|\^_\^|-_-|[)(\]\[dD][-o^']?[:;=](?![\w])"
_TOKEN = re.compile(
    rf"""
      (?:https?|ftp)://[^\s<>"]+
    | www\.[^\s<>"]+
    | [\w.+-]{{1,64}}@[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,8}}
    | [@\#]\w+
    | (?<![\w]){_EMOTICON}
    | (?:[A-Za-z]\.){{2,}}                                  # U.S.
    | [\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,4}}\.(?:com|org|net|edu|gov|io|co\.uk|info)(?![\w])       # domains
    | [\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,4}}\.(?:pdf|docx?|xlsx?|html?|txt|csv|zip|py)(?![\w])     # files
    | \(?\d{{3}}\)?-\d{{3}}-\d{{4}}(?![\w-]) | \d{{3}}-\d{{4}}(?![\w-])      # telephone numbers
    | (?:e|non|co|re|pre|anti|multi|mid|semi|un|mis|counter|vice)-[A-Za-z]{{3,}}(?:['\u2019]s)?(?![\w-])
    | \d+(?:[.,:/]\d+)*(?:st|nd|rd|th|s)?(?![\w])           # 1,000.5  12:30  3rd
    | \w+[\u0300-\u036f\u200c\u200d\w]*(?:['\u2019]\w+)*    # don't, l'homme; split below
    | ['\u2019](?:s|m|d|re|ve|ll|em|til|cause)\b
    | \.{{2,}} | -{{2,}} | [!?]{{2,}} | ={{3,}} | _{{2,}} | \*{{2,}}
    | \S[\ufe0f\u200d\u0300-\u036f]*
    """,
    re.VERBOSE | re.IGNORECASE,
)

_ENGLISH_CLITIC = re.compile(r"^(.+?)(n['\u2019]t|['\u2019](?:s|m|d|re|ve|ll))$", re.IGNORECASE)
_ELISION = re.compile(
    r"^((?:l|d|j|m|t|s|n|c|qu|jusqu|lorsqu|puisqu|quoiqu|dell|all|dall|nell|sull|un|quest)['\u2019])(\w.*)$",
    re.IGNORECASE,
)
_FUSED = {"cannot": 3, "gonna": 3, "wanna": 3, "gotta": 3, "dunno": 2}
_ELIDING_LANGUAGES = frozenset({"fr", "it"})


def tokenise(text: str, language: str = "en") -> list[Token]:
    """The tokens of ``text`` in order; never overlapping, never empty. Linear in the length of the text."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        begin, end = match.span()
        word = match.group()
        if word[-1] in ".,;:!?)'\"\u2019" and len(word) > 4 and (word.startswith(("http", "www.", "ftp"))):
            word = word.rstrip(".,;:!?)'\"\u2019")
            tokens.append(Token(word, begin, begin + len(word)))
            tokens.extend(Token(text[i], i, i + 1) for i in range(begin + len(word), end))
            continue
        _append(tokens, text, begin, end, language)
    joined = _join_abbreviations(tokens, text)
    return _join_hyphens(joined, text) if language == "fr" else joined


def _append(tokens: list[Token], text: str, begin: int, end: int, language: str) -> None:
    """Split one match into clitics where it has any."""
    word = text[begin:end]
    if word[0] in "@#" or "://" in word:
        tokens.append(Token(word, begin, end))
        return
    cut = 0
    if language in _ELIDING_LANGUAGES:
        elision = _ELISION.match(word)
        if elision:
            cut = elision.end(1)
    elif language == "en":
        clitic = _ENGLISH_CLITIC.match(word) if "'" in word or "\u2019" in word else None
        if clitic:
            cut = clitic.start(2)
        elif word.lower() in _FUSED:
            cut = _FUSED[word.lower()]
    if cut:
        tokens.append(Token(word[:cut], begin, begin + cut))
        tokens.append(Token(word[cut:], begin + cut, end))
    else:
        tokens.append(Token(word, begin, end))


def _join_abbreviations(tokens: list[Token], text: str) -> list[Token]:
    """Give a full stop back to the abbreviation it belongs to (``Mr`` ``.`` -> ``Mr.``, also ``J.`` in names)."""
    joined: list[Token] = []
    for token, following in itertools.zip_longest(tokens, tokens[1:]):
        last = joined[-1] if joined else None
        if token.text == "." and last is not None and last.end == token.begin:
            initial = len(last.text) == 1 and last.text.isupper() and _goes_on(text, last, token, following)
            if initial or (last.text + ".").lower() in ABBREVIATIONS:
                joined[-1] = Token(last.text + ".", last.begin, token.end)
                continue
        joined.append(token)
    return joined


def _goes_on(text: str, letter: Token, stop: Token, following: Token | None) -> bool:
    """Whether a name goes on behind a letter with a full stop: not behind "N/V. Hx", nor behind "vitamin D. She"."""
    behind = text[max(0, letter.begin - 1) : letter.begin]
    word = following.text if following is not None else ""
    sentence_begins = len(word) > 1 and word.lower() in _SMALL_WORDS  # "T. May" is a name
    return behind not in ("/", "-") and text[stop.end : stop.end + 1].isspace() and not sentence_begins


def _join_hyphens(tokens: list[Token], text: str) -> list[Token]:
    """In French a hyphen between letters is part of the word (``grand-père``, ``Saint-Omer``)."""
    joined: list[Token] = []
    for token in tokens:
        last = joined[-1] if joined else None
        if last is not None and last.end == token.begin:
            after = text[token.end : token.end + 1]
            hyphen = token.text == "-" and last.text[-1].isalpha() and after.isalpha()
            if hyphen or (last.text[-1] == "-" and len(last.text) > 1 and token.text[0].isalpha()):
                joined[-1] = Token(last.text + token.text, last.begin, token.end)
                continue
        joined.append(token)
    return joined


def has_word(text: str) -> bool:
    """Whether a text has a letter or a digit."""
    return any(c.isalnum() for c in text)
