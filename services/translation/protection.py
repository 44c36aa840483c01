"""What in a text is not language and comes through untouched: tags, links, code, blanks of programs, emoji."""

from __future__ import annotations

import enum
import functools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

_FILE_ENDINGS = (
    "py|js|ts|json|ya?ml|toml|xml|html?|css|csv|tsv|txt|md|pdf|docx?|xlsx?|pptx?|zip|tar|gz|png|jpe?g|gif|svg|mp[34]|wav|"
    "exe|sh|bat|ini|cfg|conf|log|sql|java|cpp|rs|go|rb|php|com|org|net|io|gov|edu"
)

_CURRENCY = "$¢£¤¥\u20a0-\u20c0"

#: In order: what an earlier one takes, a later one cannot have.
_PATTERN = re.compile(
    "|".join(
        (
            r"(?P<tag></?[A-Za-z][\w:.-]*(?:\s[^<>]{0,2000})?/?>|<!--[^<>]{0,2000}?-->)",
            r"(?P<code>``[^\n]{1,500}?``|`[^`\n]{1,500}`)",
            r"(?P<link>(?:https?|ftp|s3|mailto|file):(?://)?[^\s<>\"“”«»]{1,2000}|www\.[^\s<>\"“”«»]{1,2000})",
            r"(?P<mail>(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8})",
            r"(?P<blank>\{\{[^{}\n]{0,200}\}\}|\$\{[^{}\n]{0,200}\}|\{[^{}\n]{0,100}\}|%\(\w{1,64}\)[sdifr]"
            r"|(?<![\w%])%(?:\d+\$)?[sdif](?!\w)|(?<![\w%])%\d(?!\w))",
            r"(?P<entity>&(?:[A-Za-z]{2,12}|#\d{1,7}|#x[\dA-Fa-f]{1,6});)",
            rf"(?P<file>(?<![\w./\\-])(?:[A-Za-z]:|~|\.{{1,2}})?(?:[/\\][\w.@-]+){{2,40}}[/\\]?|(?<![\w./\\-])[\w.@-]{{1,64}}(?:/[\w.@-]{{1,64}}){{2,40}}"
            rf"|(?<![\w.@-])[\w-]{{1,64}}(?:\.[\w-]{{1,64}}){{0,6}}\.(?:{_FILE_ENDINGS})(?![\w-]))",
            r"(?P<flag>(?<![\w-])--?[a-z][\w-]{1,60}(?!\w)(?=[\s=,.)]|$))",
            r"(?P<name>(?<!\w)\w{1,64}\(\)|(?<!\w)(?:\w{1,64}_\w{1,64}|_\w{1,64}|[a-z]{1,40}[A-Z]\w{0,40})(?!\w))",
            # Names with their signs, units and formulas: Acme™, C#, m², CO₂.
            r"(?P<signed>(?<!\w)(?:[^\W_]{1,64}[™®]|[A-Za-z]#|(?:[A-Za-z]{1,3}[²³⁰-⁹₀-₉]+)+[A-Za-z]{0,2})(?!\w))",
            r"(?P<mention>(?<!\w)[@#]\w{1,64}(?:[-/]\w{1,64}){0,6})",
            rf"(?P<amount>(?:[{_CURRENCY}] ?\d[\d.,]{{0,20}}\d|[{_CURRENCY}] ?\d)(?!\w)"
            rf"|(?<![\w.,])\d[\d.,]{{0,20}}(?:[ \u00a0\u202f]|&nbsp;)?(?:[{_CURRENCY}]|°[CF]?)(?!\w))",
            r"(?P<long>[A-Za-z\u00c0-\u024f\d]{65,})",  # no word of a language
            r"(?P<version>(?<![\w.])v?\d+(?:\.\d+){2,6}(?![\w]))",
            r"(?P<mixed>(?<![\w-])(?=[\w-]{0,30}\d)(?=[\w-]{0,30}[A-Za-z])"
            r"(?!\d+(?:st|nd|rd|th|s|[ap]m|h|k[mg]|[cm]m|[ck]?m|[mk]?[glW]|[MGT]B|er|ème|e|ª|º|º|x)\b)"
            r"[A-Za-z\d]+(?:-[A-Za-z\d]+){0,6}(?![\w-]))",
        )
    )
)
#: Languages that are written in Latin letters; in their texts other letters are names and quotations.
_LATIN_CODES = "af ca cs cy da de en es et fi fr ga gl hr hu id is it lt lv ms nl no pl pt ro sk sl sq sv sw tr vi"
_LATIN = frozenset(_LATIN_CODES.split())
#: Letters beyond a to z in the words of these languages; words with others are names and quotations, too.
_LETTERS = dict.fromkeys(("de", "en", "es", "fr"), frozenset("áàâäæçéèêëíîïñóôöœßúùûüÿ"))
_WORD = re.compile(r"[^\W\d_]+")
#: Signs that are no marks of a sentence, though Unicode counts them as punctuation.
_SIGNS = frozenset("#@\\`{}~§¶†‡‰‱′″‴※")
_NO_SIGNS = re.compile(r"[ !\"$-?A-[\]-_a-z|]*")
_MIXED_WORD = re.compile(r"(?i)[a-z]+-\d+|\d+(?:-[a-z]+)+")


