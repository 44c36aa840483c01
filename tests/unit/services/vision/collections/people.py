"""Made-up faces: people are points of the unit sphere, their pictures lie close around them."""

from __future__ import annotations

import numpy as np

from services.vision.collections.faces import NewFace, Vector, Vectors
from services.vision.collections.follower import IndexPolicy
from shared.media.boxes import Box

ACCOUNT, OTHER_ACCOUNT = "000000000000", "111111111111"
NAME = "staff"
MODEL = "made-up"
DIMENSIONS = 32
#: Small collections that use what large ones do.
SMALL = IndexPolicy(exact_faces=100, snapshot_changes=50)


def people(count: int, seed: int = 0) -> Vectors:
    """One vector a person, shape (count, DIMENSIONS); about 1.4 apart."""
    rows = np.random.default_rng(seed).standard_normal((count, DIMENSIONS))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def pictures(of: Vectors, distance: float, seed: int = 1) -> Vectors:
    """Another picture of each, so far from the first."""
    return (of + distance * people(len(of), seed)).astype(np.float32)


def new_face(vector: Vector, name: str = "", model: str = MODEL) -> NewFace:
    return NewFace("image", Box(0.1, 0.2, 0.3, 0.5), 0.9, vector, model, external_image_id=name or None)


def new_faces(vectors: Vectors, first: int = 0) -> list[NewFace]:
    """Faces whose external image ids count from ``first``."""
    return [new_face(vector, str(at)) for at, vector in enumerate(vectors, first)]
