"""Lexicons through unmodified boto3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.answers import Recorder

LEXICON = """<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon" alphabet="ipa" xml:lang="en-US">
  <lexeme><grapheme>W3C</grapheme><alias>World Wide Web Consortium</alias></lexeme>
  <lexeme><grapheme>pecan</grapheme><phoneme>pɪˈkɑːn</phoneme></lexeme>
</lexicon>"""


@pytest.fixture
def lexicons(polly: Any) -> Iterator[Any]:
    """The client; there are no lexicons before the test, and what it puts is deleted after it."""
    forget_lexicons(polly)
    yield polly
    forget_lexicons(polly)


def forget_lexicons(polly: Any) -> None:
    for found in polly.list_lexicons()["Lexicons"]:
        polly.delete_lexicon(Name=found["Name"])


def visemes(polly: Any, text: str, **parameters: Any) -> list[str]:
    answer = polly.synthesize_speech(
        Text=text, OutputFormat="json", SpeechMarkTypes=["viseme"], **{"VoiceId": "Joanna", **parameters}
    )
    return [json.loads(line)["value"] for line in answer["AudioStream"].read().splitlines()]


def test_life_of_a_lexicon(lexicons: Any) -> None:
    recorder = Recorder(lexicons)
    lexicons.put_lexicon(Name="w3c", Content=LEXICON)
    answer = recorder.ask("get_lexicon", Name="w3c")
    assert answer["Lexicon"] == {"Name": "w3c", "Content": LEXICON}
    attributes = answer["LexiconAttributes"]
    assert attributes["LexiconArn"].endswith(":lexicon/w3c")
    assert (attributes["Alphabet"], attributes["LanguageCode"]) == ("ipa", "en-US")
    assert (attributes["LexemesCount"], attributes["Size"]) == (2, len(LEXICON.encode()))
    assert [found["Name"] for found in recorder.ask("list_lexicons")["Lexicons"]] == ["w3c"]
    lexicons.put_lexicon(Name="w3c", Content=LEXICON.replace("World Wide Web Consortium", "web people"))
    assert "web people" in lexicons.get_lexicon(Name="w3c")["Lexicon"]["Content"]
    lexicons.delete_lexicon(Name="w3c")
    for operation in (lexicons.get_lexicon, lexicons.delete_lexicon):
        with pytest.raises(lexicons.exceptions.LexiconNotFoundException) as caught:
            operation(Name="w3c")
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_lexicon_is_heard(lexicons: Any) -> None:
    lexicons.put_lexicon(Name="w3c", Content=LEXICON)
    plain = visemes(lexicons, "The W3C met.")
    said = visemes(lexicons, "The W3C met.", LexiconNames=["w3c"])
    assert said == visemes(lexicons, "The World Wide Web Consortium met.") != plain
    british = visemes(lexicons, "The W3C met.", VoiceId="Amy", LexiconNames=["w3c"])
    assert british == visemes(lexicons, "The W3C met.", VoiceId="Amy"), "the lexicon is American"


def test_the_first_lexicon_wins(lexicons: Any) -> None:
    lexicons.put_lexicon(Name="a", Content=LEXICON.replace("World Wide Web Consortium", "apple"))
    lexicons.put_lexicon(Name="b", Content=LEXICON.replace("World Wide Web Consortium", "zoo"))
    assert visemes(lexicons, "W3C", LexiconNames=["b", "a"]) == visemes(lexicons, "zoo")
    assert visemes(lexicons, "W3C", LexiconNames=["a", "b"]) == visemes(lexicons, "apple")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("<lexicon/>", "InvalidLexiconException"),
        (LEXICON.replace('"ipa"', '"arpabet"'), "UnsupportedPlsAlphabetException"),
        (LEXICON.replace("en-US", "tlh"), "UnsupportedPlsLanguageException"),
        (LEXICON.replace("W3C", "W" * 101), "MaxLexemeLengthExceededException"),
        (LEXICON + " " * 4000, "LexiconSizeExceededException"),
    ],
)
def test_refusals(lexicons: Any, content: str, code: str) -> None:
    with pytest.raises(lexicons.exceptions.ClientError) as caught:
        lexicons.put_lexicon(Name="bad", Content=content)
    assert caught.value.response["Error"]["Code"] == code


def test_a_hundred_lexicons_and_no_more(lexicons: Any) -> None:
    for number in range(100):
        lexicons.put_lexicon(Name=f"lexicon{number}", Content=LEXICON)
    with pytest.raises(lexicons.exceptions.MaxLexiconsNumberExceededException):
        lexicons.put_lexicon(Name="more", Content=LEXICON)
    lexicons.put_lexicon(Name="lexicon7", Content=LEXICON)
    assert len(lexicons.list_lexicons()["Lexicons"]) == 100
