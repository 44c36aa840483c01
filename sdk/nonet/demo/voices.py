"""Polly: a sentence as sound, and when its words begin. Needs an engine that speaks."""

from __future__ import annotations

import json
from pathlib import Path

from botocore.exceptions import ClientError

from nonet.demo.stage import Endpoints, boto3_client, row, timed, title

TEXT = "Your train leaves at nine from platform two."


def show(endpoints: Endpoints, folder: Path | None) -> None:
    polly = boto3_client("polly", endpoints)
    title("Polly")
    try:
        answer, seconds = timed(
            lambda: polly.synthesize_speech(Text=TEXT, OutputFormat="mp3", VoiceId="Joanna", Engine="standard")
        )
    except ClientError as refused:
        print(refused.response["Error"]["Message"])
        return
    sound = answer["AudioStream"].read()
    row("SynthesizeSpeech", f'"{TEXT}": {len(sound) // 1024} KB of mp3', seconds, answer)
    if folder is not None:
        (folder / "speech.mp3").write_bytes(sound)
    answer, seconds = timed(
        lambda: polly.synthesize_speech(
            Text=TEXT, OutputFormat="json", SpeechMarkTypes=["word"], VoiceId="Joanna", Engine="standard"
        )
    )
    marks = [json.loads(line) for line in answer["AudioStream"].read().splitlines()]
    row("  speech marks", "  ".join(f"{mark['value']} {mark['time'] / 1000:.2f} s" for mark in marks), seconds, answer)
