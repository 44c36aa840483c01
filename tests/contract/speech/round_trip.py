"""Text -> Polly -> Transcribe -> text: ``python -m tests.contract.speech.round_trip`` prints each voice's word errors.

Speaks with what is installed (Flite on the system, eSpeak NG in a temporary folder) and hears with the embedded engine.
"""

from __future__ import annotations

import json
import re
import tempfile
import time
import wave
from io import BytesIO
from pathlib import Path
from typing import Any

from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from tests.running import client, nonet

SENTENCES = (
    "The old man walked slowly down the road to the river.",
    "We will meet again tomorrow morning in front of the station.",
    "She opened the window because the room was very warm.",
    "My brother bought a new house near the city last year.",
    "The doctor said that he should stay in bed for a week.",
    "They have been working on this problem for many years.",
    "Please send me the letter as soon as it is ready.",
    "The children were playing in the garden until it was dark.",
    "I would like to have a cup of coffee and a piece of cake.",
    "Nobody knows what will happen when the winter comes.",
    "The train was late, so we missed the beginning of the show.",
    "He looked at the picture for a long time and said nothing.",
)
#: Polly's voices and the model that speaks for them.
VOICES = (
    ("Joanna", "flite"), ("Matthew", "flite"), ("Joey", "flite"), ("Joanna", "espeak-ng"), ("Matthew", "espeak-ng"),
    ("Amy", "espeak-ng"),
)  # fmt: skip


def words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


def distance(truth: list[str], heard: list[str]) -> int:
    """Words to insert, delete or exchange (Levenshtein, 1966)."""
    row = list(range(len(heard) + 1))
    for i, word in enumerate(truth, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(heard, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (word != other))
    return row[-1]


def spoken(polly: Any, voice: str) -> bytes:
    """All sentences as one WAV file at 16 kHz."""
    buffer = BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        for text in SENTENCES:
            answer = polly.synthesize_speech(Text=text, VoiceId=voice, OutputFormat="pcm", SampleRate="16000")
            file.writeframes(answer["AudioStream"].read() + bytes(32_000))
    return buffer.getvalue()


def transcript(transcribe: Any, s3: Any, name: str, sound: bytes) -> str:
    s3.put_object(Bucket="spoken", Key=name, Body=sound)
    media = {"MediaFileUri": f"s3://spoken/{name}"}
    transcribe.start_transcription_job(
        TranscriptionJobName=name, LanguageCode="en-US", Media=media, OutputBucketName="spoken"
    )
    while True:
        job = transcribe.get_transcription_job(TranscriptionJobName=name)["TranscriptionJob"]
        if job["TranscriptionJobStatus"] in ("COMPLETED", "FAILED"):
            break
        time.sleep(0.2)
    file = json.loads(s3.get_object(Bucket="spoken", Key=f"{name}.json")["Body"].read())
    return str(file["results"]["transcripts"][0]["transcript"])


def main() -> None:
    truth = words(" ".join(SENTENCES))
    for model in dict.fromkeys(model for _, model in VOICES):
        with tempfile.TemporaryDirectory() as folder:
            store, catalog = ModelStore(Path(folder)), Catalog.load()
            entry = catalog.get(model)
            assert entry is not None
            if entry.environment is not None:
                store.install_environment(catalog.environments[entry.environment])
            if not store.installed(entry):
                print(f"{model} is not installed: {entry.remedy}")
                continue
            preferences = {"synthesize-speech": [model]}
            services = "speech,transcription,language"
            with nonet(Path(folder), services=services, model_preferences=preferences) as addresses:
                polly = client("polly", addresses)
                s3 = client("s3", addresses, config={"s3": {"addressing_style": "path"}})
                s3.create_bucket(Bucket="spoken")
                for voice in (voice for voice, speaker in VOICES if speaker == model):
                    heard = transcript(client("transcribe", addresses), s3, f"{model}-{voice}", spoken(polly, voice))
                    rate = distance(truth, words(heard)) / len(truth)
                    print(f"{model:10} {voice:8} {rate:6.1%} of {len(truth)} words wrong")


if __name__ == "__main__":
    main()
