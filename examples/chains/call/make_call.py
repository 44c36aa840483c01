"""How call.ogg was made: two voices of Polly on the channels of a call. Needs a voice: apt-get install libflite1."""

import sys
from pathlib import Path

import boto3
import numpy as np
import soundfile

RATE = 16_000
#: Channel 0 is the agent, channel 1 the customer.
TURNS = [
    (0, "Joanna", "Good morning. Thank you for calling. How can I help you?"),
    (1, "Matthew", "I am very unhappy. My new heater is broken again, and nobody came to repair it."),
    (0, "Joanna", "I am sorry about that. We will send a technician tomorrow morning."),
    (1, "Matthew", "Tomorrow is too late. It is terribly cold in this house."),
]

polly = boto3.client("polly")
channels: list[list[np.ndarray]] = [[], []]
for speaker, voice, text in TURNS:
    answer = polly.synthesize_speech(Text=text, VoiceId=voice, OutputFormat="pcm", SampleRate=str(RATE))
    sound = np.frombuffer(answer["AudioStream"].read(), "<i2")
    sound = np.concatenate([sound, np.zeros(RATE // 2, "<i2")])
    channels[speaker].append(sound)
    channels[1 - speaker].append(np.zeros_like(sound))
target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("call.ogg")
both = np.stack([np.concatenate(channel) for channel in channels], axis=1)
soundfile.write(target, both, RATE, "OPUS", format="OGG")
