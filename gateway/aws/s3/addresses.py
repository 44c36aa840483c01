"""Where a request points: bucket and key, by path (/bucket/key) or by host (bucket.localhost), and its parameters."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import parse_qsl, unquote_to_bytes

from gateway.http import Request
from shared import errors
from shared.storage.names import ObjectName

#: Hosts below which a bucket may stand, unless the gateway is told others.
DOMAINS = ("localhost",)


def decode_path(raw: str) -> str:
    """Percent-encoded UTF-8 as text; a "+" stays one. Raises InvalidArgument (InvalidURI)."""
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError as error:
        raise errors.InvalidArgument("the path is not UTF-8", aws_code="InvalidURI") from error


def read_query(raw: str) -> dict[str, str]:
    """The query's parameters; of one given twice, the last. Raises InvalidArgument (InvalidURI)."""
    try:
        return dict(parse_qsl(raw, keep_blank_values=True, errors="strict", max_num_fields=100))
    except ValueError as error:  # UnicodeDecodeError is one
        raise errors.InvalidArgument("the query cannot be read", aws_code="InvalidURI") from error


def hosted_bucket(request: Request, domains: Collection[str]) -> str:
    """The bucket in the host name (bucket.localhost, bucket.s3.localhost); "" for path style."""
    host = request.headers.get("host", "")
    name = "" if host.startswith("[") else host.partition(":")[0].lower()
    for domain in domains:
        if name.endswith("." + domain):
            bucket = name.removesuffix("." + domain)
            return "" if bucket == "s3" else bucket.removesuffix(".s3")
    return ""


def locate(request: Request, domains: Collection[str]) -> ObjectName:
    """Bucket and key of a request; "" for what it does not name. Raises InvalidArgument (InvalidURI)."""
    path = decode_path(request.raw_path.removeprefix("/"))
    if bucket := hosted_bucket(request, domains):
        return ObjectName(bucket, path)
    bucket, _, key = path.partition("/")
    return ObjectName(bucket, key)
