"""Who speaks for which of Polly's voices."""

from __future__ import annotations

import botocore.session
import pytest

from services.speech.phrases import SYNTHESIZE_SPEECH
from services.speech.script import Style
from services.speech.ssml import ssml_script
from services.speech.steps import steps_of
from services.speech.voices import LANGUAGES, VOICES, Speaker, speakers
from shared import errors
from shared.models.catalog import Catalog, CatalogEntry

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


def own_voice(**options: object) -> Speaker:
    template = Catalog.load().templates["piper-voice"]
    entry = CatalogEntry.model_validate({
        **template.model, "id": "mine", "tier": "heavy", "licence": "mine", "description": "", "memory_bytes": 1,
        "options": {**template.model["options"], **options},
    })  # fmt: skip
    found = speakers([entry])
    assert {speaker.voice.gender for speaker in found} == {
        options.get("gender", speaker.voice.gender) for speaker in found
    }
    return found[0]


def test_a_model_of_one_voice_speaks_for_its_gender() -> None:
    speaker = own_voice(gender="Female")
    assert (speaker.voice.gender, speaker.kind, speaker.name) == ("Female", "neural", "mine")
    assert speaker.engine_voice("en-US") == ""
    with pytest.raises(errors.InvalidArgument):
        speaker.engine_voice("fr-FR")
    assert own_voice(name="Lessac").name == "Lessac"


@pytest.mark.parametrize("inside", ['<prosody pitch="high">a</prosody>', '<phoneme alphabet="ipa" ph="a">a</phoneme>'])
def test_what_an_engine_lacks_is_refused(inside: str) -> None:
    script = ssml_script(f"<speak>{inside}</speak>", Style("en-US"))
    with pytest.raises(errors.InvalidArgument) as refused:
        steps_of(script, own_voice())
    assert refused.value.explicit_aws_code == "InvalidSsmlException"
    assert steps_of(script, own_voice(lacks=[]))
