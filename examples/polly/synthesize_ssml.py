"""SSML: a pause, a slower part, a date, and the time of a mark."""

import json

import boto3

polly = boto3.client("polly")
ssml = """<speak>
Your appointment is on <say-as interpret-as="date" format="mdy">9/3/2027</say-as>.
<break time="800ms"/><mark name="phone"/>
<prosody rate="70%">Call <say-as interpret-as="telephone">555-0100</say-as>.</prosody>
</speak>"""
answer = polly.synthesize_speech(Text=ssml, TextType="ssml", OutputFormat="ogg_vorbis", VoiceId="Matthew")
with open("appointment.ogg", "wb") as file:
    file.write(answer["AudioStream"].read())
marks = polly.synthesize_speech(
    Text=ssml, TextType="ssml", OutputFormat="json", SpeechMarkTypes=["ssml"], VoiceId="Matthew"
)
for line in marks["AudioStream"].iter_lines():
    mark = json.loads(line)
    print(mark["type"], mark["value"], mark["time"] > 1000)
