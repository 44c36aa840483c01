"""Every P0 operation of comprehend, asked by boto3 and answered by the models."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.answers import Recorder

LETTER = (
    "Dear Mr. Smith, 🎉 thank you for visiting us in Paris on 12 March 2024. Microsoft paid 500 dollars for the new "
    "laptop. Your sincerely, Maria Garcia"
)
PRIVATE = "😀 My name is John Brown, write to john.brown@example.com or call 202-555-0147. My SSN is 536-90-4399."
GOOD = "I love this phone. It is wonderful, fast and beautiful."
BAD = "I hate this phone. It is terrible, slow and ugly, the worst I ever had."
SENTIMENTS = {"Positive", "Negative", "Neutral", "Mixed"}


def located(text: str, items: list[dict[str, Any]]) -> list[str]:
    """The text of each item; its score is a share and its offsets are code points, in order, that point at it."""
    found, last = [], -1
    for item in items:
        begin, end = item["BeginOffset"], item["EndOffset"]
        assert 0 <= begin < end <= len(text)
        assert begin >= last
        last = begin
        assert 0 < item.get("Score", item.get("PartOfSpeech", {}).get("Score")) <= 1
        assert item.get("Text", text[begin:end]) == text[begin:end]
        found.append(text[begin:end])
    return found


def check_sentiment(answer: dict[str, Any], expected: str) -> None:
    assert answer["Sentiment"] == expected
    scores = answer["SentimentScore"]
    assert set(scores) == SENTIMENTS
    assert all(0 <= score <= 1 for score in scores.values())
    assert sum(scores.values()) == pytest.approx(1, abs=0.01)
    assert max(scores, key=scores.__getitem__).upper() == expected


def check_entities(answer: dict[str, Any]) -> None:
    texts = located(LETTER, answer["Entities"])
    types = dict(zip(texts, (entity["Type"] for entity in answer["Entities"]), strict=True))
    assert types["Paris"] == "LOCATION"
    assert types["12 March 2024"] == "DATE"
    assert types["Microsoft"] == "ORGANIZATION"
    assert types["Maria Garcia"] == "PERSON"
    assert types["500 dollars"] == "QUANTITY"
    assert all(set(entity) == {"Score", "Type", "Text", "BeginOffset", "EndOffset"} for entity in answer["Entities"])


def check_key_phrases(answer: dict[str, Any]) -> None:
    texts = located(LETTER, answer["KeyPhrases"])
    assert {"the new laptop", "Paris"} <= set(texts)
    assert all(set(phrase) == {"Score", "Text", "BeginOffset", "EndOffset"} for phrase in answer["KeyPhrases"])


def check_syntax(answer: dict[str, Any]) -> None:
    tokens = answer["SyntaxTokens"]
    texts = located(LETTER, tokens)
    assert [token["TokenId"] for token in tokens] == list(range(1, len(tokens) + 1))
    tags = dict(zip(texts, (token["PartOfSpeech"]["Tag"] for token in tokens), strict=True))
    assert {name: tags[name] for name in ("Microsoft", "paid", "the", "new", "laptop", "in", "500")} == {
        "Microsoft": "PROPN", "paid": "VERB", "the": "DET", "new": "ADJ", "laptop": "NOUN", "in": "ADP", "500": "NUM",
    }  # fmt: skip
    assert "".join(texts) == "".join(LETTER.split()), "every character but blanks belongs to a token"


def check_languages(answer: dict[str, Any], expected: str) -> None:
    languages = answer["Languages"]
    scores = [language["Score"] for language in languages]
    assert languages[0]["LanguageCode"] == expected
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores) and sum(scores) <= 1.001


def test_detect_sentiment(comprehend: Recorder) -> None:
    for text, expected in ((GOOD, "POSITIVE"), (BAD, "NEGATIVE")):
        check_sentiment(comprehend.ask("detect_sentiment", Text=text, LanguageCode="en"), expected)


def test_detect_entities(comprehend: Recorder) -> None:
    answer = comprehend.ask("detect_entities", Text=LETTER, LanguageCode="en")
    assert set(answer) == {"Entities"}, "the other members belong to custom recognizers of documents"
    check_entities(answer)


def test_detect_key_phrases(comprehend: Recorder) -> None:
    check_key_phrases(comprehend.ask("detect_key_phrases", Text=LETTER, LanguageCode="en"))


def test_detect_syntax(comprehend: Recorder) -> None:
    check_syntax(comprehend.ask("detect_syntax", Text=LETTER, LanguageCode="en"))


@pytest.mark.parametrize(
    ("language", "text", "word", "tag"),
    [
        ("de", "Der alte Mann kaufte gestern ein neues Haus.", "Haus", "NOUN"),
        ("es", "El viejo compró ayer una casa nueva en Madrid.", "Madrid", "PROPN"),
        ("fr", "Le vieil homme a acheté une nouvelle maison.", "maison", "NOUN"),
    ],
)
def test_detect_syntax_of_other_languages(comprehend: Recorder, language: str, text: str, word: str, tag: str) -> None:
    tokens = comprehend.ask("detect_syntax", Text=text, LanguageCode=language)["SyntaxTokens"]
    tags = dict(zip(located(text, tokens), (token["PartOfSpeech"]["Tag"] for token in tokens), strict=True))
    assert tags[word] == tag


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The quick brown fox jumps over the lazy dog.", "en"),
        ("Der schnelle braune Fuchs springt über den faulen Hund.", "de"),
        ("今日はとても良い天気なので、散歩に行きましょう。", "ja"),
        ("مرحبا بكم في مدينتنا الجميلة على ساحل البحر", "ar"),
    ],
)
def test_detect_dominant_language(comprehend: Recorder, text: str, code: str) -> None:
    check_languages(comprehend.ask("detect_dominant_language", Text=text), code)


def test_detect_pii_entities(comprehend: Recorder) -> None:
    entities = comprehend.ask("detect_pii_entities", Text=PRIVATE, LanguageCode="en")["Entities"]
    assert all(set(entity) == {"Score", "Type", "BeginOffset", "EndOffset"} for entity in entities)
    types = dict(zip(located(PRIVATE, entities), (entity["Type"] for entity in entities), strict=True))
    assert types["John Brown"] == "NAME"
    assert types["john.brown@example.com"] == "EMAIL"
    assert types["202-555-0147"] == "PHONE"
    assert types["536-90-4399"] == "SSN"


def test_contains_pii_entities(comprehend: Recorder) -> None:
    labels = comprehend.ask("contains_pii_entities", Text=PRIVATE, LanguageCode="en")["Labels"]
    assert {"NAME", "EMAIL", "PHONE", "SSN"} <= {label["Name"] for label in labels}
    assert all(0 < label["Score"] <= 1 for label in labels)
    assert len({label["Name"] for label in labels}) == len(labels)
    assert comprehend.ask("contains_pii_entities", Text="The sky is blue.", LanguageCode="en")["Labels"] == []


BATCHES = {
    "detect_entities": check_entities,
    "detect_key_phrases": check_key_phrases,
    "detect_syntax": check_syntax,
    "detect_sentiment": lambda answer: check_sentiment(answer, "POSITIVE"),
    "detect_dominant_language": lambda answer: check_languages(answer, "en"),
}


@pytest.mark.parametrize("operation", BATCHES)
def test_batches_answer_in_order_and_tell_bad_documents(comprehend: Recorder, operation: str) -> None:
    good = GOOD if "sentiment" in operation else LETTER
    texts = [good, "x" * 5001, "Another short text.", good]
    parameters = {} if "language" in operation else {"LanguageCode": "en"}
    answer = comprehend.ask(f"batch_{operation}", TextList=texts, **parameters)
    assert [item["Index"] for item in answer["ResultList"]] == [0, 2, 3]
    (failure,) = answer["ErrorList"]
    assert (failure["Index"], failure["ErrorCode"]) == (1, "TextSizeLimitExceededException")
    assert "xxx" not in failure["ErrorMessage"]
    for item in (answer["ResultList"][0], answer["ResultList"][2]):
        BATCHES[operation](item)
    # What a text gets does not depend on the texts beside it.
    alone = comprehend.ask(operation, Text=good, **parameters)
    for name, value in alone.items():
        assert _without_scores(answer["ResultList"][0][name]) == _without_scores(value)


def _without_scores(value: Any) -> Any:
    """Batching may move a score's last digits, never what was found."""
    if isinstance(value, list):
        return [_without_scores(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_scores(item) for name, item in value.items() if not isinstance(item, float)}
    return value
