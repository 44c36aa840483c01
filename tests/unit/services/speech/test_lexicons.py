"""Pronunciation lexicons."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.speech.lexicons import Lexicon, apply, parse_lexicon
from services.speech.script import Style, Word, text_script
from services.speech.voices import LANGUAGES
from shared import errors

HEAD = '<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="{}" xml:lang="{}">'


def document(inside: str, alphabet: str = "ipa", language: str = "en-US") -> str:
    return HEAD.format(alphabet, language) + inside + "</lexicon>"


def lexeme(grapheme: str, alias: str) -> str:
    return f"<lexeme><grapheme>{grapheme}</grapheme><alias>{alias}</alias></lexeme>"


def parsed(inside: str, **options: str) -> Lexicon:
    return parse_lexicon(document(inside, **options), tuple(LANGUAGES))


def said(text: str, *lexicons: Lexicon) -> list[str]:
    script = apply(text_script(text, Style("en-US")), lexicons, "en-US")
    return [part.spoken for sentence in script.sentences for part in sentence.parts if isinstance(part, Word)]


def test_an_alias_takes_the_place_of_the_word() -> None:
    lexicon = parsed(lexeme("W3C", "World Wide Web Consortium"))
    assert said('Ask "W3C", or w3c.', lexicon) == ["Ask", '"World Wide Web Consortium",', "or", "w3c."]


def test_longer_graphemes_and_earlier_lexicons_win() -> None:
    first = parsed(lexeme("New York", "the big apple") + lexeme("New", "old"))
    second = parsed(lexeme("New", "never"))
    assert said("New York is New.", first, second) == ["the big apple", "is", "old."]


def test_the_punctuation_of_a_grapheme_is_part_of_it() -> None:
    lexicon = parsed(lexeme("Inc.", "incorporated") + lexeme(".NET", "dot net") + lexeme("No", "never"))
    spoken = said("(Acme Inc.), .NET or NET, No!", lexicon)
    assert spoken == ["(Acme", "incorporated),", "dot net", "or", "NET,", "never!"]


def test_the_word_keeps_its_place_in_the_text() -> None:
    script = apply(text_script("in New York!", Style("en-US")), [parsed(lexeme("New York", "there"))], "en-US")
    word = script.sentences[0].parts[1]
    assert isinstance(word, Word)
    assert (word.value, word.start, word.end, word.spoken) == ("New York", 3, 11, "there!")


def test_a_phoneme() -> None:
    lexicon = parsed('<lexeme><grapheme>pecan</grapheme><phoneme>pI"kA:n</phoneme></lexeme>', alphabet="x-sampa")
    assert lexicon.lexemes[0].ipa == "pɪˈkɑːn"


def test_words_in_another_language_are_left_alone() -> None:
    lexicon = parsed(lexeme("chat", "talk"))
    script = apply(text_script("chat", Style("fr-FR")), [lexicon], "en-US")
    assert script.sentences[0].parts[0].spoken == "chat"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("mine", "voice", "speaks"), [("en-US", "en-US", True), ("en", "en-GB", True), ("en-US", "en-GB", False)]
)
def test_languages(mine: str, voice: str, speaks: bool) -> None:
    assert parsed(lexeme("a", "b"), language=mine).speaks(voice) is speaks


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<lexicon/>", "InvalidLexiconException"),
        ("<a/>", "InvalidLexiconException"),
        ("nothing", "InvalidLexiconException"),
        (document(""), "InvalidLexiconException"),
        (document("<lexeme><alias>a</alias></lexeme>"), "InvalidLexiconException"),
        (document("<lexeme><grapheme>a</grapheme></lexeme>"), "InvalidLexiconException"),
        (document(lexeme("a", "")), "InvalidLexiconException"),
        (document("<lexeme><grapheme>a</grapheme><phoneme>5</phoneme></lexeme>"), "InvalidLexiconException"),
        (document(lexeme("a", "b"), alphabet="arpabet"), "UnsupportedPlsAlphabetException"),
        (document(lexeme("a", "b"), language="tlh"), "UnsupportedPlsLanguageException"),
        (document(lexeme("a", "b" * 101)), "MaxLexemeLengthExceededException"),
        (document(lexeme("a", "b") * 100), "LexiconSizeExceededException"),
        ('<!DOCTYPE a [<!ENTITY x "y">]>' + document(lexeme("a", "&x;")), "InvalidLexiconException"),
    ],
)
def test_what_is_refused(content: str, code: str) -> None:
    with pytest.raises(errors.InvalidArgument) as caught:
        parse_lexicon(content, tuple(LANGUAGES))
    assert caught.value.explicit_aws_code == code


@given(st.text(alphabet="ab .", max_size=40))
def test_a_lexicon_loses_no_words(text: str) -> None:
    assert len(" ".join(said(text, parsed(lexeme("a b", "x y")))).split()) == len(text.split())
