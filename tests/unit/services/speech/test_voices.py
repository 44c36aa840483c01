"""Who speaks for which of Polly's voices."""

from __future__ import annotations

import botocore.session
import pytest

from services.speech.phrases import SYNTHESIZE_SPEECH
from services.speech.voices import LANGUAGES, VOICES, Speaker, speakers
from shared import errors
from shared.models.catalog import Catalog

MODELS = Catalog.load().for_task(SYNTHESIZE_SPEECH)


def test_all_ids_and_languages_of_the_contract_are_known() -> None:
    model = botocore.session.get_session().get_service_model("polly")
    assert set(VOICES) == set(model.shape_for("VoiceId").enum)
    assert set(LANGUAGES) == set(model.shape_for("LanguageCode").enum)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_a_model_knows_a_voice_for_each_of_its_languages(model: object) -> None:
    assert model in MODELS
    entry = next(entry for entry in MODELS if entry is model)
    found = speakers([entry])
    spoken = {
        language for speaker in found for language in (speaker.voice.language, *speaker.voice.additional_languages)
    }
    assert spoken == set(entry.languages)
    assert all(speaker.name and speaker.kind in ("standard", "neural") for speaker in found)


def test_voices_of_one_language_and_gender_differ() -> None:
    names = [
        speaker.name
        for speaker in speakers([Catalog.load().get("espeak-ng")])
        if speaker.voice.id in ("Joanna", "Salli", "Matthew")
    ]
    assert len(set(names)) == 3


def test_other_languages_and_whispering() -> None:
    joanna = Speaker(VOICES["Joanna"], next(entry for entry in MODELS if entry.id == "espeak-ng"))
    assert joanna.engine_voice("fr-FR") == "fr+f3"
    assert joanna.engine_voice("de") == "de+f3"
    assert joanna.engine_voice("en-US", whispered=True) == "en-us+whisperf"
    with pytest.raises(errors.InvalidArgument):
        joanna.engine_voice("tlh")
