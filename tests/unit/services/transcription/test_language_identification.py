"""An engine's languages shared out among the candidates."""

from __future__ import annotations

import pytest

from services.transcription.language_identification import among
from services.transcription.recognition import Options
from services.transcription.recognizer import Recognizer
from shared import errors
from tests.unit.services.transcription.recordings import embedded_runtime


def test_candidates_alone_count() -> None:
    scores = among({"en": 0.6, "es": 0.2, "de": 0.2}, ("es-US", "de-DE"))
    assert {score.language: score.score for score in scores} == {"es-US": 0.5, "de-DE": 0.5}


def test_the_usual_dialect_stands_for_a_language() -> None:
    scores = among({"en": 0.9, "pt": 0.1}, ("en-AU", "en-US", "pt-PT"))
    assert [score.language for score in scores] == ["en-US", "pt-PT"]


def test_none_of_them() -> None:
    with pytest.raises(errors.FailedPrecondition):
        among({"en": 1.0}, ("de-DE",))


async def test_without_an_engine_it_is_refused(tmp_path) -> None:  # type: ignore[no-untyped-def]
    recognizer = Recognizer(embedded_runtime(tmp_path))
    for options in (
        Options(languages=(), identify="one"),
        Options(languages=("en-US", "en-GB"), identify="multiple"),
        Options(languages=("de-DE",)),
    ):
        with pytest.raises(errors.NonetError) as refused:
            recognizer.check(options)
        assert refused.value.explicit_aws_code == "BadRequestException"
    recognizer.check(Options(languages=("en-US",), identify="one"))
