"""The Translation service: what Translate's synchronous operations do."""

from __future__ import annotations

import asyncio

from nonet.translation.v1 import translation_pb2 as pb
from services.translation import html_document, languages
from services.translation.assignment import Assignment
from services.translation.routes import Leg, legs, route
from services.translation.routes import languages as languages_of
from services.translation.tasks import TRANSLATE
from services.translation.terminologies import MAX_TERM_BYTES
from services.translation.terminology_store import StoredTerminology, TerminologyStore
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call
from shared.storage import links
from shared.storage.pages import PageTokens

MAX_TEXT_BYTES = 10_000
#: A detected language that is less probable is not taken for the text's.
LEAST_CONFIDENCE = 0.5
AUTO = "auto"
#: Amazon's links to terminologies live as long.
LINK_SECONDS = 30 * 60
_SKIPPED = (
    f"Some terms were left out: longer than {MAX_TERM_BYTES} bytes, without a source or a target, or there before."
)


class TranslationService:
    """nonet.translation.v1.Translation. Requests have been checked against the contract before they come here."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._terminologies = TerminologyStore(platform.resources, platform.objects)

    # -- translating

    async def translate_text(self, request: pb.TranslateTextRequest, call: Call) -> pb.TranslateTextResponse:
        """A text in another language, by the pair's best installed model or by two through English."""
        if len(request.text.encode()) > MAX_TEXT_BYTES:
            raise errors.TextSizeLimitExceeded(f"The text is longer than {MAX_TEXT_BYTES} bytes of UTF-8.")
        work = await self._assignment(request, request.text, call)
        text = await work.translate(request.text)
        return pb.TranslateTextResponse(
            translated_text=text,
            source_language_code=work.source,
            target_language_code=work.target,
            applied_terminologies=_applied_terminologies(work),
            applied_settings=pb.TranslationSettings(profanity=work.profanity) if work.profanity else None,
        )

    async def translate_document(
        self, request: pb.TranslateDocumentRequest, call: Call
    ) -> pb.TranslateDocumentResponse:
        """A plain text or an HTML page in another language, its markup as it was."""
        kind = request.document.content_type
        if kind not in ("text/plain", "text/html"):
            raise errors.InvalidArgument(
                "This version translates text/plain and text/html.", aws_code="InvalidRequestException"
            )
        try:
            content = request.document.content.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise errors.InvalidArgument("The document is not UTF-8.", aws_code="InvalidRequestException") from None
        stretches = list(html_document.runs(content)) if kind == "text/html" else [(content, True)]
        plain = "\n".join(text for text, is_run in stretches if is_run)
        work = await self._assignment(request, plain, call)
        # One text, so that the models see many sentences at once; a run of HTML is one line of it.
        translated = await work.translate(plain)
        if kind == "text/html":
            lines = iter(translated.split("\n"))
            translated = "".join(next(lines) if is_run else text for text, is_run in stretches)
        return pb.TranslateDocumentResponse(
            translated_document=pb.TranslatedDocument(content=translated.encode()),
            source_language_code=work.source,
            target_language_code=work.target,
            applied_terminologies=_applied_terminologies(work),
            applied_settings=pb.TranslationSettings(profanity=work.profanity) if work.profanity else None,
        )

    async def list_languages(self, request: pb.ListLanguagesRequest, call: Call) -> pb.ListLanguagesResponse:
        """The languages that an installed model reads or writes, by their names."""
        display = request.display_language_code or "en"
        known = [(languages.name(code, display), code) for code in languages_of(self._legs())]
        tokens = await PageTokens.of(self._platform.database)
        listing = ["translate.languages", display]
        begin = tokens.open_row(listing, request.next_token or None) or 0
        end = begin + (request.max_results or 500)
        return pb.ListLanguagesResponse(
            languages=[pb.Language(language_name=name, language_code=code) for name, code in sorted(known)[begin:end]],
            display_language_code=display,
            next_token=tokens.seal(listing, end) if end < len(known) else None,
        )

    def _legs(self) -> list[Leg]:
        return legs(self._platform.runtime.candidates(TRANSLATE))

    async def _assignment(
        self, request: pb.TranslateTextRequest | pb.TranslateDocumentRequest, text: str, call: Call
    ) -> Assignment:
        """What is to be done with a request's text.

        Raises:
            UnsupportedLanguage: no installed model, nor two through English, translates the pair.
            DetectedLanguageLowConfidence: the language was to be found out, and is not clear.
            NotFound: there is no terminology of a name.
        """
        named = [(name, await self._terminologies.read(call.account, name)) for name in request.terminology_names]
        known = self._legs()
        if not known:
            # Raises ModelNotInstalled, which names the command that installs one.
            (await self._platform.runtime.lease(TRANSLATE)).release()
        source, target = request.source_language_code, request.target_language_code
        if target == AUTO:
            raise errors.InvalidArgument("The target language must be named.", aws_code="InvalidRequestException")
        if source == AUTO:
            source = await self._detect(text, call)
        spoken = languages_of(known)
        preferred = self._platform.settings.model_preferences.get(TRANSLATE, [])
        way = [] if source == target else route(known, source, target, preferred)
        # A text that is in the target language already stays as it is, as it does at Amazon.
        if not way and (source != target or source not in spoken):
            raise errors.UnsupportedLanguage(
                f"No installed model translates from {source} to {target}. Languages here: {', '.join(spoken)}.",
                aws_code="UnsupportedLanguagePairException",
            )
        mask = request.settings.profanity == "MASK"
        return await asyncio.to_thread(
            Assignment, self._platform.runtime, source, target, way, named, mask, call
        )  # fmt: skip

    async def _detect(self, text: str, call: Call) -> str:
        """The text's language, as DetectDominantLanguage of Comprehend finds it."""
        operations = self._platform.operations
        best = None
        if text.strip():  # a document may have no text
            answer = await operations.call(
                operations.find("comprehend", "DetectDominantLanguage"),
                {"Text": text},
                account=call.account,
                region=call.region,
                caller="translate",
                priority=call.priority,
                request_id=call.request_id,
            )
            best = max(answer["Languages"], key=lambda language: float(language["Score"]), default=None)
        if best is None or best["LanguageCode"] == "zxx" or best["Score"] < LEAST_CONFIDENCE:
            raise errors.DetectedLanguageLowConfidence(
                "The language of the text is not clear: name it in SourceLanguageCode, or send more text.",
                members={"DetectedLanguageCode": str(best["LanguageCode"])} if best is not None else None,
            )
        return str(best["LanguageCode"])

    # -- terminologies

    async def import_terminology(
        self, request: pb.ImportTerminologyRequest, call: Call
    ) -> pb.ImportTerminologyResponse:
        """Store a terminology, in place of one of that name."""
        if request.HasField("encryption_key"):
            raise errors.InvalidArgument(
                "There are no KMS keys here: leave EncryptionKey out, and encrypt the object store.",
                aws_code="InvalidParameterValueException",
            )
        data = request.terminology_data
        stored = await self._terminologies.put(
            call.account,
            request.name,
            data.file,
            data.format,
            data.directionality == "MULTI",
            request.description,
            {tag.key: tag.value for tag in request.tags},
        )
        return pb.ImportTerminologyResponse(terminology_properties=_properties(stored))

    async def get_terminology(self, request: pb.GetTerminologyRequest, call: Call) -> pb.GetTerminologyResponse:
        """What is known of a terminology, and a link to its file in the format asked for."""
        stored = await self._terminologies.get(call.account, request.name)
        file_format = request.terminology_data_format or stored.facts.file_format
        place = await self._terminologies.file(call.account, stored, file_format)
        return pb.GetTerminologyResponse(
            terminology_properties=_properties(stored),
            terminology_data_location=pb.TerminologyDataLocation(
                repository_type="S3", location=links.presigned(self._platform.settings, call, place, LINK_SECONDS)
            ),
        )

    async def list_terminologies(
        self, request: pb.ListTerminologiesRequest, call: Call
    ) -> pb.ListTerminologiesResponse:
        """The account's terminologies, a page of them."""
        page, next_token = await self._terminologies.list(
            call.account, request.max_results or 100, request.next_token or None
        )
        return pb.ListTerminologiesResponse(
            terminology_properties_list=[_properties(stored) for stored in page], next_token=next_token
        )

    async def delete_terminology(
        self, request: pb.DeleteTerminologyRequest, call: Call
    ) -> pb.DeleteTerminologyResponse:
        """Delete a terminology and its file."""
        await self._terminologies.delete(call.account, request.name)
        return pb.DeleteTerminologyResponse()

    # -- tags

    async def tag_resource(self, request: pb.TagResourceRequest, call: Call) -> pb.TagResourceResponse:
        """Add tags to a terminology."""
        tags = {tag.key: tag.value for tag in request.tags}
        await self._platform.resources.tag(call.account, request.resource_arn, tags)
        return pb.TagResourceResponse()

    async def untag_resource(self, request: pb.UntagResourceRequest, call: Call) -> pb.UntagResourceResponse:
        """Take tags from a terminology."""
        await self._platform.resources.untag(call.account, request.resource_arn, request.tag_keys)
        return pb.UntagResourceResponse()

    async def list_tags_for_resource(
        self, request: pb.ListTagsForResourceRequest, call: Call
    ) -> pb.ListTagsForResourceResponse:
        """A terminology's tags."""
        tags = await self._platform.resources.list_tags(call.account, request.resource_arn)
        return pb.ListTagsForResourceResponse(tags=[pb.Tag(key=key, value=value) for key, value in tags.items()])


def _applied_terminologies(work: Assignment) -> list[pb.AppliedTerminology]:
    return [
        pb.AppliedTerminology(
            name=name, terms=[pb.Term(source_text=source, target_text=target) for source, target in terms]
        )
        for name, terms in work.applied()
    ]


def _properties(stored: StoredTerminology) -> pb.TerminologyProperties:
    facts = stored.facts
    properties = pb.TerminologyProperties(
        name=stored.name,
        description=facts.description or None,
        arn=stored.arn,
        source_language_code=facts.languages[0],
        target_language_codes=facts.languages[1:],
        size_bytes=facts.size,
        term_count=facts.terms,
        directionality="MULTI" if facts.both_ways else "UNI",
        skipped_term_count=facts.skipped,
        message=_SKIPPED if facts.skipped else None,
        format=facts.file_format,
    )
    properties.created_at.FromMilliseconds(round(stored.created * 1000))
    properties.last_updated_at.FromMilliseconds(round(stored.modified * 1000))
    return properties
