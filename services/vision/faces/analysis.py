"""Faces of a picture with their attributes, and their embeddings.

detect -> the detector, the 100 largest faces -> a crop a face -> side by side, each only if asked for:
          mesh (always: pose), irises, age and gender, expression
embed  -> the embedding model, that of a collection where one is named

No model of the catalog tells eyeglasses, sunglasses, beards or moustaches, nor whether something covers a face (the
mesh's presence probability falls for profiles as well as for hands): these attributes are never told.
"""

from __future__ import annotations

import asyncio
import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.vision import tasks
from services.vision.faces.ages import AgeRange, age_range
from services.vision.faces.eyes import EyeDirection, eye_direction, eyes_open
from services.vision.faces.landmarks import Landmark, all_landmarks, default_landmarks
from services.vision.faces.mouth import mouth_open
from services.vision.faces.pose import Pose, pose_of, pose_of_points
from services.vision.faces.quality import FaceQuality, quality_of
from services.vision.faces.traits import Trait, trait
from services.vision.tasks import (
    AgeAndGender,
    EyePicture,
    FacePicture,
    FacePoints,
    FoundFace,
    Irises,
    Vector,
)
from shared.media.boxes import Box
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Picture

MOST_FACES = 100
#: Side of the square around a face that the engines are given, in longer sides of its box. They take squares of up to
#: 1.3 of these sides, however turned.
CROP = 2.2
#: Least probability of a face from which the mesh is believed.
MIN_PRESENCE = 0.5


class FaceAttribute(enum.StrEnum):
    """Rekognition's names."""

    DEFAULT = "DEFAULT"
    ALL = "ALL"
    AGE_RANGE = "AGE_RANGE"
    BEARD = "BEARD"
    EMOTIONS = "EMOTIONS"
    EYE_DIRECTION = "EYE_DIRECTION"
    EYEGLASSES = "EYEGLASSES"
    EYES_OPEN = "EYES_OPEN"
    GENDER = "GENDER"
    MOUTH_OPEN = "MOUTH_OPEN"
    MUSTACHE = "MUSTACHE"
    FACE_OCCLUDED = "FACE_OCCLUDED"
    SMILE = "SMILE"
    SUNGLASSES = "SUNGLASSES"


@dataclass(frozen=True, slots=True)
class Gender:
    """How a face is read, "Male" or "Female", and the probability of that in percent."""

    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Emotion:
    """An expression by Rekognition's name, "HAPPY", and its probability in percent."""

    type: str
    confidence: float


@dataclass(frozen=True, slots=True)
class AnalyzedFace:
    """A face in pixels of the picture. None: not asked for, or it cannot be told of this face."""

    found: FoundFace
    #: The detector's score in percent.
    confidence: float
    landmarks: tuple[Landmark, ...]
    pose: Pose
    quality: FaceQuality
    #: Probability, 0..1, that the mesh gives to a face being there: low for profiles and covered faces.
    presence: float
    age_range: AgeRange | None = None
    gender: Gender | None = None
    #: The most probable one first.
    emotions: tuple[Emotion, ...] | None = None
    smile: Trait | None = None
    eyes_open: Trait | None = None
    mouth_open: Trait | None = None
    eye_direction: EyeDirection | None = None
    face_occluded: Trait | None = None

    @property
    def box(self) -> Box:
        return self.found.box


@dataclass(frozen=True, slots=True)
class FaceAnswer:
    """Faces, largest first, and the ids of the models that took part."""

    faces: Sequence[AnalyzedFace]
    models: Sequence[str]


@dataclass(frozen=True, slots=True)
class Embeddings:
    """``vectors``: float32 of shape (faces, numbers), (0, 0) without faces; ``model_id``: whose they are."""

    vectors: Vector
    model_id: str


