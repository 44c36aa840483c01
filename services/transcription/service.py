"""The Transcription service: jobs that turn recordings into text, vocabularies and vocabulary filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from nonet.transcription.v1 import transcription_pb2 as pb
from services.transcription import requests
from services.transcription.filter_store import FilterStore, StoredFilter
from services.transcription.job_store import TRANSCRIPTION, JobStore, StoredJob
from services.transcription.jobs import TranscriptionJobs, language_of_names, object_name, output_place
from services.transcription.places import own_addresses, parse_uri
from services.transcription.recognizer import Recognizer
from services.transcription.redaction import Redactor
from services.transcription.requests import JobSettings, bad_request
from services.transcription.speakers import SpeakerLabels
from services.transcription.toxicity import ToxicityDetector
from services.transcription.vocabulary_store import BUCKET, READING, READY, Vocabulary, VocabularyStore
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call
from shared.storage import links
from shared.storage.resources import ResourceFilter
from shared.storage.service_buckets import ServiceBucket

#: Amazon's own links to transcripts live as long.
LINK_SECONDS = 15 * 60
#: Results of a page where the request says nothing, as Transcribe has it.
DEFAULT_RESULTS = 5


class TranscriptionService:
    """nonet.transcription.v1.Transcription. Requests have been checked against the contract before they come here."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._addresses = own_addresses(platform.settings)
        self._bucket = ServiceBucket(platform.objects, BUCKET)
        self._vocabularies = VocabularyStore(
            platform.resources, platform.jobs, platform.objects, self._bucket, self._addresses
        )
        self._filters = FilterStore(platform.resources, platform.objects, self._bucket, self._addresses)
        self._jobs = JobStore(platform.resources, platform.jobs)
        self._recognizer = Recognizer(platform.runtime)
        self._speakers = SpeakerLabels(platform.runtime)
        handlers = TranscriptionJobs(
            platform, self._jobs, self._vocabularies, self._filters, self._bucket, self._recognizer, self._speakers,
            self._addresses,
        )  # fmt: skip
        platform.jobs.register(TRANSCRIPTION, handlers.transcribe, concurrency=max(1, platform.settings.job_workers))
        platform.jobs.register(READING, self._vocabularies.read)

    # -- jobs

    async def start_transcription_job(
        self, request: pb.StartTranscriptionJobRequest, call: Call
    ) -> pb.StartTranscriptionJobResponse:
        """Start a job that turns a recording in S3 into a transcript, and maybe subtitles, in S3."""
        settings = requests.checked(request)
        await self._check_places(request, call)
        languages = language_of_names(settings)
        phrases = await self._vocabularies.phrases(call.account, settings.vocabulary_names, languages)
        await self._filters.words(call.account, settings.filter_names, languages)
        self._recognizer.check(settings.options(phrases))
        if settings.max_speakers:
            self._speakers.check()
        await self._check_text_services(request, settings, call)
        stored = await self._jobs.create(call.account, request)
        return pb.StartTranscriptionJobResponse(transcription_job=await self._told(stored, call))

    async def get_transcription_job(
        self, request: pb.GetTranscriptionJobRequest, call: Call
    ) -> pb.GetTranscriptionJobResponse:
        """What is known of a job; links to its files once it is COMPLETED."""
        stored = await self._jobs.get(call.account, request.transcription_job_name)
        return pb.GetTranscriptionJobResponse(transcription_job=await self._told(stored, call))

    async def list_transcription_jobs(
        self, request: pb.ListTranscriptionJobsRequest, call: Call
    ) -> pb.ListTranscriptionJobsResponse:
        """The account's jobs, the newest first."""
        wanted = ResourceFilter(
            statuses=_given(request.status), name_contains=request.job_name_contains, newest_first=True
        )
        page, token = await self._jobs.list(
            call.account, wanted, request.max_results or DEFAULT_RESULTS, request.next_token or None
        )
        return pb.ListTranscriptionJobsResponse(
            status=request.status or None,
            next_token=token,
            transcription_job_summaries=[_summary(stored) for stored in page],
        )

    async def delete_transcription_job(
        self, request: pb.DeleteTranscriptionJobRequest, call: Call
    ) -> pb.DeleteTranscriptionJobResponse:
        """Delete a job that has ended, and what lies in the service's own bucket. Files in other buckets stay."""
        stored = await self._jobs.delete(call.account, request.transcription_job_name)
        if not stored.request.output_bucket_name:
            place = await output_place(self._bucket, stored)
            keys = [place.transcript, place.redacted_transcript, *map(place.subtitles, stored.job.subtitles.formats)]
            await self._bucket.delete(call.account, keys)
        return pb.DeleteTranscriptionJobResponse()

    # -- vocabularies

    async def create_vocabulary(
        self, request: pb.CreateVocabularyRequest, call: Call
    ) -> pb.CreateVocabularyResponse:
        """Store a custom vocabulary; it can be used once it is READY."""
        made = await self._vocabularies.create(
            call.account,
            request.vocabulary_name,
            request.language_code,
            list(request.phrases),
            request.vocabulary_file_uri,
            _tags(request.tags),
        )
        response = pb.CreateVocabularyResponse(
            vocabulary_name=made.name, language_code=made.language, vocabulary_state=made.state
        )
        response.last_modified_time.FromMilliseconds(_milliseconds(made.modified))
        return response

    async def get_vocabulary(self, request: pb.GetVocabularyRequest, call: Call) -> pb.GetVocabularyResponse:
        """A vocabulary's state, and a link to its table once it is READY."""
        found = await self._vocabularies.get(call.account, request.vocabulary_name)
        response = pb.GetVocabularyResponse(
            vocabulary_name=found.name,
            language_code=found.language,
            vocabulary_state=found.state,
            failure_reason=found.failure or None,
        )
        response.last_modified_time.FromMilliseconds(_milliseconds(found.modified))
        if found.state == READY:
            place = await self._vocabularies.place(call.account, found.name)
            response.download_uri = links.presigned(self._platform.settings, call, place, LINK_SECONDS)
        return response

    async def list_vocabularies(
        self, request: pb.ListVocabulariesRequest, call: Call
    ) -> pb.ListVocabulariesResponse:
        """The account's vocabularies, the newest first."""
        wanted = ResourceFilter(
            statuses=_given(request.state_equals), name_contains=request.name_contains, newest_first=True
        )
        page, token = await self._vocabularies.list(
            call.account, wanted, request.max_results or DEFAULT_RESULTS, request.next_token or None
        )
        return pb.ListVocabulariesResponse(
            status=request.state_equals or None, next_token=token, vocabularies=[_vocabulary_info(one) for one in page]
        )

    async def update_vocabulary(
        self, request: pb.UpdateVocabularyRequest, call: Call
    ) -> pb.UpdateVocabularyResponse:
        """New entries for a vocabulary, in place of all it had."""
        changed = await self._vocabularies.update(
            call.account,
            request.vocabulary_name,
            request.language_code,
            list(request.phrases),
            request.vocabulary_file_uri,
        )
        response = pb.UpdateVocabularyResponse(
            vocabulary_name=changed.name, language_code=changed.language, vocabulary_state=changed.state
        )
        response.last_modified_time.FromMilliseconds(_milliseconds(changed.modified))
        return response

    async def delete_vocabulary(
        self, request: pb.DeleteVocabularyRequest, call: Call
    ) -> pb.DeleteVocabularyResponse:
        """Delete a vocabulary."""
        await self._vocabularies.delete(call.account, request.vocabulary_name)
        return pb.DeleteVocabularyResponse()

    # -- vocabulary filters

    async def create_vocabulary_filter(
        self, request: pb.CreateVocabularyFilterRequest, call: Call
    ) -> pb.CreateVocabularyFilterResponse:
        """Store a filter; it can be used at once."""
        made = await self._filters.create(
            call.account,
            request.vocabulary_filter_name,
            request.language_code,
            list(request.words),
            request.vocabulary_filter_file_uri,
            _tags(request.tags),
        )
        response = pb.CreateVocabularyFilterResponse(vocabulary_filter_name=made.name, language_code=made.language)
        response.last_modified_time.FromMilliseconds(_milliseconds(made.modified))
        return response

    async def get_vocabulary_filter(
        self, request: pb.GetVocabularyFilterRequest, call: Call
    ) -> pb.GetVocabularyFilterResponse:
        """A filter, and a link to its words."""
        found = await self._filters.get(call.account, request.vocabulary_filter_name)
        place = await self._filters.place(call.account, found.name)
        response = pb.GetVocabularyFilterResponse(
            vocabulary_filter_name=found.name,
            language_code=found.language,
            download_uri=links.presigned(self._platform.settings, call, place, LINK_SECONDS),
        )
        response.last_modified_time.FromMilliseconds(_milliseconds(found.modified))
        return response

    async def list_vocabulary_filters(
        self, request: pb.ListVocabularyFiltersRequest, call: Call
    ) -> pb.ListVocabularyFiltersResponse:
        """The account's filters, the newest first."""
        wanted = ResourceFilter(name_contains=request.name_contains, newest_first=True)
        page, token = await self._filters.list(
            call.account, wanted, request.max_results or DEFAULT_RESULTS, request.next_token or None
        )
        return pb.ListVocabularyFiltersResponse(
            next_token=token, vocabulary_filters=[_filter_info(one) for one in page]
        )

    async def update_vocabulary_filter(
        self, request: pb.UpdateVocabularyFilterRequest, call: Call
    ) -> pb.UpdateVocabularyFilterResponse:
        """New words for a filter, in place of all it had."""
        changed = await self._filters.update(
            call.account,
            request.vocabulary_filter_name,
            list(request.words),
            request.vocabulary_filter_file_uri,
        )
        response = pb.UpdateVocabularyFilterResponse(
            vocabulary_filter_name=changed.name, language_code=changed.language
        )
        response.last_modified_time.FromMilliseconds(_milliseconds(changed.modified))
        return response

    async def delete_vocabulary_filter(
        self, request: pb.DeleteVocabularyFilterRequest, call: Call
    ) -> pb.DeleteVocabularyFilterResponse:
        """Delete a filter."""
        await self._filters.delete(call.account, request.vocabulary_filter_name)
        return pb.DeleteVocabularyFilterResponse()

    # -- tags of all three

    async def tag_resource(self, request: pb.TagResourceRequest, call: Call) -> pb.TagResourceResponse:
        """Add tags to a job, vocabulary or filter, or give them new values."""
        try:
            await self._platform.resources.tag(call.account, request.resource_arn, _tags(request.tags))
        except errors.LimitExceeded as error:
            raise errors.LimitExceeded(error.message) from error
        return pb.TagResourceResponse()

    async def untag_resource(self, request: pb.UntagResourceRequest, call: Call) -> pb.UntagResourceResponse:
        """Remove tags."""
        await self._platform.resources.untag(call.account, request.resource_arn, list(request.tag_keys))
        return pb.UntagResourceResponse()

    async def list_tags_for_resource(
        self, request: pb.ListTagsForResourceRequest, call: Call
    ) -> pb.ListTagsForResourceResponse:
        """The tags of a job, vocabulary or filter."""
        found = await self._platform.resources.list_tags(call.account, request.resource_arn)
        return pb.ListTagsForResourceResponse(resource_arn=request.resource_arn, tags=_tag_messages(found))

    # -- checks and answers

    async def _check_places(self, request: pb.StartTranscriptionJobRequest, call: Call) -> None:
        """Refuse media and buckets that are not there. Raises ``InvalidArgument`` (BadRequestException)."""
        if not request.media.media_file_uri:
            raise bad_request("Media needs a MediaFileUri.")
        place = parse_uri(request.media.media_file_uri, self._addresses)
        try:
            await self._platform.objects.head(call.account, *place)
        except (errors.NotFound, errors.PermissionDenied, errors.InvalidArgument) as error:
            raise bad_request("The media file cannot be read: check its bucket, key and owner.") from error
        if request.output_bucket_name:
            try:
                await self._platform.objects.head_bucket(call.account, request.output_bucket_name)
            except (errors.NotFound, errors.PermissionDenied, errors.InvalidArgument) as error:
                raise bad_request("The output bucket cannot be written to: check its name and owner.") from error

    async def _check_text_services(
        self, request: pb.StartTranscriptionJobRequest, settings: JobSettings, call: Call
    ) -> None:
        """Refuse what other services would have to do, and cannot. Raises ``InvalidArgument``."""
        if request.HasField("content_redaction"):
            for language in settings.languages or sorted(self._recognizer.languages()):
                await Redactor(self._platform, call.account, call.region, language).check()
        if request.toxicity_detection:
            await ToxicityDetector(self._platform, call.account, call.region, settings.languages[0]).check()

    async def _told(self, stored: StoredJob, call: Call) -> pb.TranscriptionJob:
        """The job as it is answered: with links in place of its own URIs."""
        job = pb.TranscriptionJob()
        job.CopyFrom(stored.job)
        job.settings.channel_identification = stored.job.settings.channel_identification
        job.settings.show_alternatives = stored.job.settings.show_alternatives
        job.tags.extend(_tag_messages(await self._jobs.tags(stored)))
        settings = self._platform.settings

        def link(uri: str) -> str:
            place = object_name(uri)
            if stored.request.output_bucket_name:
                return links.address(settings, call, place)
            return links.presigned(settings, call, place, LINK_SECONDS)

        for member in ("transcript_file_uri", "redacted_transcript_file_uri"):
            if uri := getattr(job.transcript, member):
                setattr(job.transcript, member, link(uri))
        job_links = [link(uri) for uri in job.subtitles.subtitle_file_uris]
        if job_links:
            del job.subtitles.subtitle_file_uris[:]
            job.subtitles.subtitle_file_uris.extend(job_links)
        return job


