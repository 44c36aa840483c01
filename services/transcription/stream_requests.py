"""What a live stream asks for in its first message, checked as Transcribe checks it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import cast

from nonet.transcription_streaming.v1 import transcription_streaming_pb2 as pb
from services.transcription.live import Stability
from services.transcription.recognition import Identify
from services.transcription.redaction import ALL_TYPES
from services.transcription.requests import MIN_LANGUAGE_OPTIONS, bad_request
from services.transcription.vocabulary_filters import Method

DEFAULT_STABILITY: Stability = "high"


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """A checked request. Empty strings and tuples: not asked for."""

    session_id: str
    encoding: str
    sample_rate: int
    channels: int
    #: Whether results say which channel they are of.
    labelled: bool
    identify: Identify
    languages: tuple[str, ...]
    vocabularies: tuple[str, ...]
    filters: tuple[str, ...]
    filter_method: Method
    stability: Stability | None
    #: Types of personal information to find, and whether they are taken out.
    pii_types: frozenset[str]
    redacts: bool


def checked(request: pb.StartStreamTranscriptionRequest) -> StreamSettings:
    """The request's settings. Raises ``InvalidArgument`` (BadRequestException) for what cannot be done, and why."""
    identify, languages = _languages(request)
    if request.show_speaker_label:
        raise bad_request("ShowSpeakerLabel is not available here: speakers are told apart in jobs.")
    if request.language_model_name:
        raise bad_request("LanguageModelName is not available: custom language models cannot be trained here.")
    if request.preferred_language:
        raise bad_request("PreferredLanguage is not available: identification takes no hints here.")
    if request.enable_channel_identification != bool(request.number_of_channels):
        raise bad_request("EnableChannelIdentification and NumberOfChannels go together: give both or none.")
    if request.partial_results_stability and not request.enable_partial_results_stabilization:
        raise bad_request("PartialResultsStability goes with EnablePartialResultsStabilization.")
    vocabularies = _names(request.vocabulary_name, request.vocabulary_names, "VocabularyName", identify)
    filters = _names(request.vocabulary_filter_name, request.vocabulary_filter_names, "VocabularyFilterName", identify)
    if bool(filters) != bool(request.vocabulary_filter_method):
        raise bad_request("A vocabulary filter and VocabularyFilterMethod go together: give both or none.")
    stability: Stability | None = None
    if request.enable_partial_results_stabilization:
        stability = cast(Stability, request.partial_results_stability or DEFAULT_STABILITY)
    return StreamSettings(
        session_id=request.session_id or str(uuid.uuid4()),
        encoding=request.media_encoding,
        sample_rate=request.media_sample_rate_hertz,
        channels=request.number_of_channels or 1,
        labelled=request.enable_channel_identification,
        identify=identify,
        languages=languages,
        vocabularies=vocabularies,
        filters=filters,
        filter_method=cast(Method, request.vocabulary_filter_method or "mask"),
        stability=stability,
        pii_types=_pii_types(request, identify),
        redacts=bool(request.content_redaction_type),
    )


def _languages(request: pb.StartStreamTranscriptionRequest) -> tuple[Identify, tuple[str, ...]]:
    given = (bool(request.language_code), request.identify_language, request.identify_multiple_languages)
    if sum(given) != 1:
        raise bad_request("Give exactly one of LanguageCode, IdentifyLanguage and IdentifyMultipleLanguages.")
    candidates = _split(request.language_options)
    if request.language_code:
        if candidates:
            raise bad_request("LanguageOptions goes with IdentifyLanguage or IdentifyMultipleLanguages.")
        return "none", (request.language_code,)
    if len(set(candidates)) < MIN_LANGUAGE_OPTIONS:
        raise bad_request(f"LanguageOptions needs at least {MIN_LANGUAGE_OPTIONS} languages to choose from.")
    return ("one" if request.identify_language else "multiple"), candidates


def _names(single: str, several: str, member: str, identify: Identify) -> tuple[str, ...]:
    if single and identify != "none":
        raise bad_request(f"Where the language is identified, {member}s names one for each language.")
    if several and identify == "none":
        raise bad_request(f"{member}s goes with IdentifyLanguage or IdentifyMultipleLanguages.")
    return (single,) if single else _split(several)


def _pii_types(request: pb.StartStreamTranscriptionRequest, identify: Identify) -> frozenset[str]:
    finds, redacts = bool(request.content_identification_type), bool(request.content_redaction_type)
    if finds and redacts:
        raise bad_request("ContentIdentificationType and ContentRedactionType exclude each other: choose one of them.")
    if not (finds or redacts):
        if request.pii_entity_types:
            raise bad_request("PiiEntityTypes goes with ContentIdentificationType or ContentRedactionType.")
        return frozenset()
    if identify != "none":
        raise bad_request("Personal information is found where LanguageCode says the language.")
    named = frozenset(_split(request.pii_entity_types))
    if not named or "ALL" in named:
        return ALL_TYPES
    if not named <= ALL_TYPES:
        raise bad_request(f"PiiEntityTypes are ALL, or some of {', '.join(sorted(ALL_TYPES))}.")
    return named


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
