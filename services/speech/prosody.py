"""Values of SSML attributes: rates, pitches, volumes and times, in Polly's ranges."""

from __future__ import annotations

import re

from services.speech.faults import invalid_ssml

RATES = {"x-slow": 0.5, "slow": 0.75, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
PITCHES = {"x-low": 0.7, "low": 0.85, "medium": 1.0, "default": 1.0, "high": 1.2, "x-high": 1.4}
#: Decibels added; silence is a level that nobody hears.
VOLUMES = {"silent": -120.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 4.0, "x-loud": 8.0}
#: <break strength>, in milliseconds.
STRENGTHS = {"none": 0, "x-weak": 0, "weak": 150, "medium": 300, "strong": 450, "x-strong": 800}
#: <emphasis level>: factor of the rate, decibels.
EMPHASES = {"strong": (0.8, 5.0), "moderate": (0.9, 2.5), "none": (1.0, 0.0), "reduced": (1.1, -3.0)}

MAX_BREAK_MS = 10_000
_PERCENT = re.compile(r"([+-]?)(\d{1,4}(?:\.\d{1,3})?)%")
_DECIBELS = re.compile(r"([+-]?\d{1,3}(?:\.\d{1,3})?)dB", re.IGNORECASE)
_TIME = re.compile(r"\+?(\d{1,6}(?:\.\d{1,3})?|\.\d{1,3})(ms|s)")


def rate(value: str) -> float:
    """Factor of the speaking rate: a name, or 20 % to 200 %."""
    if value in RATES:
        return RATES[value]
    match = _PERCENT.fullmatch(value)
    if match is None:
        raise invalid_ssml(f"The rate of <prosody> is one of {', '.join(RATES)}, or a percentage like 80%.")
    # "+10%" is a change, "110%" the rate itself.
    number = float(match[2])
    percent = {"": number, "+": 100 + number, "-": 100 - number}[match[1]]
    if not 20 <= percent <= 200:
        raise invalid_ssml("The rate of <prosody> must be 20% to 200%.")
    return percent / 100


def pitch(value: str) -> float:
    """Factor of the pitch: a name, or a change of -50 % to +100 %."""
    if value in PITCHES:
        return PITCHES[value]
    match = _PERCENT.fullmatch(value)
    if match is None or not match[1]:
        raise invalid_ssml(f"The pitch of <prosody> is one of {', '.join(PITCHES)}, or a change like +10%.")
    percent = float(match[1] + match[2])
    if not -50 <= percent <= 100:
        raise invalid_ssml("The pitch of <prosody> may change by -50% to +100%.")
    return 1 + percent / 100


def volume(value: str) -> float:
    """Decibels: a name, or a change of -60 dB to +12 dB."""
    if value in VOLUMES:
        return VOLUMES[value]
    match = _DECIBELS.fullmatch(value)
    if match is None or not -60 <= float(match[1]) <= 12:
        raise invalid_ssml(f"The volume of <prosody> is one of {', '.join(VOLUMES)}, or -60dB to +12dB.")
    return float(match[1])


def milliseconds(value: str) -> int:
    """The time of a <break>, at most ten seconds."""
    match = _TIME.fullmatch(value)
    if match is None:
        raise invalid_ssml("The time of <break> is like 300ms or 1.5s.")
    time = round(float(match[1]) * (1000 if match[2] == "s" else 1))
    if time > MAX_BREAK_MS:
        raise invalid_ssml("A <break> lasts 10 seconds at most.")
    return time