class Kind(enum.Enum):
    """What a kept stretch is to the sentence around it."""

    TAG = "tag"  # not spoken; the spaces around it are kept as well
    SYMBOL = "symbol"  # not spoken
    WORD = "word"  # a word like any other, only that it stays


#: Of the groups of ``_PATTERN`` that are no words.
_KINDS = {"tag": Kind.TAG, "entity": Kind.SYMBOL}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch [begin, end) that is kept."""

    begin: int
    end: int
    kind: Kind


def protected(text: str, language: str) -> list[Span]:
    """The stretches of ``text`` that are no language, in order, none overlapping another."""
    found = list(_matches(text))
    if not _NO_SIGNS.fullmatch(text):
        for more in (_foreign_words(text, language), _symbols(text, language)):
            taken = tuple(found)
            found += [span for span in more if not any(_overlap(span, other) for other in taken)]
        found.sort(key=lambda span: span.begin)
    return found


def _overlap(one: Span, other: Span) -> bool:
    return one.begin < other.end and other.begin < one.end


def _matches(text: str) -> Iterator[Span]:
    for match in _PATTERN.finditer(text):
        begin, end = match.span()
        if match.lastgroup == "link":
            while end > begin and text[end - 1] in ".,;:!?)]}'’":
                # A bracket that the link itself opens belongs to it.
                if text[end - 1] == ")" and text.count("(", begin, end) >= text.count(")", begin, end):
                    break
                end -= 1
        if match.lastgroup == "mixed" and _MIXED_WORD.fullmatch(match[0]):
            continue  # COVID-19, 3-year: words after all
        yield Span(begin, end, _KINDS.get(match.lastgroup or "", Kind.WORD))


def _foreign_words(text: str, language: str) -> Iterator[Span]:
    """Words with letters that no word of the language has: names, mostly."""
    letters = _LETTERS.get(language)
    if letters is None:
        return
    for word in _WORD.finditer(text):
        written = unicodedata.normalize("NFKC", word[0]).casefold()
        if any(not (letter.isascii() or letter in letters) for letter in written):
            yield Span(*word.span(), Kind.WORD)


def _symbols(text: str, language: str) -> Iterator[Span]:
    """Runs of emoji, signs, controls, and letters of a script that the language is not written in."""
    latin = language in _LATIN
    begin: int | None = None
    for index, character in enumerate(text):
        if _is_kept(character, latin) or (begin is not None and character in "\u200d\ufe0f\ufe0e"):
            begin = index if begin is None else begin
        elif begin is not None:
            yield _run(text, begin, index)
            begin = None
    if begin is not None:
        yield _run(text, begin, len(text))


def _run(text: str, begin: int, end: int) -> Span:
    return Span(begin, end, Kind.WORD if has_words(text[begin:end]) else Kind.SYMBOL)


@functools.lru_cache(maxsize=8192)
def _is_kept(character: str, latin: bool) -> bool:
    category = unicodedata.category(character)
    if character in _SIGNS:
        return True
    if character.isascii():
        return category == "Cc" and not character.isspace()
    if category in ("So", "Sk", "Sc", "Sm", "No", "Cs", "Co", "Cn", "Cc", "Cf"):
        return character != "\u00ad"
    if latin and category in ("Lo", "Lu", "Ll", "Lt", "Lm", "Mn", "Mc", "Nd", "Nl"):
        return not unicodedata.name(character, "").startswith(("LATIN", "COMBINING", "MASCULINE", "FEMININE", "MICRO"))
    return False


def has_words(text: str) -> bool:
    """Whether there is anything to translate in what is left of a text."""
    return any(character.isalpha() for character in text)
