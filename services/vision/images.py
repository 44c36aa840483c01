"""The pictures of requests: bytes, or objects in S3, decoded within Rekognition's limits.

What is decoded lives in memory only, for as long as the call takes.
"""

from __future__ import annotations

import asyncio
import dataclasses

from shared import errors
from shared.media.images import ImageLimits, decode_image
from shared.storage.objects import ObjectStore
from shared.tasks.reading import Picture

MEBIBYTE = 1024 * 1024
#: Rekognition's: 5 MB in a request, 15 MB in S3; 80 to 10,000 pixels a side.
MAX_BYTES, MAX_OBJECT_BYTES = 5 * MEBIBYTE, 15 * MEBIBYTE
MIN_SIDE, MAX_SIDE = 80, 10_000
#: What is larger is reduced before the engines see it: 300 MB of pixels would tell them no more than 36.
REDUCE_TO = 12_000_000
LIMITS = ImageLimits(
    max_bytes=MAX_OBJECT_BYTES,
    max_pixels=MAX_SIDE * MAX_SIDE,
    max_side=MAX_SIDE,
    formats=("JPEG", "PNG"),
    reduce_to=REDUCE_TO,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """An object in S3."""

    bucket: str
    key: str


async def read_picture(source: bytes | Place, account: str, objects: ObjectStore) -> Picture:
    """The upright pixels of a request's image.

    Raises:
        ImageTooLarge: more bytes or pixels than are read.
        InvalidImageFormat: neither JPEG nor PNG, or damaged.
        InvalidObject: the object cannot be read.
        InvalidArgument: smaller than 80 pixels a side.
    """
    if isinstance(source, Place):
        source = await _object(source, account, objects)
    elif len(source) > MAX_BYTES:
        raise errors.ImageTooLarge(f"The image has more than {MAX_BYTES} bytes: put a larger one into S3.")
    pixels = await asyncio.to_thread(decode_image, source, LIMITS)
    if min(pixels.shape[:2]) < MIN_SIDE:
        raise errors.InvalidArgument(f"The image is smaller than {MIN_SIDE} pixels in height or width.")
    return Picture(pixels)


async def _object(place: Place, account: str, objects: ObjectStore) -> bytes:
    try:
        size = (await objects.head(account, place.bucket, place.key)).size
    except (errors.NotFound, errors.PermissionDenied, errors.InvalidArgument) as error:
        raise errors.InvalidObject("The S3 object cannot be read: check its bucket, key and owner.") from error
    if size > MAX_OBJECT_BYTES:
        raise errors.ImageTooLarge(f"The image has more than {MAX_OBJECT_BYTES} bytes.")
    return await objects.read(account, place.bucket, place.key, max_bytes=MAX_OBJECT_BYTES)
