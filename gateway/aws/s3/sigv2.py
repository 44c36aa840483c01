"""Presigned URLs of the older kind (Signature Version 2), which boto3 still makes for S3 unless told otherwise.

Source: "Signing and authenticating REST requests" in the Amazon S3 developer guide, section on query string
authentication. Only the query form is taken; requests signed in headers use SigV4.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from urllib.parse import quote

from gateway.aws.s3.addresses import read_query
from gateway.http import Request
from shared import errors

_MOST_SECONDS = 7 * 24 * 3600
#: Parameters that are part of the signed resource.
_SIGNED_PARAMETERS = frozenset(
    {"acl", "delete", "lifecycle", "location", "logging", "notification", "partNumber", "policy", "requestPayment",
     "restore", "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website",
     "response-cache-control", "response-content-disposition", "response-content-encoding",
     "response-content-language", "response-content-type", "response-expires"}
)  # fmt: skip


def access_key_of(request: Request) -> str | None:
    """The access key of a URL signed with version 2; None for any other request."""
    if "Signature=" not in request.raw_query or "AWSAccessKeyId=" not in request.raw_query:
        return None
    return read_query(request.raw_query).get("AWSAccessKeyId")


def verify(request: Request, secret_access_key: str, hosted_bucket: str) -> None:
    """Check the signature and the expiry of a presigned URL.

    ``hosted_bucket``: the bucket that the host name gives, "" for path style. Raises ``InvalidSignature``,
    ``ExpiredToken``.
    """
    query = read_query(request.raw_query)
    expires = query.get("Expires", "")
    if not (expires.isascii() and expires.isdecimal()) or len(expires) > 12:
        raise errors.InvalidSignature("Expires is a time in Unix seconds")
    text = string_to_sign(request, query, expires, hosted_bucket)
    expected = base64.b64encode(hmac.digest(secret_access_key.encode(), text.encode(), hashlib.sha1)).decode()
    if not hmac.compare_digest(expected.encode(), query.get("Signature", "").encode()):
        raise errors.InvalidSignature("the signature of the URL does not match; check the secret key and the method")
    left = int(expires) - time.time()
    if left < 0:
        raise errors.ExpiredToken("the URL has expired")
    if left > _MOST_SECONDS:
        raise errors.InvalidSignature("a presigned URL lives for at most seven days")


def string_to_sign(request: Request, query: dict[str, str], expires: str, hosted_bucket: str) -> str:
    """What the client signed. Headers of the request may have been moved into the query by the signer."""
    moved = {name: value for name, value in query.items() if is_moved_header(name)}
    headers = {**moved, **request.headers}
    amazon = sorted((name, value) for name, value in headers.items() if name.startswith("x-amz-"))
    resource = (f"/{quote(hosted_bucket)}" if hosted_bucket else "") + request.raw_path
    signed = sorted((name, value) for name, value in query.items() if name in _SIGNED_PARAMETERS)
    if signed:
        resource += "?" + "&".join(f"{name}={value}" if value else name for name, value in signed)
    return "\n".join(
        [
            request.method,
            headers.get("content-md5", ""),
            headers.get("content-type", ""),
            expires,
            *(f"{name}:{value.strip()}" for name, value in amazon),
            resource,
        ]
    )


def is_moved_header(name: str) -> bool:
    """Whether a query parameter is a header in disguise."""
    return name.startswith("x-amz-") or name in ("content-md5", "content-type")
