"""Figures of the speech service: ``python -m tests.contract.speech.measure`` (Flite if the system has it; eSpeak NG in a temporary folder).

Time to the first byte of 100 characters over HTTP, how many times faster than real time a long text is spoken, and how
far word marks are from the onsets of words that stand alone.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from tests.running import client, nonet

TEXT = "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background, please; it is easy."
WORDS = [
    "cat",
    "dog",
    "table",
    "garden",
    "pepper",
    "boat",
    "time",
    "paper",
    "dinner",
    "candle",
    "bottle",
    "goat",
    "kitten",
    "tower",
    "picture",
]
RUNS = 15


def first_byte(polly: Any, text: str, output: str) -> float:
    """Median milliseconds until the first byte of the body."""
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        body = polly.synthesize_speech(Text=text[:3000], VoiceId="Joanna", OutputFormat=output)["AudioStream"]
        body.read(1)
        times.append((time.perf_counter() - begin) * 1000)
        body.read()
    return statistics.median(times[1:])


def real_time_factor(polly: Any, output: str) -> float:
    """Seconds of speech made in a second."""
    text = (TEXT + " ") * 28
    begin = time.perf_counter()
    polly.synthesize_speech(Text=text[:3000], VoiceId="Joanna", OutputFormat=output)["AudioStream"].read()
    taken = time.perf_counter() - begin
    sound = polly.synthesize_speech(Text=text[:3000], VoiceId="Joanna", OutputFormat="pcm")["AudioStream"].read()
    return len(sound) / 32000 / taken


def onset_errors(polly: Any, voice: str) -> list[float]:
    """Milliseconds between each word's mark and the onset of its energy; the words have rests around them."""
    ssml = "<speak>" + '<break time="500ms"/>'.join(WORDS) + "</speak>"
    asked = {"Text": ssml, "TextType": "ssml", "VoiceId": voice}
    sound = polly.synthesize_speech(OutputFormat="pcm", **asked)["AudioStream"].read()
    loud = np.abs(np.frombuffer(sound, "<i2").astype(int)) > 400
    onsets = [index / 16 for index in np.flatnonzero(loud) if not loud[max(0, index - 4000) : index].any()]
    lines = polly.synthesize_speech(OutputFormat="json", SpeechMarkTypes=["word"], **asked)["AudioStream"].read()
    marks = [json.loads(line)["time"] for line in lines.splitlines()]
    return [mark - onset for mark, onset in zip(marks, onsets, strict=True)]


def main() -> None:
    for model in ("flite", "espeak-ng"):
        with tempfile.TemporaryDirectory() as folder:
            store, catalog = ModelStore(Path(folder)), Catalog.load()
            entry = catalog.get(model)
            assert entry is not None
            if entry.environment is not None:
                store.install_environment(catalog.environments[entry.environment])
            if store.installed(entry):
                measure(model, Path(folder))


def measure(model: str, folder: Path) -> None:
    """Print the figures of one engine."""
    with nonet(folder, services="speech", model_preferences={"synthesize-speech": [model]}) as addresses:
        polly = client("polly", addresses)
        for output in ("mp3", "ogg_vorbis", "ogg_opus", "pcm"):
            speed = real_time_factor(polly, output)
            whole, early = first_byte(polly, TEXT[:100], output), first_byte(polly, (TEXT + " ") * 28, output)
            print(
                f"{model:10} {output:11} first byte of 100 characters {whole:6.1f} ms, of 3,000 {early:6.1f} ms, "
                f"{speed:6.0f} x real time"
            )
        for voice in ("Joanna", "Matthew"):
            errors = onset_errors(polly, voice)
            median, worst = statistics.median(map(abs, errors)), max(map(abs, errors))
            print(
                f"{model:10} {voice:11} marks against onsets: median {median:.0f} ms, worst {worst:.0f} ms "
                f"({len(errors)} words)"
            )


if __name__ == "__main__":
    main()
