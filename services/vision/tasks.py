"""What the engines of this service take and give: one item and one result type a task, and a Protocol each.

An engine of a task is anything with ``run(items)`` and ``close()``; it gives one result an item, in order. Pictures are
``shared.tasks.reading.Picture``: uint8 of shape (height, width, 3), RGB, upright. Coordinates are pixels of the item's
picture, x to the right and y down; scores and probabilities are 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from shared.media.boxes import Box
from shared.tasks.reading import Picture, Pixels

#: Names of the tasks in the catalog.
DETECT_OBJECTS = "detect-objects"
CLASSIFY_IMAGE = "classify-image"
MODERATE_IMAGE = "moderate-image"
DETECT_FACES = "detect-faces"
LOCATE_FACE_POINTS = "locate-face-points"
LOCATE_IRISES = "locate-irises"
ESTIMATE_AGE_AND_GENDER = "estimate-age-and-gender"
CLASSIFY_EXPRESSION = "classify-expression"
EMBED_FACE = "embed-face"

Points = npt.NDArray[np.float32]
Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FoundObject:
    """One object: its class in the model's own words ("dining table"), and where it is."""

    name: str
    score: float
    box: Box


@dataclass(frozen=True, slots=True)
class ImageClass:
    """A class that a whole picture may belong to, in the model's own words, and how probable that is."""

    name: str
    score: float


@dataclass(frozen=True, slots=True)
class FoundFace:
    """A face: ``points`` has shape (5, 2): right eye, left eye, nose tip, right and left corner of the mouth.

    Right and left are the person's own, so the right eye is on the left of the picture.
    """

    box: Box
    score: float
    points: Points


@dataclass(frozen=True, slots=True)
class FacePicture:
    """A picture around one face, with room on all sides where the photograph has it; ``face`` is in its pixels."""

    pixels: Pixels
    face: FoundFace


@dataclass(frozen=True, slots=True)
class FacePoints:
    """The 468 points of MediaPipe's face mesh, shape (468, 3), z in pixels too (nearer is smaller).

    ``presence`` is the probability that there is a face at all.
    """

    points: Points
    presence: float


@dataclass(frozen=True, slots=True)
class Irises:
    """Centre and four points around each iris, shape (5, 2), of the person's right and left eye; and the eyes' lids.

    Lids have shape (16, 2): the lower one from the outer corner to the inner (9 points), then the upper between them.
    """

    right: Points
    left: Points
    right_lids: Points
    left_lids: Points


@dataclass(frozen=True, slots=True)
class EyePicture:
    """A face whose irises are wanted: the mesh says where its eyes are."""

    pixels: Pixels
    mesh: FacePoints


@dataclass(frozen=True, slots=True)
class AgeAndGender:
    """Apparent age in years, and the probability that the face is read as a woman's."""

    age: float
    female: float


class ObjectDetector(Protocol):
    """The objects of each picture, surest first, duplicates already removed."""

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[FoundObject]]: ...
    def close(self) -> None: ...


class ImageClassifier(Protocol):
    """The classes of each picture, most probable first."""

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[ImageClass]]: ...
    def close(self) -> None: ...


class FaceDetector(Protocol):
    """The faces of each picture, largest first."""

    def run(self, items: Sequence[Picture]) -> Sequence[Sequence[FoundFace]]: ...
    def close(self) -> None: ...


class FacePointLocator(Protocol):
    """The mesh of each face."""

    def run(self, items: Sequence[FacePicture]) -> Sequence[FacePoints]: ...
    def close(self) -> None: ...


class IrisLocator(Protocol):
    """The irises of each face."""

    def run(self, items: Sequence[EyePicture]) -> Sequence[Irises]: ...
    def close(self) -> None: ...


class AgeAndGenderEstimator(Protocol):
    """Apparent age and gender of each face."""

    def run(self, items: Sequence[FacePicture]) -> Sequence[AgeAndGender]: ...
    def close(self) -> None: ...


class ExpressionClassifier(Protocol):
    """Probabilities of the expressions that the model knows, by Rekognition's names of emotions; they sum to 1."""

    def run(self, items: Sequence[FacePicture]) -> Sequence[Mapping[str, float]]: ...
    def close(self) -> None: ...


class FaceEmbedder(Protocol):
    """A vector for each face; vectors of one person lie near one another (Euclidean distance)."""

    def run(self, items: Sequence[FacePicture]) -> Sequence[Vector]: ...
    def close(self) -> None: ...