def _summary(stored: StoredJob) -> pb.TranscriptionJobSummary:
    """A job in a list."""
    names = {field.name for field in pb.TranscriptionJobSummary.DESCRIPTOR.fields}
    same = {field.name: value for field, value in stored.job.ListFields() if field.name in names}
    kind = "CUSTOMER_BUCKET" if stored.request.output_bucket_name else "SERVICE_BUCKET"
    return pb.TranscriptionJobSummary(output_location_type=kind, **same)


def _vocabulary_info(vocabulary: Vocabulary) -> pb.VocabularyInfo:
    info = pb.VocabularyInfo(
        vocabulary_name=vocabulary.name, language_code=vocabulary.language, vocabulary_state=vocabulary.state
    )
    info.last_modified_time.FromMilliseconds(_milliseconds(vocabulary.modified))
    return info


def _filter_info(stored: StoredFilter) -> pb.VocabularyFilterInfo:
    info = pb.VocabularyFilterInfo(vocabulary_filter_name=stored.name, language_code=stored.language)
    info.last_modified_time.FromMilliseconds(_milliseconds(stored.modified))
    return info


def _tags(tags: Iterable[pb.Tag]) -> dict[str, str]:
    return {tag.key: tag.value for tag in tags}


def _tag_messages(tags: Mapping[str, str]) -> list[pb.Tag]:
    return [pb.Tag(key=key, value=value) for key, value in tags.items()]


def _given(word: str) -> tuple[str, ...]:
    return (word,) if word else ()


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
