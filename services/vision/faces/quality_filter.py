"""Rekognition's QualityFilter: which faces are good enough to be compared and stored, and what others lack.

The bars of AUTO (and of MEDIUM, which is the same here) stand where the embedding stops telling people apart. Measured
by ``bench/quality/faces.py`` on portraits of the development data that were made worse: the same face lies at most
0.51 from itself at a height of 24 pixels and 0.63 at 20; 0.55 when it is blurred by three pixels of 112 (sharpness 33
at most) and 0.63 by four; 0.36 with an eighth of the light (brightness 6), and with a sixteenth (3) half of them are
not found at all. Past 0.6 the network takes a face for another person's. LOW keeps what might still help a person who
looks at the matches, HIGH what leaves room for another bad picture on the other side.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from services.vision.faces.analysis import AnalyzedFace

#: Reasons of UnindexedFaces. ``EXCEEDS_MAX_FACES`` is for whoever counts the faces.
EXCEEDS_MAX_FACES = "EXCEEDS_MAX_FACES"
EXTREME_POSE = "EXTREME_POSE"
LOW_BRIGHTNESS = "LOW_BRIGHTNESS"
LOW_SHARPNESS = "LOW_SHARPNESS"
LOW_CONFIDENCE = "LOW_CONFIDENCE"
SMALL_BOUNDING_BOX = "SMALL_BOUNDING_BOX"
LOW_FACE_QUALITY = "LOW_FACE_QUALITY"


class QualityFilter(enum.StrEnum):
    """Rekognition's levels."""

    NONE = "NONE"
    AUTO = "AUTO"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


@dataclass(frozen=True, slots=True)
class Bar:
    """Least values of a face that passes, and the greatest angles (degrees)."""

    #: Height of the part of its box that lies in the picture, pixels.
    height: float
    #: 0..100, as in ``AnalyzedFace``.
    confidence: float
    brightness: float
    sharpness: float
    yaw: float
    pitch: float
    #: Probability, 0..1, that the mesh finds a face there.
    presence: float


_MEDIUM = Bar(height=24, confidence=70, brightness=3.5, sharpness=30, yaw=60, pitch=45, presence=0.5)
BARS = {
    QualityFilter.LOW: Bar(height=20, confidence=60, brightness=2, sharpness=20, yaw=75, pitch=60, presence=0.0),
    QualityFilter.AUTO: _MEDIUM,
    QualityFilter.MEDIUM: _MEDIUM,
    QualityFilter.HIGH: Bar(height=48, confidence=85, brightness=10, sharpness=60, yaw=35, pitch=30, presence=0.9),
}


def unindexed_reasons(face: AnalyzedFace, level: QualityFilter, size: tuple[int, int]) -> tuple[str, ...]:
    """Why ``face`` of a picture of ``size`` (width, height) does not pass; nothing if it does."""
    bar = BARS.get(level)
    if bar is None:
        return ()
    failed = {
        EXTREME_POSE: abs(face.pose.yaw) > bar.yaw or abs(face.pose.pitch) > bar.pitch,
        LOW_BRIGHTNESS: face.quality.brightness < bar.brightness,
        LOW_SHARPNESS: face.quality.sharpness < bar.sharpness,
        LOW_CONFIDENCE: face.confidence < bar.confidence,
        SMALL_BOUNDING_BOX: face.box.clipped(*size).height < bar.height,
        LOW_FACE_QUALITY: face.presence < bar.presence,
    }
    return tuple(reason for reason, fails in failed.items() if fails)