@dataclass(frozen=True, slots=True)
class _Wish:
    """Which networks a set of attributes needs."""

    irises: bool
    age: bool
    expression: bool

    @classmethod
    def of(cls, attributes: frozenset[FaceAttribute]) -> _Wish:
        whole = FaceAttribute.ALL in attributes
        return cls(
            irises=whole or bool(attributes & {FaceAttribute.EYES_OPEN, FaceAttribute.EYE_DIRECTION}),
            age=whole or bool(attributes & {FaceAttribute.AGE_RANGE, FaceAttribute.GENDER}),
            expression=whole or bool(attributes & {FaceAttribute.EMOTIONS, FaceAttribute.SMILE}),
        )


class FaceAnalyzer:
    """Finds, describes and embeds faces with the installed models."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def detect(
        self, picture: Picture, attributes: frozenset[FaceAttribute], priority: Priority = Priority.INTERACTIVE
    ) -> FaceAnswer:
        """The 100 largest faces. Box, confidence, landmarks, pose and quality are always told.

        Raises:
            ModelNotInstalled: no installed model does what is asked for.
            ResourceExhausted: too much waits already.
        """
        async with await self._runtime.lease(tasks.DETECT_FACES) as lease:
            models = [lease.model.id]
            (found,) = await lease.run([picture], priority)
        found = list(found)[:MOST_FACES]
        if not found:
            return FaceAnswer((), models)
        crops, offsets = zip(*await asyncio.to_thread(_face_pictures, picture, found), strict=True)
        wish = _Wish.of(attributes)
        (meshes, irises), ages, expressions = await asyncio.gather(
            self._mesh_and_irises(crops, wish.irises, priority, models),
            self._run_if(wish.age, tasks.ESTIMATE_AGE_AND_GENDER, crops, priority, models),
            self._run_if(wish.expression, tasks.CLASSIFY_EXPRESSION, crops, priority, models),
        )
        height, width = picture.pixels.shape[:2]
        parts = map(_Parts, found, crops, offsets, meshes, irises, ages, expressions)
        # A hundred faces take some hundredths of a second: not on the event loop.
        faces = await asyncio.to_thread(lambda: [part.analyzed(attributes, (width, height)) for part in parts])
        return FaceAnswer(faces, sorted(set(models)))

    async def embed(
        self,
        picture: Picture,
        faces: Sequence[FoundFace],
        priority: Priority = Priority.INTERACTIVE,
        model_id: str | None = None,
    ) -> Embeddings:
        """A vector for each of ``faces`` of ``picture``, of the model ``model_id`` or of the best installed one.

        Raises:
            ModelNotInstalled: that model, or any, is not on this machine.
            ResourceExhausted: too much waits already.
        """
        if model_id is None:
            lease = await self._runtime.lease(tasks.EMBED_FACE)
        else:
            lease = await self._runtime.lease_model(model_id)
        async with lease:
            crops = await asyncio.to_thread(_face_pictures, picture, faces)
            vectors = await lease.run([crop for crop, _ in crops], priority)
        if not vectors:
            return Embeddings(np.zeros((0, 0), dtype=np.float32), lease.model.id)
        return Embeddings(np.stack(vectors).astype(np.float32), lease.model.id)

    async def _mesh_and_irises(
        self, crops: Sequence[FacePicture], irises: bool, priority: Priority, models: list[str]
    ) -> tuple[Sequence[FacePoints], Sequence[Irises | None]]:
        meshes: Sequence[FacePoints] = await self._run(tasks.LOCATE_FACE_POINTS, crops, priority, models)
        eyes = [EyePicture(crop.pixels, mesh) for crop, mesh in zip(crops, meshes, strict=True)]
        return meshes, await self._run_if(irises, tasks.LOCATE_IRISES, eyes, priority, models)

    async def _run_if(
        self, wanted: bool, task: str, items: Sequence[Any], priority: Priority, models: list[str]
    ) -> Sequence[Any]:
        """As ``_run``; None for each item where the task is not wanted."""
        return await self._run(task, items, priority, models) if wanted else [None] * len(items)

    async def _run(self, task: str, items: Sequence[Any], priority: Priority, models: list[str]) -> Sequence[Any]:
        """A result an item; the model's id is noted in ``models``."""
        async with await self._runtime.lease(task) as lease:
            models.append(lease.model.id)
            return await lease.run(items, priority)


