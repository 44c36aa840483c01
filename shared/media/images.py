"""Image bytes to pixels, within limits.

What comes out is always the same: uint8 of shape (height, width, 3), RGB, upright as the camera meant it, alpha laid
on white, the first frame of an animation, 16-bit and CMYK brought down to 8-bit RGB.
"""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from shared import errors

Pixels = npt.NDArray[np.uint8]

# Damaged files are reported by an error of ours; Pillow's own remarks about them would fill the logs.
warnings.filterwarnings("ignore", module=r"PIL\..*")
# At DEBUG its decoders quote what stands in a file.
logging.getLogger("PIL").setLevel(logging.INFO)

#: What Pillow's decoders raise on damaged input, found by fuzzing (tests/unit/shared/media/test_images.py).
DECODER_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    NotImplementedError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What a decoder may be fed. ``formats`` are Pillow's names."""

    max_bytes: int = 15 * 1024 * 1024
    #: Width times height, known from the header before anything is unpacked.
    max_pixels: int = 100_000_000
    max_side: int = 30_000
    min_side: int = 1
    formats: tuple[str, ...] = ("JPEG", "PNG")
    #: Larger pictures are reduced to this many pixels after decoding; None keeps every pixel.
    reduce_to: int | None = None


def decode_image(data: bytes, limits: ImageLimits) -> Pixels:
    """The pixels of ``data``.

    Raises ``ImageTooLarge`` for too many bytes or pixels and ``InvalidImageFormat`` for what no allowed decoder reads,
    damaged and truncated files included.
    """
    if len(data) > limits.max_bytes:
        raise errors.ImageTooLarge(f"The image has more than {limits.max_bytes} bytes.")
    with decoding(), open_image(data, limits.formats) as image:
        return frame_pixels(image, limits)


@contextmanager
def decoding() -> Iterator[None]:
    """Turns what decoders raise on bad input into ``InvalidImageFormat``."""
    try:
        yield
    except errors.NonetError:
        raise
    except UnidentifiedImageError as error:
        raise errors.InvalidImageFormat("The bytes are not an image of a format that is read here.") from error
    except Image.DecompressionBombError as error:  # Pillow's own bound, looked at before ours
        raise errors.ImageTooLarge("The image has more pixels than are read here.") from error
    except DECODER_ERRORS as error:
        raise errors.InvalidImageFormat("The image is damaged and cannot be decoded.") from error


def open_image(data: bytes, formats: Sequence[str]) -> Image.Image:
    """A lazily decoded image; only ``formats`` are tried. Raises what ``decoding`` knows."""
    return Image.open(io.BytesIO(data), formats=list(formats))


def frame_pixels(image: Image.Image, limits: ImageLimits) -> Pixels:
    """The pixels of the frame that ``image`` stands at. Call it within ``decoding``."""
    width, height = image.size
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        raise errors.ImageTooLarge(
            f"The image has {width} x {height} pixels; the limit is {limits.max_pixels} in all and {limits.max_side} "
            "a side."
        )
    if min(width, height) < limits.min_side:
        raise errors.InvalidImageFormat(f"The image is smaller than {limits.min_side} pixels a side.")
    if limits.reduce_to is not None and width * height > limits.reduce_to:
        scale = (limits.reduce_to / (width * height)) ** 0.5
        # A JPEG decoder can leave out frequencies: an eighth of the memory before anything is allocated.
        image.draft("RGB", (max(1, int(width * scale)), max(1, int(height * scale))))
    orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
    image.load()
    frame = to_rgb(image)
    if orientation in range(2, 9):
        frame.getexif()[ExifTags.Base.Orientation] = orientation
        frame = ImageOps.exif_transpose(frame)
    if limits.reduce_to is not None and frame.width * frame.height > limits.reduce_to:
        scale = (limits.reduce_to / (frame.width * frame.height)) ** 0.5
        size = (max(1, int(frame.width * scale)), max(1, int(frame.height * scale)))
        frame = frame.resize(size, Image.Resampling.BOX if scale < 0.5 else Image.Resampling.LANCZOS)
    return np.asarray(frame, dtype=np.uint8).copy()


def to_rgb(image: Image.Image) -> Image.Image:
    """``image`` as 8-bit RGB: deep greyscale stretched to its range, transparency laid on white."""
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image, dtype=np.float64)
        values = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
        # "I;16" has its scale in its name; "I" and "F" have none, so the values present say it.
        low, high = (0.0, 65535.0) if image.mode.startswith("I;16") else (float(values.min()), float(values.max()))
        if image.mode == "I" and low >= 0 and 255 < high <= 65535:
            low, high = 0.0, 65535.0
        scaled = (values - low) / (high - low) * 255.0 if high > low else np.zeros_like(values)
        return Image.fromarray(scaled.clip(0, 255).astype(np.uint8)).convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        layered = image.convert("RGBA")
        background = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(background, layered).convert("RGB")
    return image if image.mode == "RGB" else image.convert("RGB")
