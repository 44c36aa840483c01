"""Requests against the contract."""

from __future__ import annotations

import pytest

from nonet.conversation_models.v1 import conversation_models_pb2 as lex
from nonet.documents.v1 import documents_pb2 as documents
from nonet.language.v1 import language_pb2 as language
from nonet.personalization.v1 import personalization_pb2 as personalization
from shared import errors
from shared.contract.apis import all_apis
from shared.contract.validation import validate


def test_a_good_request_passes() -> None:
    validate(language.DetectSentimentRequest(text="fine", language_code="en"))


@pytest.mark.parametrize(
    ("request_message", "error_class", "told"),
    [
        (language.DetectSentimentRequest(language_code="en"), errors.InvalidArgument, "'Text' must not be null"),
        (language.DetectSentimentRequest(text="", language_code="en"), errors.InvalidArgument, "at least 1 character"),
        (language.DetectSentimentRequest(text="a", language_code="tlh"), errors.UnsupportedLanguage, "LanguageCode"),
        (language.DetectSentimentRequest(text="a" * 5001, language_code="en"), errors.TextSizeLimitExceeded, "5000"),
        (language.DetectSentimentRequest(text="é" * 2501, language_code="en"), errors.TextSizeLimitExceeded, "5002"),
        (language.BatchDetectSentimentRequest(text_list=["a"] * 26, language_code="en"), errors.BatchSizeLimitExceeded, "25"),
        (language.BatchDetectSentimentRequest(language_code="en"), errors.InvalidArgument, "TextList"),
        (documents.AnalyzeDocumentRequest(document={}, feature_types=["FACES"]), errors.InvalidArgument, "FeatureTypes.1.member"),
        (personalization.CreateSchemaRequest(name="no spaces allowed", schema="{}"), errors.InvalidArgument, "pattern"),
    ],
)  # fmt: skip
def test_a_bad_request_gets_its_own_error(request_message, error_class, told) -> None:
    with pytest.raises(error_class) as caught:
        validate(request_message)
    assert type(caught.value) is error_class
    assert told in caught.value.message


def test_the_longest_text_passes() -> None:
    validate(language.DetectSentimentRequest(text="é" * 2500, language_code="en"))


def test_all_problems_are_told_and_no_value_is() -> None:
    secret = "4111111111111111"
    with pytest.raises(errors.InvalidArgument) as caught:
        validate(language.DetectPiiEntitiesRequest(text="", language_code=secret))
    assert "1 validation error" in caught.value.message
    assert secret not in caught.value.message


def test_a_union_has_one_member() -> None:
    names = [m for m in lex.DESCRIPTOR.message_types_by_name if m == "Transcript"]
    del names
    from nonet.transcription.v1 import transcription_pb2 as transcription

    rule = transcription.Rule()
    with pytest.raises(errors.InvalidArgument, match="exactly one"):
        validate(transcription.CreateCallAnalyticsCategoryRequest(category_name="x", rules=[rule]))


def test_every_request_can_be_checked() -> None:
    """Every pattern compiles and every set exists: an empty request of each operation is refused or passes."""
    refused = 0
    for api in all_apis().values():
        for operation in api.operations.values():
            try:
                validate(operation.request_class())
            except errors.InvalidArgument:
                refused += 1
    assert refused > 300
