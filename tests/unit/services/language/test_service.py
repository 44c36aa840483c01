"""The service's methods over a runtime with the embedded models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nonet.language.v1 import language_pb2 as pb
from services.language.service import LanguageService
from shared import errors
from shared.auth.principals import Principal
from shared.contract.apis import api_for_client
from shared.platform import Platform
from shared.rpc.call import Call
from shared.settings import Settings
from tests.running import forget_metrics

TEXT = "Mary Smith works for Siemens in Munich. Her mail is mary@example.org."


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[LanguageService]:
    forget_metrics()
    platform = Platform.open(Settings(data_directory=tmp_path))
    yield LanguageService(platform)
    await platform.close()


def call(operation: str) -> Call:
    return Call(
        operation=api_for_client("comprehend").operations[operation],
        principal=Principal(name="test", account="000000000000"),
        region="us-east-1",
    )


async def test_every_p0_operation_has_a_method() -> None:
    for name, operation in api_for_client("comprehend").operations.items():
        if operation.priority == "P0":
            assert callable(getattr(LanguageService, operation.method_name, None)), name


async def test_sentiment(service: LanguageService) -> None:
    this = call("DetectSentiment")
    answer = await service.detect_sentiment(pb.DetectSentimentRequest(text="I love it!", language_code="en"), this)
    assert answer.sentiment == "POSITIVE"
    assert answer.sentiment_score.positive > 0.5
    assert this.trailers["nonet-model"] == "sentiment-small-en"


async def test_dominant_language(service: LanguageService) -> None:
    request = pb.DetectDominantLanguageRequest(text="Das ist ein ganz normaler Satz.")
    answer = await service.detect_dominant_language(request, call("DetectDominantLanguage"))
    assert answer.languages[0].language_code == "de"


async def test_entities(service: LanguageService) -> None:
    request = pb.DetectEntitiesRequest(text=TEXT, language_code="en")
    answer = await service.detect_entities(request, call("DetectEntities"))
    assert ("Mary Smith", "PERSON") in [(e.text, e.type) for e in answer.entities]
    for e in answer.entities:
        assert TEXT[e.begin_offset : e.end_offset] == e.text


async def test_entities_need_a_text(service: LanguageService) -> None:
    with pytest.raises(errors.InvalidArgument):
        await service.detect_entities(pb.DetectEntitiesRequest(language_code="en"), call("DetectEntities"))
    with pytest.raises(errors.InvalidArgument):
        await service.detect_entities(pb.DetectEntitiesRequest(bytes=b"x"), call("DetectEntities"))


async def test_syntax_token_ids_count_from_one(service: LanguageService) -> None:
    request = pb.DetectSyntaxRequest(text="It rains.", language_code="en")
    answer = await service.detect_syntax(request, call("DetectSyntax"))
    assert [t.token_id for t in answer.syntax_tokens] == [1, 2, 3]
    assert [t.part_of_speech.tag for t in answer.syntax_tokens] == ["PRON", "VERB", "PUNCT"]


async def test_syntax_of_other_languages(service: LanguageService) -> None:
    this = call("DetectSyntax")
    await service.detect_syntax(pb.DetectSyntaxRequest(text="La casa es blanca.", language_code="es"), this)
    assert this.trailers["nonet-model"] == "syntax-linear"


async def test_key_phrases(service: LanguageService) -> None:
    request = pb.DetectKeyPhrasesRequest(text="The old house has a leaking roof.", language_code="en")
    answer = await service.detect_key_phrases(request, call("DetectKeyPhrases"))
    assert [p.text for p in answer.key_phrases] == ["The old house", "a leaking roof"]


async def test_pii(service: LanguageService) -> None:
    request = pb.DetectPiiEntitiesRequest(text=TEXT, language_code="en")
    answer = await service.detect_pii_entities(request, call("DetectPiiEntities"))
    assert {"NAME", "EMAIL"} <= {e.type for e in answer.entities}
    labels = await service.contains_pii_entities(
        pb.ContainsPiiEntitiesRequest(text=TEXT, language_code="en"), call("ContainsPiiEntities")
    )
    assert {label.name for label in labels.labels} == {e.type for e in answer.entities}


async def test_a_language_that_no_model_knows(service: LanguageService) -> None:
    with pytest.raises(errors.UnsupportedLanguage, match="en"):
        await service.detect_sentiment(pb.DetectSentimentRequest(text="x", language_code="ja"), call("DetectSentiment"))


async def test_batch_tells_too_long_texts_apart(service: LanguageService) -> None:
    request = pb.BatchDetectSentimentRequest(text_list=["good", "a" * 5_001, "bad"], language_code="en")
    answer = await service.batch_detect_sentiment(request, call("BatchDetectSentiment"))
    assert [r.index for r in answer.result_list] == [0, 2]
    assert [(e.index, e.error_code) for e in answer.error_list] == [(1, "TextSizeLimitExceededException")]


async def test_batch_forms_agree_with_the_single_ones(service: LanguageService) -> None:
    texts = ["Anna lives in Paris.", TEXT]
    entities = await service.batch_detect_entities(
        pb.BatchDetectEntitiesRequest(text_list=texts, language_code="en"), call("BatchDetectEntities")
    )
    phrases = await service.batch_detect_key_phrases(
        pb.BatchDetectKeyPhrasesRequest(text_list=texts, language_code="en"), call("BatchDetectKeyPhrases")
    )
    syntax = await service.batch_detect_syntax(
        pb.BatchDetectSyntaxRequest(text_list=texts, language_code="en"), call("BatchDetectSyntax")
    )
    languages = await service.batch_detect_dominant_language(
        pb.BatchDetectDominantLanguageRequest(text_list=texts), call("BatchDetectDominantLanguage")
    )
    single = await service.detect_entities(
        pb.DetectEntitiesRequest(text=TEXT, language_code="en"), call("DetectEntities")
    )
    assert [e.text for e in entities.result_list[1].entities] == [e.text for e in single.entities]
    for answer in (entities, phrases, syntax, languages):
        assert [r.index for r in answer.result_list] == [0, 1]
        assert not answer.error_list
