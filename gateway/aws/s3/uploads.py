"""Operations of multipart uploads."""

from __future__ import annotations

from gateway.aws.s3.calls import Reply, S3Call, check_conditions, document_reply, parse_range, quoted
from gateway.aws.s3.documents import Content, iso_time, parse_document
from shared import errors
from shared.storage.objects import MOST_LISTED
from shared.storage.uploads import MOST_PARTS


async def create_multipart_upload(call: S3Call) -> Reply:
    upload = await call.uploads.create(call.account, call.bucket, call.key, call.attributes())
    return document_reply(
        "InitiateMultipartUploadResult", {"Bucket": call.bucket, "Key": call.key, "UploadId": upload.id}
    )


async def upload_part(call: S3Call) -> Reply:
    checksums: dict[str, str] = {}
    part = await call.uploads.put_part(
        call.account, call.bucket, call.key, call.query["uploadId"], _part_number(call), call.body(checksums)
    )
    return Reply(200, {"etag": quoted(part.etag), **checksums})


async def upload_part_copy(call: S3Call) -> Reply:
    reader = await call.objects.open(
        call.account, *call.copy_source(), parse_range(call.headers.get("x-amz-copy-source-range"))
    )
    check_conditions(call.headers, reader.info, "x-amz-copy-source-")
    part = await call.uploads.put_part(
        call.account, call.bucket, call.key, call.query["uploadId"], _part_number(call), aiter(reader)
    )
    return document_reply("CopyPartResult", {"LastModified": iso_time(part.modified_at), "ETag": quoted(part.etag)})


async def complete_multipart_upload(call: S3Call) -> Reply:
    root = parse_document(await call.document(), "CompleteMultipartUpload")
    chosen: list[tuple[int, str]] = []
    for row in root.findall("Part"):
        number, etag = (row.findtext("PartNumber") or "").strip(), (row.findtext("ETag") or "").strip()
        if not (number.isascii() and number.isdecimal()) or len(number) > 5 or not etag:
            raise errors.InvalidArgument("a part has a number and an ETag", aws_code="MalformedXML")
        chosen.append((int(number), etag))
    info = await call.uploads.complete(
        call.account, call.bucket, call.key, call.query["uploadId"], chosen, call.write_precondition()
    )
    return document_reply(
        "CompleteMultipartUploadResult",
        {"Location": f"/{call.bucket}/{call.key}", "Bucket": call.bucket, "Key": call.key, "ETag": quoted(info.etag)},
    )


async def abort_multipart_upload(call: S3Call) -> Reply:
    await call.uploads.abort(call.account, call.bucket, call.key, call.query["uploadId"])
    return Reply(204)


async def list_parts(call: S3Call) -> Reply:
    after = call.number("part-number-marker", 0, MOST_PARTS)
    most = call.number("max-parts", MOST_LISTED, MOST_LISTED)
    upload_id = call.query["uploadId"]
    listing = await call.uploads.list_parts(
        call.account, call.bucket, call.key, upload_id, after=after, max_parts=most
    )
    rows: list[Content] = [
        {"PartNumber": part.number, "LastModified": iso_time(part.modified_at), "ETag": quoted(part.etag),
         "Size": part.size}
        for part in listing.parts
    ]  # fmt: skip
    owner: Content = {"ID": call.account, "DisplayName": call.account}
    return document_reply(
        "ListPartsResult",
        {"Bucket": call.bucket, "Key": call.key, "UploadId": upload_id, "Initiator": owner, "Owner": owner,
         "StorageClass": "STANDARD", "PartNumberMarker": after,
         "NextPartNumberMarker": listing.parts[-1].number if listing.truncated and listing.parts else None,
         "MaxParts": most, "IsTruncated": listing.truncated, "Part": rows},
    )  # fmt: skip


def _part_number(call: S3Call) -> int:
    text = call.query.get("partNumber", "")
    if not (text.isascii() and text.isdecimal()) or len(text) > 5:
        raise errors.InvalidArgument(f"parts are numbered 1 to {MOST_PARTS}", aws_code="InvalidArgument")
    return int(text)
