"""Polly: a sentence as sound, and when its words begin. Needs an engine that speaks."""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from nonet.demo.stage import Stage, timed

TEXT = "Your train leaves at nine from platform two."


def show(stage: Stage) -> None:
    polly, row = stage.client("polly"), stage.report.row
    stage.report.title("Polly: a sentence as sound")
    try:
        answer, seconds = timed(
            lambda: polly.synthesize_speech(Text=TEXT, OutputFormat="mp3", VoiceId="Joanna", Engine="standard")
        )
    except ClientError as refused:
        stage.report.line(refused.response["Error"]["Message"])
        return
    sound = answer["AudioStream"].read()
    row("SynthesizeSpeech", f'"{TEXT}": {len(sound) // 1024} KB of mp3', seconds, answer)
    stage.report.keep("speech.mp3", sound, TEXT)
    answer, seconds = timed(
        lambda: polly.synthesize_speech(
            Text=TEXT, OutputFormat="json", SpeechMarkTypes=["word"], VoiceId="Joanna", Engine="standard"
        )
    )
    marks = [json.loads(line) for line in answer["AudioStream"].read().splitlines()]
    row("  speech marks", "  ".join(f"{mark['value']} {mark['time'] / 1000:.2f} s" for mark in marks), seconds, answer)
