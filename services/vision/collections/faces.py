"""Faces of a collection, as they come in, and as the database has them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from services.vision.collections.tables import faces as face_table
from shared.media.boxes import Box

#: How vectors are stored: little-endian float32, whatever the machine.
STORED = np.dtype("<f4")
Vector = npt.NDArray[np.float32]
#: Shape (faces, dimensions).
Vectors = npt.NDArray[np.float32]
#: The changes that added faces; within a collection they stand for the faces themselves.
Numbers = npt.NDArray[np.int64]


def new_face_id() -> str:
    """A random UUID in Rekognition's spelling."""
    return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class NewFace:
    """A face to add. ``box`` in ratios of the image's width and height, ``confidence`` of the detector, 0..1.

    ``vector`` has shape (dimensions,); ``model`` is the id of the model that made it.
    """

    image_id: str
    box: Box
    confidence: float
    vector: Vector
    model: str
    external_image_id: str | None = None
    face_id: str = field(default_factory=new_face_id)


@dataclass(frozen=True, slots=True)
class StoredFace:
    """A face that is in a collection; ``created_at`` in Unix seconds. ``number`` grows from face to face."""

    face_id: str
    image_id: str
    external_image_id: str | None
    box: Box
    confidence: float
    model: str
    number: int
    created_at: float


class FaceMatch(NamedTuple):
    """A face that was found, and the Euclidean distance of its vector from the one asked for."""

    face: StoredFace
    distance: float


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection as it stands. ``model`` is that of its vectors, None before its first face."""

    name: str
    arn: str
    model: str | None
    face_count: int
    created_at: float


@dataclass(frozen=True, slots=True)
class CollectionPage:
    """Some collections by creation, and the token that gives the ones after them (None = these were the last)."""

    collections: Sequence[Collection]
    next_token: str | None


@dataclass(frozen=True, slots=True)
class FacePage:
    """Some faces in the order they came in, and the token of the ones after them (None = these were the last)."""

    faces: Sequence[StoredFace]
    next_token: str | None


#: Columns of a face without its vector.
FACE_COLUMNS = [column for column in face_table.columns if column.name not in ("collection", "vector")]


def stored_face(values: Mapping[Any, Any], model: str) -> StoredFace:
    """The face whose FACE_COLUMNS have these values, by name."""
    return StoredFace(
        face_id=values["face_id"],
        image_id=values["image_id"],
        external_image_id=values["external_image_id"],
        box=Box(values["box_left"], values["box_top"], values["box_right"], values["box_bottom"]),
        confidence=values["confidence"],
        model=model,
        number=values["number"],
        created_at=values["created_at"],
    )


def to_bytes(vector: Vector) -> bytes:
    """How the database keeps a vector. Raises ValueError for one that is empty, of another shape or not finite."""
    if vector.ndim != 1 or not vector.size or not np.isfinite(vector).all():
        raise ValueError("a face's vector is one row of finite numbers")
    return vector.astype(STORED).tobytes()


def from_bytes(rows: Sequence[bytes]) -> Vectors:
    """Vectors of one model that the database kept, as rows of an array; at least one."""
    joined = np.frombuffer(b"".join(rows), dtype=STORED)
    return joined.reshape(len(rows), -1).astype(np.float32)