def _face_pictures(picture: Picture, faces: Sequence[FoundFace]) -> list[tuple[FacePicture, tuple[int, int]]]:
    return [face_picture(picture, face) for face in faces]


def face_picture(picture: Picture, face: FoundFace) -> tuple[FacePicture, tuple[int, int]]:
    """The part of a picture around a face, with the face in its pixels, and where its upper left corner was."""
    height, width = picture.pixels.shape[:2]
    x, y = face.box.center
    half = max(face.box.width, face.box.height) * CROP / 2
    region = Box(x - half, y - half, x + half, y + half).clipped(width, height)
    left, top = min(math.floor(region.left), width - 1), min(math.floor(region.top), height - 1)
    right, bottom = max(left + 1, math.ceil(region.right)), max(top + 1, math.ceil(region.bottom))
    moved = FoundFace(face.box.moved(-left, -top), face.score, face.points - np.array([left, top], dtype=np.float32))
    # A copy, so that the batch does not hold, nor a worker process get, the whole picture.
    return FacePicture(picture.pixels[top:bottom, left:right].copy(), moved), (left, top)


@dataclass(frozen=True, slots=True)
class _Parts:
    """What the networks said of one face; all but ``face`` in pixels of its crop."""

    face: FoundFace
    crop: FacePicture
    offset: tuple[int, int]
    mesh: FacePoints
    irises: Irises | None
    age: AgeAndGender | None
    expression: Mapping[str, float] | None

    def analyzed(self, attributes: frozenset[FaceAttribute], size: tuple[int, int]) -> AnalyzedFace:
        """``size``: width and height of the picture."""
        whole = FaceAttribute.ALL in attributes
        seen = self.mesh.presence >= MIN_PRESENCE
        pose = pose_of(self.mesh.points) if seen else pose_of_points(self.face.points)
        irises = self.irises if seen else None

        def asked(attribute: FaceAttribute) -> bool:
            return whole or attribute in attributes

        return AnalyzedFace(
            found=self.face,
            confidence=self.face.score * 100,
            landmarks=(
                all_landmarks(self.face, self.mesh, irises, size, self.offset)
                if irises is not None and whole
                else default_landmarks(self.face, size)
            ),
            pose=pose,
            quality=quality_of(self.crop),
            presence=self.mesh.presence,
            age_range=age_range(self.age.age) if self.age is not None and asked(FaceAttribute.AGE_RANGE) else None,
            gender=_gender(self.age) if self.age is not None and asked(FaceAttribute.GENDER) else None,
            emotions=(
                _emotions(self.expression) if self.expression is not None and asked(FaceAttribute.EMOTIONS) else None
            ),
            # A smile is what the network calls a happy expression: nothing else in the catalog knows one.
            smile=(
                trait(self.expression["HAPPY"]) if self.expression is not None and asked(FaceAttribute.SMILE) else None
            ),
            eyes_open=eyes_open(irises, pose) if irises is not None and asked(FaceAttribute.EYES_OPEN) else None,
            mouth_open=mouth_open(self.mesh.points) if seen and asked(FaceAttribute.MOUTH_OPEN) else None,
            eye_direction=(
                eye_direction(irises, pose, self.mesh.presence)
                if irises is not None and asked(FaceAttribute.EYE_DIRECTION)
                else None
            ),
        )


def _gender(estimate: AgeAndGender) -> Gender:
    read = trait(estimate.female)
    return Gender("Female" if read.value else "Male", read.confidence)


def _emotions(expression: Mapping[str, float]) -> tuple[Emotion, ...]:
    ranked = sorted(expression.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Emotion(name, 100 * probability) for name, probability in ranked)
