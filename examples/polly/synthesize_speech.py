"""A sentence as an MP3 file, and when each of its words begins."""

import json

import boto3

polly = boto3.client("polly")
text = "The library opens at nine."
answer = polly.synthesize_speech(Text=text, OutputFormat="mp3", VoiceId="Joanna")
with open("speech.mp3", "wb") as file:
    file.write(answer["AudioStream"].read())
marks = polly.synthesize_speech(Text=text, OutputFormat="json", SpeechMarkTypes=["word"], VoiceId="Joanna")
for line in marks["AudioStream"].iter_lines():
    mark = json.loads(line)
    print(f"{mark['time']:5} ms  {mark['value']}")
