"""What StartTranscriptionJob's options say together."""

from __future__ import annotations

from typing import Any

import pytest

from nonet.transcription.v1 import transcription_pb2 as pb
from services.transcription.recognition import Phrase
from services.transcription.requests import checked
from shared import errors


def request(**values: Any) -> pb.StartTranscriptionJobRequest:
    given = {"transcription_job_name": "j", "language_code": "en-US", **values}
    return pb.StartTranscriptionJobRequest(**{name: value for name, value in given.items() if value is not None})


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"language_code": None}, "exactly one"),
        ({"identify_language": True}, "exactly one"),
        ({"language_options": ["en-US", "de-DE"]}, "LanguageOptions goes with"),
        ({"language_code": None, "identify_language": True, "language_options": ["en-US"]}, "at least 2"),
        ({"output_encryption_kms_key_id": "k"}, "key management"),
        ({"kms_encryption_context": {"a": "b"}}, "key management"),
        ({"model_settings": {"language_model_name": "m"}}, "LanguageModelName"),
        ({"job_execution_settings": {"allow_deferred_execution": True}}, "needs both"),
        ({"output_key": "x"}, "goes with OutputBucketName"),
        ({"subtitles": {}}, "Formats"),
        ({"settings": {"show_speaker_labels": True}}, "MaxSpeakerLabels"),
        ({"settings": {"max_speaker_labels": 2}}, "MaxSpeakerLabels"),
        ({"settings": {"show_speaker_labels": False, "max_speaker_labels": 2}}, "MaxSpeakerLabels"),
        ({"settings": {"show_alternatives": True}}, "MaxAlternatives"),
        ({"settings": {"max_alternatives": 2}}, "MaxAlternatives"),
        (
            {"settings": {"show_speaker_labels": True, "max_speaker_labels": 2, "channel_identification": True}},
            "exclude each other",
        ),
        ({"settings": {"vocabulary_filter_name": "f"}}, "go together"),
        ({"settings": {"vocabulary_filter_method": "mask"}}, "go together"),
        ({"language_id_settings": {"en-US": {"vocabulary_name": "v"}}}, "LanguageIdSettings goes with"),
        ({"media": {"redacted_media_file_uri": "s3://a/b"}}, "call analytics"),
    ],
)
def test_what_does_not_go_together_is_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(errors.InvalidArgument, match=reason) as refused:
        checked(request(**values))
    assert refused.value.explicit_aws_code == "BadRequestException"


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"language_id_settings": {"fr-FR": {"vocabulary_name": "v"}}}, "among LanguageOptions"),
        ({"settings": {"vocabulary_name": "v"}}, "LanguageIdSettings names"),
        ({"toxicity_detection": [{"toxicity_categories": ["ALL"]}]}, "needs a LanguageCode"),
        ({"language_id_settings": {"en-US": {"language_model_name": "m"}}}, "LanguageModelName"),
    ],
)
def test_identification_has_rules_of_its_own(values: dict[str, Any], reason: str) -> None:
    base = {"language_code": None, "identify_language": True, "language_options": ["en-US", "de-DE"]}
    with pytest.raises(errors.InvalidArgument, match=reason):
        checked(request(**base, **values))


def test_redaction_does_not_go_with_several_languages() -> None:
    redaction = {"redaction_type": "PII", "redaction_output": "redacted"}
    with pytest.raises(errors.InvalidArgument, match="IdentifyMultipleLanguages"):
        checked(request(language_code=None, identify_multiple_languages=True, content_redaction=redaction))


def test_settings_of_each_language() -> None:
    by_language = {
        "en-US": {"vocabulary_name": "v", "vocabulary_filter_name": "f"}, "de-DE": {"vocabulary_name": "w"},
    }  # fmt: skip
    settings = checked(
        request(
            language_code=None, identify_multiple_languages=True, language_options=["en-US", "de-DE", "en-US"],
            language_id_settings=by_language, settings={"vocabulary_filter_method": "tag"},
        )
    )  # fmt: skip
    assert settings.identify == "multiple" and settings.languages == ("en-US", "de-DE")
    assert settings.vocabulary_names == {"v", "w"} and settings.filter_names == {"f"}
    options = settings.options({"v": (Phrase("a"),), "w": (Phrase("b"),)})
    assert options.phrases("de-DE") == (Phrase("b"),) and options.phrases("en-US") == (Phrase("a"),)


def test_a_plain_request() -> None:
    settings = checked(request(settings={"show_alternatives": True, "max_alternatives": 4, "vocabulary_name": "v"}))
    options = settings.options({"v": (Phrase("a"),)})
    assert (options.languages, options.identify, options.max_alternatives) == (("en-US",), "none", 4)
    assert options.vocabulary == (Phrase("a"),)
