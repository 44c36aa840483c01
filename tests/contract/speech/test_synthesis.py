"""SynthesizeSpeech and DescribeVoices through unmodified boto3; what comes back is decoded and measured."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError
from numpy.typing import NDArray

from gateway.process import Addresses
from services.speech.encoders import FORMATS
from shared.media.audio import Audio
from tests.contract.answers import Recorder
from tests.running import client, nonet

pytestmark = pytest.mark.slow

TEXT = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background."


def speak(polly: Any, text: str, **parameters: Any) -> bytes:
    parameters = {"OutputFormat": "pcm", "VoiceId": "Joanna", **parameters}
    body: bytes = polly.synthesize_speech(Text=text, **parameters)["AudioStream"].read()
    return body


def sound(polly: Any, text: str, **parameters: Any) -> NDArray[np.int16]:
    """At 16 kHz."""
    return np.frombuffer(speak(polly, text, **parameters), "<i2")


def marks(polly: Any, text: str, types: list[str], **parameters: Any) -> list[dict[str, Any]]:
    lines = speak(polly, text, OutputFormat="json", SpeechMarkTypes=types, **parameters).decode().splitlines()
    return [json.loads(line) for line in lines]


def ssml(polly: Any, inside: str, **parameters: Any) -> NDArray[np.int16]:
    return sound(polly, f"<speak>{inside}</speak>", TextType="ssml", **parameters)


def code_of(polly: Any, **parameters: Any) -> str:
    parameters = {"Text": "Hello.", "OutputFormat": "mp3", "VoiceId": "Joanna", **parameters}
    with pytest.raises(ClientError) as caught:
        polly.synthesize_speech(**parameters)
    return str(caught.value.response["Error"]["Code"])


def pitch(samples: NDArray[np.int16]) -> float:
    """Median fundamental frequency (Hz) of the loud frames, by autocorrelation."""
    found = []
    for begin in range(0, len(samples) - 1024, 512):
        frame = samples[begin : begin + 1024].astype(float)
        if np.abs(frame).mean() < 1000:
            continue
        correlation = np.correlate(frame, frame, "full")[1023:]
        lag = 40 + int(np.argmax(correlation[40:230]))
        found.append(16000 / lag)
    return float(np.median(found))


def noisiness(samples: NDArray[np.int16]) -> float:
    """Changes of sign a sample."""
    loud = samples[np.abs(samples.astype(int)) > 100]
    return float(np.mean(np.diff(np.signbit(loud).astype(int)) != 0))


@pytest.mark.parametrize("name", FORMATS)
def test_formats(polly: Any, name: str) -> None:
    reference = len(sound(polly, TEXT)) / 16000
    for rate in FORMATS[name].sample_rates:
        answer = polly.synthesize_speech(Text=TEXT, OutputFormat=name, VoiceId="Joanna", SampleRate=str(rate))
        assert answer["ContentType"] == FORMATS[name].content_type
        assert answer["RequestCharacters"] == len(TEXT)
        data = answer["AudioStream"].read()
        if FORMATS[name].content_type in ("audio/mpeg", "audio/ogg"):
            with Audio(data) as audio:
                assert (audio.format.sample_rate, audio.format.channels) == (rate, 1)
                seconds = audio.samples(rate).shape[1] / rate
        else:
            seconds = len(data) / rate / (2 if name == "pcm" else 1)
        assert abs(seconds - reference) < 0.3


def test_it_says_what_is_asked(polly: Any) -> None:
    first, again = sound(polly, "Good morning."), sound(polly, "Good morning.")
    assert len(first) == pytest.approx(len(again), abs=50)
    shapes = {
        text: [mark["value"] for mark in marks(polly, text, ["viseme"])] for text in ("Good morning.", "Nice weather.")
    }
    assert shapes["Good morning."] != shapes["Nice weather."]
    assert np.abs(first.astype(int)).max() > 3000
    assert len(sound(polly, TEXT)) > 3 * len(first)


def test_voices_differ_as_their_gender_says(polly: Any) -> None:
    assert pitch(sound(polly, TEXT, VoiceId="Joanna")) > 1.3 * pitch(sound(polly, TEXT, VoiceId="Matthew"))


@pytest.mark.parametrize("voice", ["Hans", "Celine", "Lucia", "Bianca", "Tatyana", "Zhiyu", "Ewa", "Filiz", "Hala"])
def test_languages(polly: Any, voice: str) -> None:
    text = {"Tatyana": "Привет, мир.", "Zhiyu": "你好，世界。", "Hala": "مرحبا بالعالم"}.get(voice, "Radio Taxi Hotel.")
    words = marks(polly, text, ["word"], VoiceId=voice)
    assert words and len(sound(polly, text, VoiceId=voice)) > 8000


def test_marks_are_in_order_and_within_the_sound(polly: Any) -> None:
    found = marks(polly, TEXT, ["sentence", "word", "viseme"])
    length = len(sound(polly, TEXT)) / 16
    times = [mark["time"] for mark in found]
    assert times == sorted(times) and times[0] >= 0 and times[-1] <= length
    words = [mark for mark in found if mark["type"] == "word"]
    assert [mark["value"] for mark in words] == TEXT.replace(".", "").split()
    assert all(TEXT.encode()[mark["start"] : mark["end"]].decode() == mark["value"] for mark in words)
    sentences = [mark["value"] for mark in found if mark["type"] == "sentence"]
    assert sentences == [part + "." for part in TEXT[:-1].split(". ")]
    shapes = {mark["value"] for mark in found if mark["type"] == "viseme"}
    assert {"sil", "p", "t", "u", "k"} <= shapes
    starts = [mark["time"] for mark in words]
    assert len(set(starts)) == len(starts), "every word has a time of its own"


def test_offsets_are_bytes(polly: Any) -> None:
    text = "Größe über alles: naïve 東京 end."
    words = marks(polly, text, ["word"], VoiceId="Vicki")
    assert [text.encode()[word["start"] : word["end"]].decode() for word in words] == [word["value"] for word in words]
    assert words[-1]["value"] == "end"


def test_words_begin_where_the_sound_does(polly: Any) -> None:
    """Words with rests around them: a mark is near the onset of the energy."""
    names = ["cat", "dog", "table", "garden", "pepper", "boat"]
    inside = '<break time="500ms"/>'.join(names)
    document = f"<speak>{inside}</speak>"
    samples = np.abs(ssml(polly, inside).astype(int))
    found = marks(polly, document, ["word"], TextType="ssml")
    loud = samples > 400
    onsets = [i for i in np.flatnonzero(loud) if not loud[max(0, i - 4000) : i].any()]
    assert len(onsets) == len(names)
    assert all(abs(mark["time"] - onset / 16) <= 60 for mark, onset in zip(found, onsets, strict=True))


def test_ssml_is_heard(polly: Any) -> None:
    plain = ssml(polly, TEXT)
    assert len(ssml(polly, TEXT + '<break time="2s"/>')) - len(plain) == pytest.approx(32000, abs=200)
    assert len(ssml(polly, f'<prosody rate="50%">{TEXT}</prosody>')) > 1.4 * len(plain)
    assert len(ssml(polly, f'<prosody rate="150%">{TEXT}</prosody>')) < 0.85 * len(plain)
    assert pitch(ssml(polly, f'<prosody pitch="+50%">{TEXT}</prosody>')) > 1.1 * pitch(plain)
    soft = np.abs(ssml(polly, f'<prosody volume="-12dB">{TEXT}</prosody>').astype(int)).max()
    assert soft == pytest.approx(np.abs(plain.astype(int)).max() / 4, rel=0.1)
    whispered = ssml(polly, f'<amazon:effect name="whispered">{TEXT}</amazon:effect>')
    assert noisiness(whispered) > 1.5 * noisiness(plain), "a whisper is noise"
    said = ssml(polly, '<sub alias="World Wide Web Consortium">W3C</sub>')
    assert len(said) == pytest.approx(len(ssml(polly, "World Wide Web Consortium")), abs=50)


def test_a_pronunciation_is_heard(polly: Any) -> None:
    ipa = ssml(polly, '<phoneme alphabet="ipa" ph="bəˈnænə">x</phoneme>')
    xsampa = ssml(polly, '<phoneme alphabet="x-sampa" ph="b@&quot;n{n@">x</phoneme>')
    assert len(ipa) == pytest.approx(len(xsampa), abs=50)
    assert abs(len(ipa) - len(ssml(polly, "banana"))) < 4000

    def shapes(inside: str) -> list[str]:
        found = marks(polly, f"<speak>{inside}</speak>", ["viseme"], TextType="ssml")
        return [mark["value"] for mark in found]

    assert shapes('<phoneme ph="ˈɹɛd">read</phoneme>') == shapes("red")
    assert shapes('<w role="amazon:VBD">read</w>') == shapes("red") != shapes('<w role="amazon:VB">read</w>')


def test_marks_of_ssml(polly: Any) -> None:
    document = '<speak>Mary had a <mark name="animal"/>little lamb.<break time="1s"/><mark name="end"/></speak>'
    found = marks(polly, document, ["sentence", "ssml", "word"], TextType="ssml")
    tags = [mark for mark in found if mark["type"] == "ssml"]
    assert [mark["value"] for mark in tags] == ["animal", "end"]
    assert [document[mark["start"] : mark["end"]] for mark in tags] == ['<mark name="animal"/>', '<mark name="end"/>']
    (little,) = (mark["time"] for mark in found if mark["value"] == "little")
    assert tags[0]["time"] == little
    assert tags[1]["time"] > found[-2]["time"] + 1000


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Text": "x" * 6001}, "TextLengthExceededException"),
        ({"Text": "x " * 1501}, "TextLengthExceededException"),
        ({"SampleRate": "12345"}, "InvalidSampleRateException"),
        ({"SampleRate": "22050", "OutputFormat": "pcm"}, "InvalidSampleRateException"),
        ({"SpeechMarkTypes": ["word"]}, "MarksNotSupportedForFormatException"),
        ({"OutputFormat": "json", "SpeechMarkTypes": ["ssml"]}, "SsmlMarksNotSupportedForTextTypeException"),
        ({"OutputFormat": "json"}, "ValidationException"),
        ({"Engine": "neural"}, "EngineNotSupportedException"),
        ({"Engine": "generative"}, "EngineNotSupportedException"),
        ({"LanguageCode": "fr-FR"}, "LanguageNotSupportedException"),
        ({"VoiceId": "Mizuki"}, "LanguageNotSupportedException"),
        ({"VoiceId": "Nobody"}, "ValidationException"),
        ({"LexiconNames": ["absent"]}, "LexiconNotFoundException"),
        ({"Text": "<speak>a", "TextType": "ssml"}, "InvalidSsmlException"),
        ({"Text": "no tags", "TextType": "ssml"}, "InvalidSsmlException"),
        ({"Text": "<speak><amazon:breath/></speak>", "TextType": "ssml"}, "InvalidSsmlException"),
        ({"Text": '<speak><phoneme ph="ǃ">a</phoneme></speak>', "TextType": "ssml"}, "InvalidSsmlException"),
        ({"Text": "<speak>" + "<p>" * 100 + "</p>" * 100 + "</speak>", "TextType": "ssml"}, "InvalidSsmlException"),
        ({"Text": '<!DOCTYPE s [<!ENTITY a "b">]><speak>&a;</speak>', "TextType": "ssml"}, "InvalidSsmlException"),
    ],
)
def test_refusals(polly: Any, parameters: dict[str, Any], code: str) -> None:
    assert code_of(polly, **parameters) == code


def test_hours_of_breaks_are_cut_off(polly: Any) -> None:
    samples = ssml(polly, '<break time="10s"/>' * 300, SampleRate="8000")
    assert len(samples) == 600 * 8000


def test_nothing_to_say(polly: Any) -> None:
    assert len(sound(polly, "   ")) == 0
    assert marks(polly, "...", ["word"]) == []


@pytest.mark.parametrize(
    "text", ["\x00\x01\x02", "[[aaa]]", "<speak>", "&#0;", "\U0001f600 \u202e x", "a\x01b" * 200, "']]>"]
)
def test_odd_texts_do_no_harm(polly: Any, text: str) -> None:
    speak(polly, text)
    assert len(sound(polly, "Still here.")) > 8000


def test_describe_voices(polly: Any) -> None:
    answer = Recorder(polly).ask("describe_voices")
    voices = {voice["Id"]: voice for voice in answer["Voices"]}
    assert voices["Joanna"]["LanguageCode"] == "en-US" and voices["Joanna"]["Gender"] == "Female"
    assert "eSpeak NG" in voices["Joanna"]["Name"] and voices["Joanna"]["SupportedEngines"] == ["standard"]
    assert "Mizuki" not in voices, "no engine here reads Japanese"
    german = polly.describe_voices(LanguageCode="de-DE")["Voices"]
    assert {voice["Id"] for voice in german} == {"Marlene", "Vicki", "Hans", "Daniel", "Lennart"}
    assert polly.describe_voices(Engine="neural")["Voices"] == []
    hindi = polly.describe_voices(LanguageCode="hi-IN", IncludeAdditionalLanguageCodes=True)["Voices"]
    assert {voice["Id"] for voice in hindi} == {"Aditi", "Kajal"}
    with pytest.raises(polly.exceptions.InvalidNextTokenException):
        polly.describe_voices(NextToken="made-up")


def test_a_bilingual_voice(polly: Any) -> None:
    english, hindi = (sound(polly, "Radio", VoiceId="Aditi", LanguageCode=language) for language in ("en-IN", "hi-IN"))
    assert len(english) > 4000 and len(hindi) > 4000
    assert abs(len(english) - len(hindi)) > 200


def test_a_presigned_url_speaks(polly: Any, speaking: Addresses, tmp_path: Path) -> None:
    """What a web page puts into <audio src>: SDKs sign a GET whose query has the request."""
    asked = {"Text": "Mind the gap & the step.", "VoiceId": "Amy", "OutputFormat": "mp3", "LexiconNames": []}
    link = client("polly", speaking).generate_presigned_url("synthesize_speech", Params=asked, HttpMethod="GET")
    with urllib.request.urlopen(link, timeout=60) as answer:
        assert answer.headers["Content-Type"] == "audio/mpeg"
        assert len(answer.read()) > 5000
    keys = tmp_path / "keys.toml"
    keys.write_text(
        '[[principal]]\nname = "ada"\naccount = "000000000042"\naccess_key_id = "AKADA"\nsecret_access_key = "secret"\n'
    )
    with nonet(tmp_path / "data", services="speech", principals_file=keys) as locked:
        for secret, told in (("secret", 400), ("wrong", 403)):
            stranger = client("polly", locked, aws_access_key_id="AKADA", aws_secret_access_key=secret)
            link = stranger.generate_presigned_url(
                "synthesize_speech", Params={**asked, "VoiceId": "Vicki"}, HttpMethod="GET"
            )
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(link, timeout=60)
            # Nobody speaks German there: 400 says so to a caller who is known.
            assert refused.value.code == told
