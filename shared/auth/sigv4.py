"""Checks AWS Signature Version 4, in headers and in presigned URLs.

Source: "AWS Signature Version 4 signing process" in the AWS General Reference. Query, path and header
canonicalisation follow it; S3 does not normalise paths and signs the payload hash header as sent.
"""

from __future__ import annotations

import datetime
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from shared import errors

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
MAX_PRESIGNED_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """The parts of a request that a signature covers."""

    method: str
    #: Path as it came over the wire, percent-encoded.
    raw_path: str
    #: Query string as it came over the wire.
    raw_query: str
    #: Header names in lower case -> value.
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Credential:
    """What a signature says of itself."""

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    signature: str
    timestamp: datetime.datetime
    #: Seconds that a presigned URL lives; None for a signature in headers.
    expires: int | None
    #: Temporary credentials carry a token; it is signed like any other header or parameter.
    payload_hash: str

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def parse_credential(request: HttpRequest) -> Credential | None:
    """Read the signature of a request, in the Authorization header or the query; None when it is not signed.

    Raises:
        InvalidSignature: there is one, but not in the form SigV4 gives it.
    """
    authorization = request.headers.get("authorization", "")
    if authorization.startswith(ALGORITHM):
        return _from_header(request, authorization)
    query = dict(_query_pairs(request.raw_query))
    if query.get("X-Amz-Algorithm") == ALGORITHM:
        return _from_query(query)
    return None


def _from_header(request: HttpRequest, authorization: str) -> Credential:
    parts: dict[str, str] = {}
    for part in authorization[len(ALGORITHM) :].split(","):
        name, _, value = part.strip().partition("=")
        parts[name] = value
    payload_hash = request.headers.get("x-amz-content-sha256", "")
    stamp = request.headers.get("x-amz-date", "")
    return _credential(
        parts.get("Credential", ""),
        parts.get("SignedHeaders", ""),
        parts.get("Signature", ""),
        stamp,
        None,
        payload_hash,
    )


def _from_query(query: Mapping[str, str]) -> Credential:
    try:
        expires = int(query.get("X-Amz-Expires", ""))
    except ValueError:
        raise errors.InvalidSignature("X-Amz-Expires must be a number of seconds.") from None
    if not 1 <= expires <= MAX_PRESIGNED_SECONDS:
        raise errors.InvalidSignature(f"X-Amz-Expires must be 1 to {MAX_PRESIGNED_SECONDS} seconds.")
    scope = query.get("X-Amz-Credential", "")
    # S3 alone leaves the body out of what a URL signs; the others sign an empty one.
    unsaid = UNSIGNED_PAYLOAD if scope.endswith("/s3/aws4_request") else ""
    return _credential(
        scope,
        query.get("X-Amz-SignedHeaders", ""),
        query.get("X-Amz-Signature", ""),
        query.get("X-Amz-Date", ""),
        expires,
        query.get("X-Amz-Content-Sha256", unsaid),
    )


def _credential(
    scope: str, signed: str, signature: str, stamp: str, expires: int | None, payload_hash: str
) -> Credential:
    fields = scope.split("/")
    if len(fields) < 5 or fields[-1] != "aws4_request" or not signature or not signed:
        raise errors.InvalidSignature(
            "The request signature is incomplete: Credential, SignedHeaders and Signature are needed."
        )
    try:
        timestamp = datetime.datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        raise errors.InvalidSignature("X-Amz-Date must look like 20260131T235959Z.") from None
    return Credential(
        access_key_id="/".join(fields[:-4]),
        date=fields[-4],
        region=fields[-3],
        service=fields[-2],
        signed_headers=tuple(signed.split(";")),
        signature=signature,
        timestamp=timestamp,
        expires=expires,
        payload_hash=payload_hash,
    )


def verify(
    request: HttpRequest,
    credential: Credential,
    secret_access_key: str,
    *,
    body_sha256: str | None,
    now: datetime.datetime,
    clock_skew_seconds: int,
) -> None:
    """Check a signature against the secret.

    ``body_sha256`` is the hex digest of the body; None when the body is streamed (S3), whose digest the header
    then names and whose reader checks it.

    Raises:
        InvalidSignature: it was made with another secret or over another request.
        ExpiredToken: its time has passed, or lies too far ahead.
    """
    _check_time(credential, now, clock_skew_seconds)
    if "host" not in credential.signed_headers:
        raise errors.InvalidSignature("The host header must be signed.")
    payload_hash = credential.payload_hash or body_sha256 or EMPTY_SHA256
    if body_sha256 is not None and credential.payload_hash not in ("", UNSIGNED_PAYLOAD, body_sha256):
        raise errors.InvalidSignature("x-amz-content-sha256 does not match the body.")
    canonical = canonical_request(request, credential.signed_headers, payload_hash, credential.service == "s3")
    string_to_sign = "\n".join(
        (
            ALGORITHM,
            credential.timestamp.strftime("%Y%m%dT%H%M%SZ"),
            credential.scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        )
    )
    expected = hmac.new(signing_key(secret_access_key, credential), string_to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, credential.signature):
        raise errors.InvalidSignature(
            "The request signature we calculated does not match the signature you provided. Check your secret key."
        )


def _check_time(credential: Credential, now: datetime.datetime, clock_skew_seconds: int) -> None:
    age = (now - credential.timestamp).total_seconds()
    if not credential.timestamp.strftime("%Y%m%d") == credential.date:
        raise errors.InvalidSignature("The date of the credential scope is not that of X-Amz-Date.")
    if age < -clock_skew_seconds:
        raise errors.ExpiredToken("Signature not yet current: check the clock.")
    lifetime = clock_skew_seconds if credential.expires is None else credential.expires
    if age > lifetime:
        raise errors.ExpiredToken("Signature expired: sign the request again.")


def signing_key(secret_access_key: str, credential: Credential) -> bytes:
    key = f"AWS4{secret_access_key}".encode()
    for part in (credential.date, credential.region, credential.service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def canonical_request(request: HttpRequest, signed_headers: Sequence[str], payload_hash: str, is_s3: bool) -> str:
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers)
    return "\n".join(
        (
            request.method,
            _canonical_path(request.raw_path, is_s3),
            _canonical_query(request.raw_query),
            headers,
            ";".join(signed_headers),
            payload_hash,
        )
    )


def _canonical_path(raw_path: str, is_s3: bool) -> str:
    if is_s3:
        # As it came: a slash that is part of a key is %2F on the wire, and decoding it would lose that.
        return raw_path or "/"
    # Every service but S3 encodes the path twice: once on the wire, once more in the canonical request.
    return quote(_remove_dot_segments(raw_path), safe="/-_.~") or "/"


def _remove_dot_segments(path: str) -> str:
    output: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            if output:
                output.pop()
        elif segment not in ("", "."):
            output.append(segment)
    trailing = "/" if path.endswith("/") and output else ""
    return "/" + "/".join(output) + trailing


def _query_pairs(raw_query: str) -> Iterable[tuple[str, str]]:
    for part in raw_query.split("&"):
        if part:
            name, _, value = part.partition("=")
            yield unquote(name), unquote(value)


def _canonical_query(raw_query: str) -> str:
    pairs = [
        (quote(name, safe="-_.~"), quote(value, safe="-_.~"))
        for name, value in _query_pairs(raw_query)
        if name != "X-Amz-Signature"
    ]
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
