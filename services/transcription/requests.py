"""What StartTranscriptionJob asks for, checked as Transcribe checks it: what goes together, and what is not here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from nonet.transcription.v1 import transcription_pb2 as pb
from services.transcription.recognition import Identify, Options, Phrase
from services.transcription.vocabulary_filters import Method
from shared import errors

#: A language may be told from that many others.
MIN_LANGUAGE_OPTIONS = 2


@dataclass(frozen=True, slots=True)
class JobSettings:
    """A checked request. ``languages``: the one given, or the candidates (none: all that are known)."""

    identify: Identify
    languages: tuple[str, ...]
    #: Name of the vocabulary and of the filter for whatever is spoken; "" for none.
    vocabulary: str
    vocabulary_filter: str
    filter_method: Method
    #: The same for each language.
    language_vocabularies: Mapping[str, str] = field(default_factory=dict)
    language_filters: Mapping[str, str] = field(default_factory=dict)
    #: 0: speakers are not told apart.
    max_speakers: int = 0
    channels: bool = False
    max_alternatives: int = 1

    @property
    def vocabulary_names(self) -> set[str]:
        """Every vocabulary that the request names."""
        return {name for name in (self.vocabulary, *self.language_vocabularies.values()) if name}

    @property
    def filter_names(self) -> set[str]:
        """Every vocabulary filter that the request names."""
        return {name for name in (self.vocabulary_filter, *self.language_filters.values()) if name}

    def options(self, vocabularies: Mapping[str, tuple[Phrase, ...]]) -> Options:
        """What recognition is asked for. ``vocabularies``: by name, those of ``vocabulary_names``."""
        return Options(
            self.languages,
            self.identify,
            vocabularies.get(self.vocabulary, ()),
            {language: vocabularies[name] for language, name in self.language_vocabularies.items()},
            self.max_alternatives,
        )


def checked(request: pb.StartTranscriptionJobRequest) -> JobSettings:
    """The request's settings. Raises ``InvalidArgument`` (BadRequestException) for what cannot be done, and why."""
    identify, languages = _languages(request)
    _refuse_absent(request)
    _check_output(request)
    settings = request.settings
    if settings.HasField("show_speaker_labels") or settings.HasField("max_speaker_labels"):
        _check_pair("ShowSpeakerLabels", settings.show_speaker_labels, "MaxSpeakerLabels", settings.max_speaker_labels)
    if settings.HasField("show_alternatives") or settings.HasField("max_alternatives"):
        _check_pair("ShowAlternatives", settings.show_alternatives, "MaxAlternatives", settings.max_alternatives)
    if settings.show_speaker_labels and settings.channel_identification:
        raise bad_request("ShowSpeakerLabels and ChannelIdentification exclude each other: choose one of them.")
    by_language = request.language_id_settings
    _check_filters(request)
    if by_language:
        if identify == "none":
            raise bad_request("LanguageIdSettings goes with IdentifyLanguage or IdentifyMultipleLanguages.")
        if not set(by_language) <= set(languages):
            raise bad_request("Every language of LanguageIdSettings must be among LanguageOptions.")
    elif identify != "none" and (settings.vocabulary_name or settings.vocabulary_filter_name):
        raise bad_request("Where the language is identified, LanguageIdSettings names the vocabulary of each language.")
    if request.HasField("content_redaction") and identify == "multiple":
        raise bad_request("ContentRedaction does not go with IdentifyMultipleLanguages.")
    if request.toxicity_detection and identify != "none":
        raise bad_request("ToxicityDetection needs a LanguageCode.")
    return JobSettings(
        identify,
        languages,
        settings.vocabulary_name,
        settings.vocabulary_filter_name,
        cast(Method, settings.vocabulary_filter_method or "mask"),
        {code: one.vocabulary_name for code, one in by_language.items() if one.vocabulary_name},
        {code: one.vocabulary_filter_name for code, one in by_language.items() if one.vocabulary_filter_name},
        settings.max_speaker_labels if settings.show_speaker_labels else 0,
        settings.channel_identification,
        settings.max_alternatives if settings.show_alternatives else 1,
    )


def bad_request(reason: str) -> errors.InvalidArgument:
    """The error with which Transcribe refuses a request."""
    return errors.InvalidArgument(reason, aws_code="BadRequestException")


def _languages(request: pb.StartTranscriptionJobRequest) -> tuple[Identify, tuple[str, ...]]:
    given = (bool(request.language_code), request.identify_language, request.identify_multiple_languages)
    if sum(given) != 1:
        raise bad_request("Give exactly one of LanguageCode, IdentifyLanguage and IdentifyMultipleLanguages.")
    candidates = tuple(dict.fromkeys(request.language_options))
    if request.language_code:
        if candidates:
            raise bad_request("LanguageOptions goes with IdentifyLanguage or IdentifyMultipleLanguages.")
        return "none", (request.language_code,)
    if len(candidates) == 1:
        raise bad_request(f"LanguageOptions needs at least {MIN_LANGUAGE_OPTIONS} languages to choose from.")
    return ("one" if request.identify_language else "multiple"), candidates


def _refuse_absent(request: pb.StartTranscriptionJobRequest) -> None:
    """Refuse what this installation has nothing for."""
    if request.output_encryption_kms_key_id or request.kms_encryption_context:
        raise bad_request(
            "OutputEncryptionKMSKeyId and KMSEncryptionContext are not available: there is no key management here."
        )
    models = [one.language_model_name for one in request.language_id_settings.values()]
    if request.model_settings.language_model_name or any(models):
        raise bad_request("LanguageModelName is not available: custom language models cannot be trained here.")
    if request.media.redacted_media_file_uri:
        raise bad_request("RedactedMediaFileUri is for call analytics only.")
    if request.HasField("job_execution_settings"):
        execution = request.job_execution_settings
        if not (execution.HasField("allow_deferred_execution") and execution.data_access_role_arn):
            raise bad_request("JobExecutionSettings needs both AllowDeferredExecution and DataAccessRoleArn.")


def _check_output(request: pb.StartTranscriptionJobRequest) -> None:
    if request.output_key and not request.output_bucket_name:
        raise bad_request("OutputKey goes with OutputBucketName.")
    if request.HasField("subtitles") and not request.subtitles.formats:
        raise bad_request("Subtitles needs Formats: vtt, srt or both.")


def _check_filters(request: pb.StartTranscriptionJobRequest) -> None:
    method = request.settings.vocabulary_filter_method
    names = [one.vocabulary_filter_name for one in request.language_id_settings.values()]
    if bool(method) != any((request.settings.vocabulary_filter_name, *names)):
        raise bad_request("VocabularyFilterName and VocabularyFilterMethod go together: give both or none.")


def _check_pair(switch: str, on: bool, number: str, value: int) -> None:
    if on != bool(value):
        raise bad_request(f"{switch} set to true and {number} go together: give both or none.")
