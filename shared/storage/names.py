"""Bucket names, object keys and s3:// URIs, by S3's own rules."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple

from shared import errors

LONGEST_KEY_BYTES = 1024

_BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]")


class ObjectName(NamedTuple):
    """Where an object is. ``key`` is "" for a URI that names a whole bucket."""

    bucket: str
    key: str


def check_bucket_name(name: str) -> str:
    """``name``, if a bucket may be called that: 3-63 of a-z, 0-9, "." and "-", not shaped like an IP address.

    Raises ``InvalidArgument`` with S3's code InvalidBucketName.
    """
    if not _BUCKET.fullmatch(name) or ".." in name or _is_address(name):
        raise errors.InvalidArgument("a bucket cannot have that name", aws_code="InvalidBucketName")
    return name


def encode_key(key: str) -> bytes:
    """The key as UTF-8, 1 to 1,024 bytes. Raises ``InvalidArgument`` (KeyTooLongError, InvalidArgument)."""
    try:
        encoded = key.encode()
    except UnicodeEncodeError as error:
        raise errors.InvalidArgument("an object key is not valid Unicode", aws_code="InvalidArgument") from error
    if not encoded:
        raise errors.InvalidArgument("an object key has at least one character", aws_code="InvalidArgument")
    if len(encoded) > LONGEST_KEY_BYTES:
        raise errors.InvalidArgument(
            f"an object key has at most {LONGEST_KEY_BYTES} bytes of UTF-8", aws_code="KeyTooLongError"
        )
    return encoded


def parse_uri(uri: str) -> ObjectName:
    """The parts of ``s3://bucket/key``. Raises ``InvalidObject`` for anything else.

    Nothing is decoded: S3 URIs carry the key as it is, "%" and "?" included.
    """
    scheme, separator, rest = uri.partition("://")
    bucket, _, key = rest.partition("/")
    if scheme.lower() != "s3" or not separator or not _BUCKET.fullmatch(bucket):
        raise errors.InvalidObject("an object is named like s3://bucket/key")
    return ObjectName(bucket, key)


def _is_address(name: str) -> bool:
    try:
        ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True
