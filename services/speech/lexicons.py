"""Pronunciation lexicons (W3C PLS 1.0): parsed within Polly's limits, and applied to the words of a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.speech.alphabets import to_ipa
from services.speech.faults import invalid_lexicon
from services.speech.script import CORE, Part, Script, Sentence, Word
from services.speech.xml_tree import Element, XmlLimits, parse
from shared import errors

MAX_CHARACTERS = 4_000
MAX_LEXICONS = 100
#: Of a grapheme, an alias or a phoneme.
MAX_LEXEME_CHARACTERS = 100
#: By the words of a grapheme without the punctuation around them: the graphemes ("Inc", "Inc."), the longest first.
_Sayings = dict[tuple[str, ...], list[tuple[str, "Lexeme"]]]
_NAMESPACE = "http://www.w3.org/2005/01/pronunciation-lexicon"


@dataclass(frozen=True, slots=True)
class Lexeme:
    """Words as they are written, and what is said for them: other words, or sounds in IPA."""

    graphemes: tuple[str, ...]
    alias: str
    ipa: str


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Lexemes in order; the first that fits is the one that is used. ``language`` is as written in the document."""

    alphabet: str
    language: str
    lexemes: tuple[Lexeme, ...]

    def speaks(self, language: str) -> bool:
        """Whether it is for a voice of that language: "en" is for all of English, "en-GB" for British alone."""
        mine, voice = self.language.lower(), language.lower()
        return voice == mine or voice.startswith(mine + "-")


def parse_lexicon(content: str, languages: Sequence[str]) -> Lexicon:
    """Read a PLS document in one of ``languages``.

    Raises:
        InvalidArgument: with Polly's code for what is wrong.
    """
    if len(content) > MAX_CHARACTERS:
        raise errors.InvalidArgument(
            f"A lexicon has {MAX_CHARACTERS} characters at most.", aws_code="LexiconSizeExceededException"
        )
    root = parse(content, "InvalidLexiconException", XmlLimits(max_bytes=4 * MAX_CHARACTERS, max_elements=1_000))
    if root.name != "lexicon":
        raise invalid_lexicon("The outermost element must be <lexicon>.")
    if root.attributes.get("version") != "1.0" or root.attributes.get("xmlns") != _NAMESPACE:
        raise invalid_lexicon(f'<lexicon> needs version="1.0" and xmlns="{_NAMESPACE}".')
    alphabet = root.attributes.get("alphabet", "ipa")
    if alphabet not in ("ipa", "x-sampa"):
        raise errors.InvalidArgument(
            "The alphabet of a lexicon is ipa or x-sampa.", aws_code="UnsupportedPlsAlphabetException"
        )
    language = root.attributes.get("xml:lang", "")
    known = {code.lower(): code for code in languages} | {code.lower().split("-")[0]: code for code in languages}
    if language.lower() not in known:
        raise errors.InvalidArgument(
            "The xml:lang of <lexicon> must be the language of a voice, such as en-US.",
            aws_code="UnsupportedPlsLanguageException",
        )
    lexemes = tuple(_lexeme(element, alphabet) for element in root.elements("lexeme"))
    if not lexemes:
        raise invalid_lexicon("The lexicon has no <lexeme>.")
    return Lexicon(alphabet, language, lexemes)


def _lexeme(element: Element, default_alphabet: str) -> Lexeme:
    graphemes = tuple(_text(child) for child in element.elements("grapheme"))
    if not graphemes:
        raise invalid_lexicon("A <lexeme> needs a <grapheme>.")
    aliases, phonemes = list(element.elements("alias")), list(element.elements("phoneme"))
    if phonemes and (not aliases or _preferred(phonemes) is not None):
        chosen = _preferred(phonemes) or phonemes[0]
        alphabet = chosen.attributes.get("alphabet", default_alphabet)
        try:
            return Lexeme(graphemes, "", to_ipa(_text(chosen), alphabet))
        except ValueError as problem:
            raise invalid_lexicon(f"A <phoneme> is not {alphabet}: {problem}.") from None
    if aliases:
        return Lexeme(graphemes, _text(_preferred(aliases) or aliases[0]), "")
    raise invalid_lexicon("A <lexeme> needs an <alias> or a <phoneme>.")


def _preferred(elements: Sequence[Element]) -> Element | None:
    return next((element for element in elements if element.attributes.get("prefer") == "true"), None)


def _text(element: Element) -> str:
    text = " ".join(element.text.split())
    if not text:
        raise invalid_lexicon(f"A <{element.name}> is empty.")
    if len(text) > MAX_LEXEME_CHARACTERS:
        raise errors.InvalidArgument(
            f"A <{element.name}> has {MAX_LEXEME_CHARACTERS} characters at most.",
            aws_code="MaxLexemeLengthExceededException",
        )
    return text


def apply(script: Script, lexicons: Sequence[Lexicon], language: str) -> Script:
    """The script with every word that a lexicon knows said as it says; words of another language than ``language``
    are left alone. Earlier lexicons win; case matters."""
    sayings: _Sayings = {}
    for lexicon in lexicons:
        for lexeme in lexicon.lexemes:
            for grapheme in lexeme.graphemes:
                cores = (CORE.search(word) for word in grapheme.split(" "))
                key = tuple("" if core is None else core.group() for core in cores)
                sayings.setdefault(key, []).append((grapheme, lexeme))
    for known in sayings.values():
        known.sort(key=lambda saying: -len(saying[0]))
    if not sayings:
        return script
    longest = max(map(len, sayings))
    sentences = tuple(_applied(sentence, sayings, longest, language) for sentence in script.sentences)
    return replace(script, sentences=sentences)


def _applied(sentence: Sentence, sayings: _Sayings, longest: int, language: str) -> Sentence:
    parts: list[Part] = []
    position = 0
    while position < len(sentence.parts):
        run = _free_words(sentence.parts[position : position + longest], language)
        for length in range(len(run), 0, -1):
            known = sayings.get(tuple(word.value for word in run[:length]), ())
            said = next((found for saying in known if (found := _said(run[:length], *saying)) is not None), None)
            if said is not None:
                parts.append(said)
                position += length
                break
        else:
            parts.append(sentence.parts[position])
            position += 1
    return replace(sentence, parts=tuple(parts))


def _free_words(parts: Sequence[Part], language: str) -> list[Word]:
    """The words at the head of ``parts`` that a lexicon may change."""
    run: list[Word] = []
    for part in parts:
        if not isinstance(part, Word) or part.fixed or not part.value or part.style.language != language:
            break
        run.append(part)
    return run


def _said(words: Sequence[Word], grapheme: str, lexeme: Lexeme) -> Word | None:
    """The words as the lexeme says them; None where they are not written as the grapheme is."""
    before, found, after = " ".join(word.spoken for word in words).partition(grapheme)
    if not found or CORE.search(before) or CORE.search(after):
        return None
    value = " ".join(word.value for word in words)
    spoken = before + (lexeme.alias or value) + after
    return replace(words[0], spoken=spoken, value=value, end=words[-1].end, ipa=lexeme.ipa, fixed=True)
