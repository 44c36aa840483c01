"""Whether the eyes are open, and where they look."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from services.vision.faces.pose import Pose, rotation_of
from services.vision.faces.traits import Trait, logistic, trait
from services.vision.tasks import Irises, Points

#: Points of the lids (see ``tasks.Irises``): the corners, and two pairs of upper and lower points between them.
_CORNERS = (0, 8)
_ACROSS = ((11, 3), (13, 5))
#: Openness at which lids are as likely open as shut, and how fast that changes. Of the 33 faces of the development
#: data whose eyes were judged by eye, the widest shut eye has 0.11 and the narrowest open one (laughing) 0.165. Two
#: faces only have shut eyes, so the slope is a guess: it makes 0.165 open with 82 % and 0.11 shut with 78 %.
OPEN_CENTRE, OPEN_SPREAD = 0.135, 0.02
#: Farther to a side than this, degrees, one eye cannot be seen, and nothing is said of the eyes.
MOST_YAW = 35.0

#: Distance from the centre of the eyeball to the middle of the iris, in diameters of the iris: 10 mm / 11.7 mm
#: (anatomy).
EYEBALL = 0.85
#: By how much the middle between the corners of an eye lies before the eyeball's centre, and above which the iris of a
#: level look stands, both in diameters of the iris. Fitted to the 21 faces of the development data that look into the
#: camera: what is left over is 6 degrees of yaw and 3 of pitch (standard deviations).
CORNER_DEPTH, CORNER_DROP = 0.09, 0.144
#: Greatest sine of a direction that is told.
MOST_SINE = 0.98


@dataclass(frozen=True, slots=True)
class EyeDirection:
    """Where both eyes look, seen from the camera: degrees with the signs of ``Pose``; into the camera is 0, 0.

    ``confidence`` (0..100) is that of what it rests on: that there is a face, with open eyes. It says nothing of the
    angle.
    """

    yaw: float
    pitch: float
    confidence: float


def openness(lids: Points) -> float:
    """Height of the opening between the lids over its width: the eye aspect ratio of Soukupova and Cech, "Real-Time Eye
    Blink Detection using Facial Landmarks", 2016, on the iris network's points (16, 2)."""
    width = float(np.hypot(*(lids[_CORNERS[1]] - lids[_CORNERS[0]])))
    heights = [float(np.hypot(*(lids[upper] - lids[lower]))) for upper, lower in _ACROSS]
    return sum(heights) / len(heights) / max(width, 1e-6)


def open_probability(irises: Irises) -> float:
    """Probability that both eyes are open, by the narrower one."""
    narrower = min(openness(irises.right_lids), openness(irises.left_lids))
    return logistic((narrower - OPEN_CENTRE) / OPEN_SPREAD)


def eyes_open(irises: Irises, pose: Pose) -> Trait | None:
    """Whether both eyes are open; None for a face that is turned too far aside."""
    return trait(open_probability(irises)) if abs(pose.yaw) <= MOST_YAW else None


def eye_direction(irises: Irises, pose: Pose, presence: float) -> EyeDirection | None:
    """Where the eyes look; ``presence``: the mesh's probability of a face. None for a face that is turned too far
    aside.

    The iris sits on a ball: how far it is from the ball's centre, in diameters of the iris (which hardly differ between
    people), is the sine of the direction. The ball's centre is found behind the middle of the eye's corners, along the
    direction of the head.
    """
    if abs(pose.yaw) > MOST_YAW:
        return None
    offsets, diameters = [], []
    for iris, lids in ((irises.right, irises.right_lids), (irises.left, irises.left_lids)):
        offsets.append(iris[0] - (lids[_CORNERS[0]] + lids[_CORNERS[1]]) / 2)
        diameters.append(2 * float(np.hypot(*(iris[1:] - iris[0]).T).mean()))
    offset = np.mean(offsets, axis=0).astype(np.float64) / max(1e-6, sum(diameters) / 2)
    forward = rotation_of(pose) @ (0.0, 0.0, -1.0)
    sines = (offset + (0.0, CORNER_DROP) + CORNER_DEPTH * forward[:2]) / EYEBALL
    sines = sines * min(1.0, MOST_SINE / max(1e-6, float(np.hypot(*sines))))
    depth = math.sqrt(1 - float(sines @ sines))
    yaw, pitch = math.atan2(float(sines[0]), depth), math.asin(float(-sines[1]))
    confidence = 100 * presence * open_probability(irises)
    return EyeDirection(math.degrees(yaw), math.degrees(pitch), confidence)
