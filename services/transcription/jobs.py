"""The handler of transcription jobs: media to segments, segments to files in a bucket."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from dataclasses import dataclass, replace

from nonet.transcription.v1 import transcription_pb2 as pb
from services.transcription import requests, subtitles
from services.transcription.filter_store import FilterStore
from services.transcription.job_store import JobStore, StoredJob, fail, set_time
from services.transcription.media import MediaFile, MediaInfo, fetched
from services.transcription.places import OutputPlace, parse_uri
from services.transcription.recognition import LanguageScore, Options, Segment, Sound
from services.transcription.recognizer import Recognizer
from services.transcription.redaction import Redactor
from services.transcription.requests import JobSettings
from services.transcription.segment_log import SegmentLog, shifted
from services.transcription.speakers import SpeakerLabels
from services.transcription.toxicity import ToxicityDetector
from services.transcription.transcript import Channel, Contents, Json, language_seconds, transcript_file, utterances
from services.transcription.vocabulary_filters import VocabularyFilter
from services.transcription.vocabulary_store import VocabularyStore
from shared import errors
from shared.jobs.job import JobResult, RunningJob
from shared.platform import Platform
from shared.storage.names import ObjectName
from shared.storage.object_tables import ObjectAttributes
from shared.storage.service_buckets import ServiceBucket

#: Share of the progress that recognition is; the rest is for labels and files.
_RECOGNITION_SHARE = 0.95
_CONTENT_TYPES = {"vtt": "text/vtt; charset=utf-8", "srt": "application/x-subrip; charset=utf-8"}
_JSON = "application/json"
_LABELS_SHARE = 0.99


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What recognition gave: segments of each channel, and which language it was ("" where it changes)."""

    channels: list[list[Segment]]
    scores: tuple[LanguageScore, ...]
    language: str


