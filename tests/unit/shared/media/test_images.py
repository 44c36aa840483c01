"""Image bytes to pixels: every mode, every orientation, and everything that must be refused."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from shared import errors
from shared.media.images import ImageLimits, decode_image

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")
LIMITS = ImageLimits(formats=("JPEG", "PNG", "TIFF"))


def encoded(image: Image.Image, fmt: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, fmt, **options)
    return buffer.getvalue()


def test_rgb_pixels_come_back_unchanged() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    decoded = decode_image(encoded(Image.fromarray(pixels)), LIMITS)
    assert decoded.dtype == np.uint8
    assert np.array_equal(decoded, pixels)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "LA", "I;16", "CMYK", "I", "F", "YCbCr", "LAB"])
def test_every_mode_becomes_rgb(mode: str) -> None:
    source = Image.fromarray(np.tile(np.linspace(0, 255, 40).astype(np.uint8), (30, 1)))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(source).astype(np.uint16) * 257)
    else:
        image = source.convert("RGB").convert(mode) if mode in {"CMYK", "YCbCr", "LAB", "P"} else source.convert(mode)
    fmt = "PNG" if mode in {"1", "L", "P", "RGBA", "LA", "I;16"} else "TIFF"
    pixels = decode_image(encoded(image, fmt), LIMITS)
    assert pixels.shape == (30, 40, 3)
    # Dark stays on the left and bright on the right, whatever the mode.
    assert pixels[:, :8].mean() + 60 < pixels[:, -8:].mean()


def test_transparency_is_laid_on_white() -> None:
    image = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    assert (decode_image(encoded(image), LIMITS) == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(orientation: int) -> None:
    upright = np.zeros((40, 60, 3), dtype=np.uint8)
    upright[:10, :10] = 255  # a white upper left corner
    turned = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: np.rot90(upright, 2).transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    image = Image.fromarray(np.ascontiguousarray(turned))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = decode_image(encoded(image, "PNG", exif=exif), LIMITS)
    assert np.array_equal(pixels, upright)


def test_an_animation_gives_its_first_frame() -> None:
    frames = [Image.new("RGB", (8, 8), color) for color in ("red", "blue")]
    data = encoded(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert tuple(decode_image(data, LIMITS)[0, 0]) == (255, 0, 0)


def test_large_pictures_are_reduced_on_demand() -> None:
    image = Image.new("RGB", (400, 200), "white")
    for fmt in ("PNG", "JPEG"):
        pixels = decode_image(encoded(image, fmt), ImageLimits(reduce_to=5000))
        assert pixels.shape[0] * pixels.shape[1] <= 5000
        assert pixels.shape[1] == 2 * pixels.shape[0]


def test_too_many_bytes_are_refused_before_decoding() -> None:
    with pytest.raises(errors.ImageTooLarge):
        decode_image(b"\x00" * 11, ImageLimits(max_bytes=10))


def test_a_bomb_is_refused_by_its_header() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000))
    with pytest.raises((errors.ImageTooLarge, errors.InvalidImageFormat)):
        decode_image(bomb, LIMITS)


def test_formats_that_are_not_allowed_are_refused() -> None:
    with pytest.raises(errors.InvalidImageFormat):
        decode_image(encoded(Image.new("RGB", (4, 4)), "GIF"), LIMITS)


@pytest.mark.parametrize("fmt", ["PNG", "JPEG", "TIFF"])
def test_every_truncation_is_refused_or_decoded_whole(fmt: str) -> None:
    data = encoded(Image.effect_noise((32, 32), 60).convert("RGB"), fmt)
    refused = 0
    for length in range(0, len(data), 7):
        try:
            assert decode_image(data[:length], LIMITS).shape == (32, 32, 3)
        except (errors.InvalidImageFormat, errors.ImageTooLarge):
            refused += 1
    assert refused > len(data) // 14


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_bytes_raise_only_documented_errors(data: st.DataObject) -> None:
    fmt = data.draw(st.sampled_from(["PNG", "JPEG", "TIFF"]))
    body = bytearray(encoded(Image.linear_gradient("L").resize((24, 24)), fmt))
    for _ in range(data.draw(st.integers(1, 12))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        pixels = decode_image(bytes(body), ImageLimits(formats=("JPEG", "PNG", "TIFF"), max_pixels=1_000_000))
    except (errors.InvalidImageFormat, errors.ImageTooLarge):
        return
    assert pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8
