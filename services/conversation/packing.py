"""JSON in HTTP headers, as RecognizeUtterance has it: compressed with gzip, then base64."""

from __future__ import annotations

import base64
import binascii
import gzip
import zlib
from typing import Any

import orjson

from shared import errors

LARGEST_BYTES = 256 * 1024
_GZIP_WINDOW = 31


def pack(value: Any) -> str:
    """A value as a header's text; the same value always gives the same text."""
    return base64.b64encode(gzip.compress(orjson.dumps(value), mtime=0)).decode()


def unpack(text: str, name: str) -> Any:
    """The value of the header ``name``.

    Raises:
        InvalidArgument: it is not base64 of gzip of JSON, or has more than ``LARGEST_BYTES`` once unpacked.
    """
    try:
        packed = base64.b64decode(text, validate=True)
        unpacking = zlib.decompressobj(_GZIP_WINDOW)
        data = unpacking.decompress(packed, LARGEST_BYTES)
        if not unpacking.eof:
            # More than the limit (what is left over would come next), or cut off.
            raise errors.InvalidArgument(f"{name} is cut off, or has more than {LARGEST_BYTES} bytes.")
        return orjson.loads(data)
    except (binascii.Error, ValueError, zlib.error):
        raise errors.InvalidArgument(f"{name} must be JSON, compressed with gzip, then base64.") from None