class TranscriptionJobs:
    """Does the jobs of one process."""

    def __init__(
        self,
        platform: Platform,
        jobs: JobStore,
        vocabularies: VocabularyStore,
        filters: FilterStore,
        bucket: ServiceBucket,
        recognizer: Recognizer,
        speakers: SpeakerLabels,
        addresses: tuple[str, ...] = (),
    ) -> None:
        """``addresses``: host:port under which our own S3 is reached."""
        self._platform = platform
        self._jobs = jobs
        self._vocabularies = vocabularies
        self._filters = filters
        self._bucket = bucket
        self._recognizer = recognizer
        self._speakers = speakers
        self._addresses = addresses

    async def transcribe(self, running: RunningJob) -> JobResult:
        """Handler of ``TRANSCRIPTION``."""
        account, name = running.account, running.request.decode()
        try:
            stored = await self._jobs.get(account, name)
        except errors.NotFound:
            return JobResult()  # deleted
        if not stored.open or stored.queue_id != running.id:
            return JobResult()  # an earlier attempt has written its end, or the name is another job's now

        def begin(job: pb.TranscriptionJob) -> None:
            job.transcription_job_status = "IN_PROGRESS"
            if not job.HasField("start_time"):
                set_time(job, "start_time", running.job.started_at)

        stored = await self._jobs.change(account, name, begin)
        try:
            await self._run(running, stored)
        except errors.NonetError as error:
            if not error.retryable:
                reason = error.message
                await self._jobs.change(account, name, lambda job: fail(job, reason))
            raise
        return JobResult()

    async def _run(self, running: RunningJob, stored: StoredJob) -> None:
        request, account, name = stored.request, running.account, stored.resource.name
        settings = requests.checked(request)
        place = parse_uri(request.media.media_file_uri, self._addresses)
        async with fetched(self._platform.objects, account, place) as media:
            info = await asyncio.to_thread(
                media.inspect, request.media_format, request.media_sample_rate_hertz, settings.channels
            )

            def found(job: pb.TranscriptionJob) -> None:
                job.media_format, job.media_sample_rate_hertz = info.format, info.sample_rate

            await self._jobs.change(account, name, found)
            channels = info.channels if settings.channels else 1
            log = SegmentLog(running, self._platform.objects.blobs, media.etag, channels)
            await log.restore()
            spoken = await self._recognize(running, media, info, settings, log)
        files = await self._files(stored, settings, spoken)
        where = await self._write(stored, files)

        def complete(job: pb.TranscriptionJob) -> None:
            _complete(job, spoken, where)

        await self._jobs.change(account, name, complete)
        await log.forget()

    async def _recognize(
        self, running: RunningJob, media: MediaFile, info: MediaInfo, settings: JobSettings, log: SegmentLog
    ) -> _Spoken:
        languages = language_of_names(settings)
        phrases = await self._vocabularies.phrases(running.account, settings.vocabulary_names, languages)
        options = settings.options(phrases)
        self._recognizer.check(options)
        scores = log.languages
        if settings.identify == "one":
            if not scores:
                scores = await self._recognizer.identify(media.sound(None), options)
                log.identified(scores)
            options = options.spoken(scores[0].language)
        for number in range(len(log.channels)):
            start = log.resume_at(number)
            if start is not None:
                sound = media.sound(number if settings.channels else None, start)
                await self._recognize_channel(number, sound, start, info.seconds, options, log)
        channels = log.channels
        if settings.max_speakers:
            channels = [await self._speakers.label(media.sound(None), channels[0], settings.max_speakers)]
            await running.report(_LABELS_SHARE)
        return _Spoken(channels, scores, "" if options.identify == "multiple" else options.languages[0])

    async def _recognize_channel(
        self, number: int, sound: Sound, start: float, seconds: float | None, options: Options, log: SegmentLog
    ) -> None:
        """Recognise a channel whose ``sound`` begins at second ``start`` of ``seconds`` (None: unknown)."""
        count = len(log.channels)
        async with aclosing(self._recognizer.segments(sound, options)) as segments:
            async for found in segments:
                segment = shifted(found, start)
                done = min(1.0, segment.end / seconds) if seconds else 0.0
                await log.add(number, segment, _RECOGNITION_SHARE * (number + done) / count)
        await log.finished(number, _RECOGNITION_SHARE * (number + 1) / count)

    async def _files(self, stored: StoredJob, settings: JobSettings, spoken: _Spoken) -> dict[str, bytes]:
        """The job's files by kind: "transcript", "redacted_transcript", "vtt", "srt"."""
        request, account = stored.request, stored.resource.account
        words = await self._filters.words(account, settings.filter_names, language_of_names(settings))
        contents = Contents(
            settings.identify, spoken.scores, bool(settings.max_speakers), settings.max_alternatives > 1,
            _tagged(settings, words),
        )  # fmt: skip
        plain = self._channels(spoken.channels, settings, words)
        shown, files = plain, dict[str, Json]()
        if request.HasField("content_redaction"):
            redaction = request.content_redaction
            redactor = Redactor(
                self._platform, account, self._region, spoken.language, list(redaction.pii_entity_types)
            )
            redacted = [await redactor.redact(segments) for segments in spoken.channels]
            shown = self._channels(redacted, settings, words)
            if redaction.redaction_output == "redacted_and_unredacted":
                files["transcript"] = transcript_file(
                    stored.resource.name, account, spoken.language, plain, replace(contents, redacted=False)
                )
            contents = replace(contents, redacted=True)
        if request.toxicity_detection:
            detector = ToxicityDetector(self._platform, account, self._region, spoken.language)
            contents = replace(contents, toxicity=await detector.rate(utterances(shown)))
        kind = "transcript" if contents.redacted is None else "redacted_transcript"
        files[kind] = await asyncio.to_thread(
            transcript_file, stored.resource.name, account, spoken.language, shown, contents
        )
        written = {kind: await asyncio.to_thread(_dump, file) for kind, file in files.items()}
        if stored.job.HasField("subtitles"):
            cues = subtitles.cues(utterances(shown))
            for subtitle_format in stored.job.subtitles.formats:
                writer = subtitles.WRITERS[subtitle_format]
                written[subtitle_format] = writer(cues, stored.job.subtitles.output_start_index)
        return written

    @property
    def _region(self) -> str:
        return self._platform.settings.default_region

    def _channels(
        self, channels: list[list[Segment]], settings: JobSettings, words: dict[str, frozenset[str]]
    ) -> list[Channel]:
        """The channels with the filters of their languages applied, labelled where that was asked for."""
        filtered: list[Channel] = []
        for number, segments in enumerate(channels):
            kept: list[Segment] = []
            for segment in segments:
                name = settings.language_filters.get(segment.language, settings.vocabulary_filter)
                if name:
                    changed = VocabularyFilter(words[name], settings.filter_method).apply(segment)
                    if changed is None:
                        continue
                    segment = changed
                kept.append(segment)
            filtered.append(Channel(f"ch_{number}" if settings.channels else None, kept))
        return filtered

    async def _write(self, stored: StoredJob, files: dict[str, bytes]) -> dict[str, str]:
        """Put the files where they belong; their URIs by kind."""
        request, account = stored.request, stored.resource.account
        place = await output_place(self._bucket, stored)
        keys = {"transcript": place.transcript, "redacted_transcript": place.redacted_transcript}
        where: dict[str, str] = {}
        for kind, body in files.items():
            key = keys.get(kind) or place.subtitles(kind)
            content_type = _CONTENT_TYPES.get(kind, _JSON)
            if request.output_bucket_name:
                attributes = ObjectAttributes(headers={"content-type": content_type})
                try:
                    await self._platform.objects.put(account, place.bucket, key, body, attributes=attributes)
                except (errors.NotFound, errors.PermissionDenied) as error:
                    raise requests.bad_request("The output bucket cannot be written to any more.") from error
            else:
                await self._bucket.put(account, key, body, content_type)
            where[kind] = f"s3://{place.bucket}/{key}"
        return where


