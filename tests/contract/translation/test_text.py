"""TranslateText, TranslateDocument and ListLanguages through unmodified boto3, by the models of the repository."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.answers import Recorder


def text(translate: Recorder, source: str, target: str, text: str, **parameters: Any) -> str:
    answer = translate.ask(
        "translate_text", Text=text, SourceLanguageCode=source, TargetLanguageCode=target, **parameters
    )
    return str(answer["TranslatedText"])


def refused(translate: Recorder, operation: str = "translate_text", **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        getattr(translate.client, operation)(**parameters)
    return str(caught.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("source", "target", "said", "words"),
    [
        ("en", "de", "I have no money.", "geld"),
        ("en", "fr", "Where is my book?", "livre"),
        ("en", "es", "The king is dead.", "rey"),
        ("de", "en", "Ich habe kein Geld.", "money"),
        ("fr", "en", "Je suis très fatigué.", "tired"),
        ("es", "en", "El rey ha muerto.", "king"),
        ("de", "fr", "Ich habe kein Geld.", "argent"),
    ],
)
def test_six_directions_and_a_pivot(translate: Recorder, source: str, target: str, said: str, words: str) -> None:
    assert words in text(translate, source, target, said).lower()


def test_the_answer_names_models_and_languages(translate: Recorder) -> None:
    answer = translate.client.translate_text(Text="Ich bin müde.", SourceLanguageCode="de", TargetLanguageCode="fr")
    assert (answer["SourceLanguageCode"], answer["TargetLanguageCode"]) == ("de", "fr")
    told = answer["ResponseMetadata"]["HTTPHeaders"]["nonet-model"]
    assert told == "translation-to-english,translation-from-english"


def test_auto(translate: Recorder) -> None:
    parameters = {"SourceLanguageCode": "auto", "TargetLanguageCode": "en"}
    answer = translate.ask("translate_text", Text="Ich weiß nicht, wo der Bahnhof ist.", **parameters)
    assert answer["SourceLanguageCode"] == "de"
    assert "station" in answer["TranslatedText"].lower()
    english = "This text is in English already, and stays as it is."
    assert text(translate, "auto", "en", english) == english
    assert refused(translate, Text="12345 !!", **parameters) == "DetectedLanguageLowConfidenceException"
    with pytest.raises(translate.client.exceptions.DetectedLanguageLowConfidenceException) as unclear:
        translate.client.translate_text(Text="12345 !!", **parameters)
    assert unclear.value.response["DetectedLanguageCode"]
    assert refused(translate, Text="これは日本語の文章です。", **parameters) == "UnsupportedLanguagePairException"


def test_what_is_no_language_stays(translate: Recorder) -> None:
    original = (
        "Hello Anna,\r\n\r\n  - see https://example.org/a?b=1 and mail me@example.org\n\t2) Version 2.1.0 costs 1,234.50.\n"
        "😀 Click <b>here</b>, {name}!\n\n"
    )
    translated = text(translate, "en", "de", original)
    assert re.findall(r"\s*\n\s*", translated) == re.findall(r"\s*\n\s*", original)
    for piece in (
        "  - ",
        "https://example.org/a?b=1",
        "me@example.org",
        "\t2) ",
        "2.1.0",
        "😀 ",
        "<b>",
        "</b>",
        "{name}",
    ):
        assert translated.count(piece) == 1, translated
    assert re.search(r"1[.,  ]?234[.,]50", translated)
    assert translated != original


@pytest.mark.parametrize("original", ["😀", "\u0000", "12.5", "<br/>", "\u202e\u202c", "  \n\n ", "---"])
def test_texts_without_language(translate: Recorder, original: str) -> None:
    assert text(translate, "en", "fr", original) == original


def test_no_loops(translate: Recorder) -> None:
    for said in (
        "olive oil",
        "Extra virgin olive oil",
        "no no no",
        "BUY NOW!!!",
        "asdkjh qweoiu zxcmnb",
        "1. 2. 3. a b c",
    ):
        words = text(translate, "en", "es", said).lower().split()
        assert len(words) <= 3 * len(said.split()) + 4, words


def test_a_text_of_the_full_length(translate: Recorder) -> None:
    sentences = " ".join(f"This is sentence number {number} of a long text." for number in range(220))[:9_990]
    translated = text(translate, "en", "de", sentences)
    # How long exactly depends on the processor: CTranslate2's 8-bit kernels differ.
    assert len(translated) > 6_500
    found = set(re.findall(r"\d+", translated))
    assert set(re.findall(r"number (\d+) of", sentences)) <= found


def test_limits_and_languages(translate: Recorder) -> None:
    pair = {"SourceLanguageCode": "en", "TargetLanguageCode": "de"}
    assert refused(translate, Text="ü" * 5_001, **pair) == "TextSizeLimitExceededException"
    over = refused(translate, Text="a" * 1_000_000, **pair)
    assert over == "TextSizeLimitExceededException"
    for source, target in (("en", "ja"), ("xx", "en"), ("xx", "xx")):
        code = refused(translate, Text="Hello", SourceLanguageCode=source, TargetLanguageCode=target)
        assert code == "UnsupportedLanguagePairException"
    assert (
        refused(translate, Text="Hello", SourceLanguageCode="en", TargetLanguageCode="auto")
        == "InvalidRequestException"
    )
    assert text(translate, "en", "en", "The same language.") == "The same language."


def test_one_long_word_and_other_scripts(translate: Recorder) -> None:
    for said in ("a" * 9_000, "שלום עולם", "مرحبا بالعالم", "x\u0000y", "ﷺ" * 500, "e\u0301" * 2_000):
        assert text(translate, "en", "de", said)


def test_settings(translate: Recorder) -> None:
    pair = {"SourceLanguageCode": "de", "TargetLanguageCode": "en"}
    asked = {"Profanity": "MASK", "Formality": "FORMAL", "Brevity": "ON"}
    answer = translate.ask("translate_text", Text="Das ist gut.", Settings=asked, **pair)
    # What cannot be honoured is left out of the applied settings, as Amazon documents.
    assert answer["AppliedSettings"] == {"Profanity": "MASK"}
    same = {"SourceLanguageCode": "en", "TargetLanguageCode": "en"}
    masked = translate.ask("translate_text", Text="Such bullshit.", Settings={"Profanity": "MASK"}, **same)
    assert masked["TranslatedText"] == "Such ?$#@$."
    assert "AppliedSettings" not in translate.ask("translate_text", Text="Das ist gut.", **pair)


def test_documents(translate: Recorder) -> None:
    page = b'<html><body class="x"><h1>The house</h1><p>I have a <b>red</b> book &amp; a dog.</p><pre>kept</pre></body></html>'
    pair = {"SourceLanguageCode": "en", "TargetLanguageCode": "de"}
    answer = translate.client.translate_document(Document={"Content": page, "ContentType": "text/html"}, **pair)
    translated = answer["TranslatedDocument"]["Content"].decode()
    assert translated.startswith('<html><body class="x"><h1>Das Haus</h1><p>')
    assert translated.endswith("</p><pre>kept</pre></body></html>")
    assert "<b>" in translated
    plain = translate.client.translate_document(Document={"Content": b"Ein Haus.\n\n", "ContentType": "text/plain"}, SourceLanguageCode="de", TargetLanguageCode="en")  # fmt: skip
    assert plain["TranslatedDocument"]["Content"].decode().lower().rstrip(".\n").endswith("house")
    docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    for content, kind in ((b"PK\x03\x04", docx), (b"\xff\xfe", "text/plain")):
        code = refused(translate, "translate_document", Document={"Content": content, "ContentType": kind}, **pair)
        assert code == "InvalidRequestException"
    blank = {"Content": b"<p></p>", "ContentType": "text/html"}
    with pytest.raises(translate.client.exceptions.InvalidRequestException, match="not clear: name it"):
        translate.client.translate_document(Document=blank, SourceLanguageCode="auto", TargetLanguageCode="de")


def test_what_the_models_have_no_letters_for_stays(translate: Recorder) -> None:
    for said, kept in (("The € fell.", "€"), ("It is 20 °C in Łódź.", "20 °C"), ("It is 20 °C in Łódź.", "Łódź")):
        translated = text(translate, "en", "de", said)
        assert kept in translated and "⁇" not in translated


def test_words_stay_in_their_tags(translate: Recorder) -> None:
    opened, closed, last = "<b>", "</b> <i>", "</i>"
    translated = text(translate, "en", "de", "<b>Hello</b> <i>world</i>")
    first, _, second = translated.removeprefix(opened).removesuffix(last).partition(closed)
    assert first.strip() and second.strip()


def test_list_languages(translate: Recorder) -> None:
    answer = translate.ask("list_languages")
    names = {language["LanguageCode"]: language["LanguageName"] for language in answer["Languages"]}
    assert {"en": "English", "de": "German", "es": "Spanish", "fr": "French"}.items() <= names.items()
    assert answer["DisplayLanguageCode"] == "en"
    first = translate.ask("list_languages", DisplayLanguageCode="fr", MaxResults=2)
    assert len(first["Languages"]) == 2
    rest = translate.ask("list_languages", DisplayLanguageCode="fr", NextToken=first["NextToken"])
    found = [language["LanguageName"] for language in first["Languages"] + rest["Languages"]]
    assert {"Allemand", "Anglais", "Espagnol", "Français"} <= set(found)
    assert found == sorted(found)
    assert refused(translate, "list_languages", NextToken="mine") == "InvalidParameterValueException"
