"""Whether the lips are apart."""

from __future__ import annotations

import numpy as np

from services.vision.faces.traits import Trait, logistic, trait
from services.vision.tasks import Points

#: Points of the mesh on the inner edge of the lips: the corners, and three pairs of upper and lower ones.
_CORNERS = (78, 308)
_ACROSS = ((82, 87), (13, 14), (312, 317))
#: Logistic regression on the 35 faces of the development data whose mouth was judged by eye, 20 of them with the lips
#: apart (talking, laughing, showing teeth): three fall on the wrong side.
OPEN_CENTRE, OPEN_SPREAD = 0.126, 0.024


def mouth_openness(mesh: Points) -> float:
    """Mean height of the opening between the lips over its width, of a mesh (468, 3), in the picture's plane."""
    flat = mesh[:, :2]
    width = float(np.hypot(*(flat[_CORNERS[1]] - flat[_CORNERS[0]])))
    heights = [float(np.hypot(*(flat[lower] - flat[upper]))) for upper, lower in _ACROSS]
    return sum(heights) / len(heights) / max(width, 1e-6)


def mouth_open(mesh: Points) -> Trait:
    """Whether the lips are apart."""
    return trait(logistic((mouth_openness(mesh) - OPEN_CENTRE) / OPEN_SPREAD))
