"""Photos of one person to the faces that the gallery keeps. The photos themselves are not kept."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from services.vision.collections.faces import NewFace
from services.vision.faces.analysis import AnalyzedFace, FaceAnalyzer
from services.vision.images import LIMITS
from shared import errors
from shared.media.boxes import Box
from shared.media.images import decode_image
from shared.rpc.call import Priority
from shared.tasks.reading import Picture


@dataclass(frozen=True, slots=True)
class Photo:
    """An image's bytes (JPEG or PNG), and what its owner calls it."""

    name: str
    data: bytes


class Enrolment:
    """Finds the one face of each photo, and its vector."""

    def __init__(self, analyzer: FaceAnalyzer) -> None:
        self._analyzer = analyzer

    async def faces(self, photos: Sequence[Photo], model_id: str | None) -> Sequence[NewFace]:
        """One face a photo, as the model ``model_id`` sees it; None = as the best installed one.

        Raises:
            InvalidArgument: naming the photo that cannot be read, or that shows no face or several.
            ModelNotInstalled: a model that is needed is not here.
        """
        found: list[NewFace] = []
        for photo in photos:
            face = await self._face(photo, model_id)
            found.append(face)
            model_id = face.model  # all of one model
        return found

    async def _face(self, photo: Photo, model_id: str | None) -> NewFace:
        try:
            picture = Picture(await asyncio.to_thread(decode_image, photo.data, LIMITS))
        except errors.InvalidArgument as error:
            raise type(error)(f"{photo.name}: {error.message}") from error
        answer = await self._analyzer.detect(picture, frozenset(), Priority.INTERACTIVE)
        if len(answer.faces) != 1:
            shows = f"{len(answer.faces)} faces" if answer.faces else "no face"
            raise errors.InvalidArgument(f"{photo.name} shows {shows}: take a photo of that person alone.")
        (face,) = answer.faces
        embedded = await self._analyzer.embed(picture, [face.found], Priority.INTERACTIVE, model_id)
        image_id = hashlib.sha256(photo.data).hexdigest()[:32]
        box = _ratios(face, picture)
        return NewFace(image_id, box, face.confidence / 100, embedded.vectors[0], embedded.model_id)


def _ratios(face: AnalyzedFace, picture: Picture) -> Box:
    height, width = picture.pixels.shape[:2]
    return Box(face.box.left / width, face.box.top / height, face.box.right / width, face.box.bottom / height)