async def output_place(bucket: ServiceBucket, stored: StoredJob) -> OutputPlace:
    """Where the job's files go: the request's bucket, or the service's own."""
    request, resource = stored.request, stored.resource
    if request.output_bucket_name:
        return OutputPlace.of(request.output_bucket_name, request.output_key, resource.name)
    return OutputPlace(await bucket.name(resource.account), f"jobs/{resource.id}/", resource.name)


def object_name(uri: str) -> ObjectName:
    """Bucket and key of a URI that ``TranscriptionJobs`` wrote."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return ObjectName(bucket, key)


def language_of_names(settings: JobSettings) -> dict[str, str]:
    """The language that each vocabulary and filter of a request must be in, by name."""
    languages = {name: code for code, name in settings.language_vocabularies.items()}
    languages |= {name: code for code, name in settings.language_filters.items()}
    if settings.identify == "none":
        languages |= dict.fromkeys((settings.vocabulary, settings.vocabulary_filter), settings.languages[0])
    return languages


def _tagged(settings: JobSettings, words: dict[str, frozenset[str]]) -> VocabularyFilter | None:
    """The filter whose words the file tags. Where languages differ, a word of any of their filters is tagged."""
    if settings.filter_method != "tag" or not words:
        return None
    return VocabularyFilter(frozenset().union(*words.values()), "tag")


def _complete(job: pb.TranscriptionJob, spoken: _Spoken, where: dict[str, str]) -> None:
    job.transcription_job_status = "COMPLETED"
    if spoken.language:
        job.language_code = spoken.language
    if spoken.scores:
        job.identified_language_score = spoken.scores[0].score
    if not spoken.language:
        channels = [Channel(None, segments) for segments in spoken.channels]
        job.ClearField("language_codes")
        for code, seconds in language_seconds(channels):
            job.language_codes.add(language_code=code, duration_in_seconds=seconds)
    if "transcript" in where:
        job.transcript.transcript_file_uri = where["transcript"]
    if "redacted_transcript" in where:
        job.transcript.redacted_transcript_file_uri = where["redacted_transcript"]
    if job.HasField("subtitles"):
        job.subtitles.ClearField("subtitle_file_uris")
        job.subtitles.subtitle_file_uris.extend(where[one] for one in job.subtitles.formats)
    set_time(job, "completion_time")


def _dump(file: Json) -> bytes:
    return json.dumps(file, ensure_ascii=False).encode()
