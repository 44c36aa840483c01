"""The Language service: what Comprehend's synchronous operations do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from nonet.language.v1 import language_pb2 as pb
from services.language import messages, tasks
from services.language.tasks import Document
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call

#: The batch operations take shorter texts than the single ones, bytes of UTF-8 each.
_BATCH_TEXT_BYTES = 5_000


class LanguageService:
    """nonet.language.v1.Language. Requests have been checked against the contract before they come here."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    # -- one text

    async def detect_dominant_language(
        self, request: pb.DetectDominantLanguageRequest, call: Call
    ) -> pb.DetectDominantLanguageResponse:
        ranked = await self._run_one(tasks.DOMINANT_LANGUAGE, request.text, None, call)
        return pb.DetectDominantLanguageResponse(languages=messages.dominant_languages(ranked))

    async def detect_sentiment(self, request: pb.DetectSentimentRequest, call: Call) -> pb.DetectSentimentResponse:
        sentiment = await self._run_one(tasks.SENTIMENT, request.text, request.language_code, call)
        return pb.DetectSentimentResponse(
            sentiment=sentiment.label, sentiment_score=messages.sentiment_score(sentiment)
        )

    async def detect_entities(self, request: pb.DetectEntitiesRequest, call: Call) -> pb.DetectEntitiesResponse:
        if request.HasField("bytes"):
            raise errors.InvalidArgument(
                "Bytes goes with a custom recognizer's endpoint; this version reads Text only."
            )
        if request.HasField("endpoint_arn"):
            raise errors.InvalidArgument("There are no custom recognizers in this version: leave EndpointArn out.")
        if not request.text or not request.language_code:
            raise errors.InvalidArgument("Text and LanguageCode are required.")
        spans = await self._run_one(tasks.ENTITIES, request.text, request.language_code, call)
        return pb.DetectEntitiesResponse(entities=messages.entities(request.text, spans))

    async def detect_key_phrases(self, request: pb.DetectKeyPhrasesRequest, call: Call) -> pb.DetectKeyPhrasesResponse:
        spans = await self._run_one(tasks.KEY_PHRASES, request.text, request.language_code, call)
        return pb.DetectKeyPhrasesResponse(key_phrases=messages.key_phrases(request.text, spans))

    async def detect_syntax(self, request: pb.DetectSyntaxRequest, call: Call) -> pb.DetectSyntaxResponse:
        tagged = await self._run_one(tasks.SYNTAX, request.text, request.language_code, call)
        return pb.DetectSyntaxResponse(syntax_tokens=messages.syntax_tokens(tagged))

    async def detect_pii_entities(
        self, request: pb.DetectPiiEntitiesRequest, call: Call
    ) -> pb.DetectPiiEntitiesResponse:
        spans = await self._run_one(tasks.PII, request.text, request.language_code, call)
        return pb.DetectPiiEntitiesResponse(entities=messages.pii_entities(spans))

    async def contains_pii_entities(
        self, request: pb.ContainsPiiEntitiesRequest, call: Call
    ) -> pb.ContainsPiiEntitiesResponse:
        spans = await self._run_one(tasks.PII, request.text, request.language_code, call)
        return pb.ContainsPiiEntitiesResponse(labels=messages.entity_labels(spans))

    # -- up to 25 texts

    async def batch_detect_dominant_language(
        self, request: pb.BatchDetectDominantLanguageRequest, call: Call
    ) -> pb.BatchDetectDominantLanguageResponse:
        def item(index: int, text: str, ranked: Any) -> pb.BatchDetectDominantLanguageItemResult:
            return pb.BatchDetectDominantLanguageItemResult(index=index, languages=messages.dominant_languages(ranked))

        results, failures = await self._run_batch(tasks.DOMINANT_LANGUAGE, request.text_list, None, call, item)
        return pb.BatchDetectDominantLanguageResponse(result_list=results, error_list=failures)

    async def batch_detect_sentiment(
        self, request: pb.BatchDetectSentimentRequest, call: Call
    ) -> pb.BatchDetectSentimentResponse:
        def item(index: int, text: str, sentiment: Any) -> pb.BatchDetectSentimentItemResult:
            return pb.BatchDetectSentimentItemResult(
                index=index, sentiment=sentiment.label, sentiment_score=messages.sentiment_score(sentiment)
            )

        results, failures = await self._run_batch(tasks.SENTIMENT, request.text_list, request.language_code, call, item)
        return pb.BatchDetectSentimentResponse(result_list=results, error_list=failures)

    async def batch_detect_entities(
        self, request: pb.BatchDetectEntitiesRequest, call: Call
    ) -> pb.BatchDetectEntitiesResponse:
        def item(index: int, text: str, spans: Any) -> pb.BatchDetectEntitiesItemResult:
            return pb.BatchDetectEntitiesItemResult(index=index, entities=messages.entities(text, spans))

        results, failures = await self._run_batch(tasks.ENTITIES, request.text_list, request.language_code, call, item)
        return pb.BatchDetectEntitiesResponse(result_list=results, error_list=failures)

    async def batch_detect_key_phrases(
        self, request: pb.BatchDetectKeyPhrasesRequest, call: Call
    ) -> pb.BatchDetectKeyPhrasesResponse:
        def item(index: int, text: str, spans: Any) -> pb.BatchDetectKeyPhrasesItemResult:
            return pb.BatchDetectKeyPhrasesItemResult(index=index, key_phrases=messages.key_phrases(text, spans))

        results, failures = await self._run_batch(
            tasks.KEY_PHRASES, request.text_list, request.language_code, call, item
        )
        return pb.BatchDetectKeyPhrasesResponse(result_list=results, error_list=failures)

    async def batch_detect_syntax(
        self, request: pb.BatchDetectSyntaxRequest, call: Call
    ) -> pb.BatchDetectSyntaxResponse:
        def item(index: int, text: str, tagged: Any) -> pb.BatchDetectSyntaxItemResult:
            return pb.BatchDetectSyntaxItemResult(index=index, syntax_tokens=messages.syntax_tokens(tagged))

        results, failures = await self._run_batch(tasks.SYNTAX, request.text_list, request.language_code, call, item)
        return pb.BatchDetectSyntaxResponse(result_list=results, error_list=failures)

    # -- how they run

    async def _run_one(self, task: str, text: str, language: str | None, call: Call) -> Any:
        return (await self._run(task, [text], language, call))[0]

    async def _run(self, task: str, texts: Sequence[str], language: str | None, call: Call) -> list[Any]:
        """The task's result for each text, by the best installed model that knows the language.

        Raises:
            UnsupportedLanguage: the catalog has no model of the task for the language.
            ModelNotInstalled: it has one, but not on this machine.
        """
        if language is not None and not self._platform.catalog.for_task(task, language):
            known = ", ".join(sorted(self._platform.runtime.languages(task)))
            raise errors.UnsupportedLanguage(f"No model for {task} knows {language}. Languages here: {known}.")
        lease = await self._platform.runtime.lease(task, language=language)
        async with lease:
            results = await lease.run([Document(text, language or "") for text in texts], call.priority)
        call.answered_by(lease.model.id)
        return results

    async def _run_batch(
        self,
        task: str,
        texts: Sequence[str],
        language: str | None,
        call: Call,
        item: Callable[[int, str, Any], Any],
    ) -> tuple[list[Any], list[pb.BatchItemError]]:
        """Results of the texts that can be read, and an error for each of the others, both in order of index."""
        failures = [
            pb.BatchItemError(
                index=index,
                error_code=errors.TextSizeLimitExceeded.aws_code,
                error_message=f"The text is longer than {_BATCH_TEXT_BYTES} bytes of UTF-8.",
            )
            for index, text in enumerate(texts)
            if len(text.encode()) > _BATCH_TEXT_BYTES
        ]
        failed = {failure.index for failure in failures}
        kept = [(index, text) for index, text in enumerate(texts) if index not in failed]
        results = await self._run(task, [text for _, text in kept], language, call) if kept else []
        return [item(index, text, result) for (index, text), result in zip(kept, results, strict=True)], failures
