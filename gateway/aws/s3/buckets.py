"""Operations on buckets, and the listings of what is in them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence

from gateway.aws.s3.calls import Reply, S3Call, document_reply, quoted
from gateway.aws.s3.documents import Content, iso_time, parse_document, url_encoded
from shared import errors
from shared.storage.objects import MOST_LISTED, Listing, ObjectInfo

DEFAULT_REGION = "us-east-1"


async def list_buckets(call: S3Call) -> Reply:
    buckets = await call.objects.list_buckets(call.account)
    prefix = call.query.get("prefix", "")
    rows: list[Content] = [
        {"Name": bucket.name, "CreationDate": iso_time(bucket.created_at)}
        for bucket in buckets
        if bucket.name.startswith(prefix)
    ]
    return document_reply("ListAllMyBucketsResult", {"Owner": _owner(call.account), "Buckets": {"Bucket": rows}})


async def create_bucket(call: S3Call) -> Reply:
    body = await call.document() if call.headers.get("content-length", "0") != "0" else b""
    if body:
        parse_document(body, "CreateBucketConfiguration")
    await call.objects.create_bucket(call.account, call.bucket)
    return Reply(200, {"location": f"/{call.bucket}"})


async def head_bucket(call: S3Call) -> Reply:
    await call.objects.head_bucket(call.account, call.bucket)
    return Reply(200, {"x-amz-bucket-region": DEFAULT_REGION, "content-type": "application/xml"})


async def get_bucket_location(call: S3Call) -> Reply:
    await call.objects.head_bucket(call.account, call.bucket)
    # An empty constraint is how S3 spells us-east-1.
    return document_reply("LocationConstraint", {})


async def delete_bucket(call: S3Call) -> Reply:
    await call.objects.delete_bucket(call.account, call.bucket)
    return Reply(204)


async def list_objects(call: S3Call) -> Reply:
    """ListObjects, the first version: goes on after a key that the caller names."""
    marker = call.query.get("marker", "")
    max_keys = call.number("max-keys", MOST_LISTED, MOST_LISTED)
    listing = await _list(call, marker, max_keys)
    spell = _spelling(call)
    # S3 gives NextMarker only with a delimiter; otherwise the last key says it. Giving it always hurts nobody.
    next_marker = None if listing.next_after is None else spell(listing.next_after)
    return document_reply(
        "ListBucketResult",
        {**_common(call, listing, max_keys), "Marker": spell(marker), "NextMarker": next_marker,
         "Contents": [_entry(call, info, with_owner=True) for info in listing.objects]},
    )  # fmt: skip


async def list_objects_v2(call: S3Call) -> Reply:
    token = call.query.get("continuation-token")
    after = call.query.get("start-after", "")
    max_keys = call.number("max-keys", MOST_LISTED, MOST_LISTED)
    listing = await _list(call, after if token is None else _open_token(token), max_keys)
    with_owner = call.query.get("fetch-owner") == "true"
    return document_reply(
        "ListBucketResult",
        {**_common(call, listing, max_keys),
         "KeyCount": len(listing.objects) + len(listing.common_prefixes),
         "ContinuationToken": token,
         "NextContinuationToken": None if listing.next_after is None else _seal_token(listing.next_after),
         "StartAfter": _spelling(call)(after) if after else None,
         "Contents": [_entry(call, info, with_owner=with_owner) for info in listing.objects]},
    )  # fmt: skip


async def delete_objects(call: S3Call) -> Reply:
    root = parse_document(await call.document(), "Delete")
    rows = root.findall("Object")
    if not 1 <= len(rows) <= MOST_LISTED:
        raise errors.InvalidArgument(f"1 to {MOST_LISTED} objects at once", aws_code="MalformedXML")
    quiet = (root.findtext("Quiet") or "").strip().lower() == "true"
    deleted: list[Content] = []
    failed: list[Content] = []
    keys: list[str] = []
    for row in rows:
        key = row.findtext("Key") or ""
        if row.findtext("VersionId") not in (None, "null"):
            failed.append({"Key": key, "Code": "NotImplemented", "Message": "objects have no versions here"})
        elif not 1 <= len(key.encode()) <= 1024:
            failed.append({"Key": key, "Code": "KeyTooLongError", "Message": "a key has 1 to 1024 bytes"})
        else:
            keys.append(key)
            deleted.append({"Key": key})
    await call.objects.delete(call.account, call.bucket, keys)
    return document_reply("DeleteResult", {"Deleted": [] if quiet else deleted, "Error": failed})


async def list_multipart_uploads(call: S3Call) -> Reply:
    if call.query.get("delimiter"):
        raise errors.Unimplemented("uploads are not rolled up by a delimiter", aws_code="NotImplemented")
    spell = _spelling(call)
    prefix = call.query.get("prefix", "")
    key_marker = call.query.get("key-marker", "")
    id_marker = call.query.get("upload-id-marker", "")
    most = call.number("max-uploads", MOST_LISTED, MOST_LISTED)
    listing = await call.uploads.list(
        call.account, call.bucket, prefix=prefix, after_key=key_marker, after_id=id_marker, max_uploads=most
    )
    last = listing.uploads[-1] if listing.truncated and listing.uploads else None
    rows: list[Content] = [
        {"Key": spell(upload.key), "UploadId": upload.id, "Initiator": _owner(call.account),
         "Owner": _owner(call.account), "StorageClass": "STANDARD", "Initiated": iso_time(upload.created_at)}
        for upload in listing.uploads
    ]  # fmt: skip
    return document_reply(
        "ListMultipartUploadsResult",
        {"Bucket": call.bucket, "KeyMarker": spell(key_marker), "UploadIdMarker": id_marker,
         "NextKeyMarker": spell(last.key) if last else None, "NextUploadIdMarker": last.id if last else None,
         "Prefix": spell(prefix), "MaxUploads": most, "IsTruncated": listing.truncated,
         "EncodingType": call.query.get("encoding-type"), "Upload": rows},
    )  # fmt: skip


async def _list(call: S3Call, after: str, max_keys: int) -> Listing:
    return await call.objects.list(
        call.account,
        call.bucket,
        prefix=call.query.get("prefix", ""),
        delimiter=call.query.get("delimiter", ""),
        after=after,
        max_keys=max_keys,
    )


def _common(call: S3Call, listing: Listing, max_keys: int) -> dict[str, Content]:
    spell = _spelling(call)
    prefixes: Sequence[Content] = [{"Prefix": spell(prefix)} for prefix in listing.common_prefixes]
    return {
        "Name": call.bucket,
        "Prefix": spell(call.query.get("prefix", "")),
        "Delimiter": spell(call.query["delimiter"]) if call.query.get("delimiter") else None,
        "MaxKeys": max_keys,
        "EncodingType": call.query.get("encoding-type"),
        "IsTruncated": listing.next_after is not None,
        "CommonPrefixes": prefixes,
    }


def _entry(call: S3Call, info: ObjectInfo, *, with_owner: bool) -> Content:
    return {
        "Key": _spelling(call)(info.key),
        "LastModified": iso_time(info.modified_at),
        "ETag": quoted(info.etag),
        "Size": info.size,
        "StorageClass": "STANDARD",
        "Owner": _owner(call.account) if with_owner else None,
    }


def _plain(text: str) -> str:
    return text


def _spelling(call: S3Call) -> Callable[[str], str]:
    return url_encoded if call.query.get("encoding-type") == "url" else _plain


def _owner(account: str) -> Content:
    return {"ID": account, "DisplayName": account}


def _seal_token(after: str) -> str:
    """The entry to go on after. It needs no seal: it opens nothing that the caller may not list anyway."""
    return base64.urlsafe_b64encode(after.encode()).decode()


def _open_token(token: str) -> str:
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise errors.InvalidArgument("the continuation token is not ours", aws_code="InvalidArgument") from error
