"""Operations on one object."""

from __future__ import annotations

from gateway.aws.s3.bodies import CHECKSUM_PREFIX
from gateway.aws.s3.calls import (
    Reply,
    S3Call,
    check_conditions,
    document_reply,
    object_headers,
    parse_range,
    quoted,
)
from gateway.aws.s3.documents import iso_time
from shared import errors
from shared.storage.objects import ObjectName, ObjectReader

#: Query parameters of a GET that replace headers of its answer (presigned downloads use them).
_OVERRIDES = {
    "response-cache-control": "cache-control",
    "response-content-disposition": "content-disposition",
    "response-content-encoding": "content-encoding",
    "response-content-language": "content-language",
    "response-content-type": "content-type",
    "response-expires": "expires",
}


async def put_object(call: S3Call) -> Reply:
    attributes = call.attributes()
    info = await call.objects.put(
        call.account,
        call.bucket,
        call.key,
        # Checksums that hold become headers of the object, when the body has ended.
        call.body(attributes.headers),
        attributes=attributes,
        precondition=call.write_precondition(),
        max_bytes=call.max_object_bytes,
    )
    checksums = {name: value for name, value in attributes.headers.items() if name.startswith(CHECKSUM_PREFIX)}
    return Reply(200, {"etag": quoted(info.etag), **checksums})


async def get_object(call: S3Call) -> Reply:
    reader = await _open(call)
    headers = _headers_of(call, reader)
    for parameter, name in _OVERRIDES.items():
        if parameter in call.query:
            headers[name] = call.query[parameter]
    return Reply(206 if "content-range" in headers else 200, headers, reader)


async def head_object(call: S3Call) -> Reply:
    headers = _headers_of(call, await _open(call))
    return Reply(206 if "content-range" in headers else 200, headers)


async def copy_object(call: S3Call) -> Reply:
    source = call.copy_source()
    target = ObjectName(call.bucket, call.key)
    directive = call.headers.get("x-amz-metadata-directive", "COPY")
    if directive not in ("COPY", "REPLACE"):
        raise errors.InvalidArgument("x-amz-metadata-directive is COPY or REPLACE", aws_code="InvalidArgument")
    if source == target and directive == "COPY":
        raise errors.InvalidArgument("a copy onto itself changes nothing", aws_code="InvalidRequest")
    check_conditions(call.headers, await call.objects.head(call.account, *source), "x-amz-copy-source-")
    attributes = call.attributes() if directive == "REPLACE" else None
    info = await call.objects.copy(call.account, source, target, attributes)
    return document_reply(
        "CopyObjectResult", {"LastModified": iso_time(info.modified_at), "ETag": quoted(info.etag)}
    )


async def delete_object(call: S3Call) -> Reply:
    await call.objects.delete(call.account, call.bucket, [call.key])
    return Reply(204)


async def _open(call: S3Call) -> ObjectReader:
    reader = await call.objects.open(call.account, call.bucket, call.key)
    check_conditions(call.headers, reader.info)
    byte_range = parse_range(call.headers.get("range"))
    if byte_range is None:
        return reader
    start, length = byte_range.within(reader.info.size)
    return ObjectReader(reader.info, start, length, reader.segments, reader.blobs)


def _headers_of(call: S3Call, reader: ObjectReader) -> dict[str, str]:
    whole = reader.length == reader.info.size
    # A checksum is one of the whole object, and would fail a client that checks a part against it.
    with_checksums = whole and call.headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    headers = object_headers(reader.info, with_checksums=with_checksums)
    headers["content-length"] = str(reader.length)
    if parse_range(call.headers.get("range")) is not None:
        last = reader.start + reader.length - 1
        headers["content-range"] = f"bytes {reader.start}-{last}/{reader.info.size}"
    return headers
