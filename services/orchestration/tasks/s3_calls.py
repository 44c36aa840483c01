"""``aws-sdk:s3:<operation>``: the object operations that state machines use, on ``platform.objects``.

A body is plain text. A request's object or list is written as JSON. What an object holds must be UTF-8 and fit into a
state's data (256 KiB), or getObject fails and says so: states hand scans and recordings on by their keys.
"""

from __future__ import annotations

import datetime
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import unquote

from services.orchestration.language.errors import DATA_LIMIT_EXCEEDED, RUNTIME
from services.orchestration.tasks.parameters import check_members, text_member, to_json, unusable
from services.orchestration.tasks.resources import TaskResource, not_recognized
from services.orchestration.tasks.sdk_names import class_name, error_cause
from services.orchestration.tasks.sdk_values import iso_instant
from services.orchestration.tasks.task import Task, TaskFailed
from shared import errors
from shared.platform import Platform
from shared.rpc.call import new_request_id
from shared.storage.objects import MOST_LISTED, ObjectAttributes, ObjectInfo, ObjectName

#: What a state's input or output may have.
MAX_DATA_BYTES = 262_144
_DEFAULT_TYPE = "binary/octet-stream"

#: S3's codes that are exceptions of their own in the SDK; the others are S3.S3Exception.
_MODELLED = frozenset({"BucketAlreadyExists", "BucketAlreadyOwnedByYou", "NoSuchBucket", "NoSuchKey"})
_STATUS = {"AccessDenied": 403, "BucketNotEmpty": 409, "InvalidRange": 416, "NoSuchBucket": 404, "NoSuchKey": 404}


class S3Calls:
    """Object operations in the account of the execution."""

    def __init__(self, platform: Platform) -> None:
        self._objects = platform.objects
        self._actions: Mapping[str, Callable[[Task], Awaitable[dict[str, Any]]]] = {
            "copyObject": self._copy_object,
            "createBucket": self._create_bucket,
            "deleteObject": self._delete_object,
            "getObject": self._get_object,
            "headBucket": self._head_bucket,
            "headObject": self._head_object,
            "listBuckets": self._list_buckets,
            "listObjectsV2": self._list_objects,
            "putObject": self._put_object,
        }

    async def invoke(self, task: Task) -> Any:
        """The operation's answer. Raises TaskFailed: "S3.NoSuchKeyException" and its like."""
        action = self._actions.get(TaskResource(task.resource, task.pattern).action)
        if action is None:
            raise TaskFailed(RUNTIME, not_recognized(f"arn:aws:states:::{task.resource}"))
        try:
            return await action(task)
        except errors.NonetError as error:
            raise s3_failure(error) from error

    async def completion(self, task: Task, submitted: Any) -> Any:
        """SDK calls have no ".sync"."""
        return submitted

    async def _get_object(self, task: Task) -> dict[str, Any]:
        parameters = check_members(task.parameters, required=("Bucket", "Key"), optional=("ExpectedBucketOwner",))
        reader = await self._objects.open(task.account, parameters["Bucket"], parameters["Key"])
        if reader.length > MAX_DATA_BYTES:
            raise TaskFailed(
                DATA_LIMIT_EXCEEDED,
                f"The state/task '{task.resource}' returned a result with a size exceeding the maximum number of bytes "
                "service limit.",
            )
        data = b"".join([chunk async for chunk in reader])
        try:
            body = data.decode()
        except UnicodeDecodeError:
            raise TaskFailed(
                "S3.SdkClientException", "The object is not UTF-8 text: hand it on by its bucket and key."
            ) from None
        return {"AcceptRanges": "bytes", "Body": body, **_describe(reader.info)}

    async def _head_object(self, task: Task) -> dict[str, Any]:
        parameters = check_members(task.parameters, required=("Bucket", "Key"), optional=("ExpectedBucketOwner",))
        info = await self._objects.head(task.account, parameters["Bucket"], parameters["Key"])
        return {"AcceptRanges": "bytes", **_describe(info)}

    async def _put_object(self, task: Task) -> dict[str, Any]:
        parameters = check_members(
            task.parameters,
            required=("Bucket", "Key"),
            optional=("Body", "ContentType", "ContentEncoding", "Metadata", "StorageClass"),
        )
        headers = {
            header: str(parameters[name])
            for name, header in (("ContentType", "content-type"), ("ContentEncoding", "content-encoding"))
            if name in parameters
        }
        attributes = ObjectAttributes(headers, _metadata(parameters))
        body = text_member(parameters, "Body").encode()
        info = await self._objects.put(
            task.account, parameters["Bucket"], parameters["Key"], body, attributes=attributes
        )
        return {"ETag": quoted(info.etag)}

    async def _copy_object(self, task: Task) -> dict[str, Any]:
        parameters = check_members(
            task.parameters,
            required=("Bucket", "Key", "CopySource"),
            optional=("ContentType", "Metadata", "MetadataDirective"),
        )
        bucket, _, key = unquote(str(parameters["CopySource"])).lstrip("/").partition("/")
        attributes = None
        if parameters.get("MetadataDirective") == "REPLACE":
            headers = {"content-type": str(parameters["ContentType"])} if "ContentType" in parameters else {}
            attributes = ObjectAttributes(headers, _metadata(parameters))
        target = ObjectName(parameters["Bucket"], parameters["Key"])
        info = await self._objects.copy(task.account, ObjectName(bucket, key), target, attributes)
        return {"CopyObjectResult": {"ETag": quoted(info.etag), "LastModified": _instant(info.modified_at)}}

    async def _delete_object(self, task: Task) -> dict[str, Any]:
        parameters = check_members(task.parameters, required=("Bucket", "Key"), optional=("ExpectedBucketOwner",))
        await self._objects.delete(task.account, parameters["Bucket"], [parameters["Key"]])
        return {}

    async def _list_objects(self, task: Task) -> dict[str, Any]:
        parameters = check_members(
            task.parameters,
            required=("Bucket",),
            optional=("Prefix", "Delimiter", "StartAfter", "ContinuationToken", "MaxKeys"),
        )
        prefix, delimiter = text_member(parameters, "Prefix"), text_member(parameters, "Delimiter")
        max_keys = parameters.get("MaxKeys", MOST_LISTED)
        if not isinstance(max_keys, int) or max_keys < 0:
            raise unusable(parameters, ["The value of the field 'MaxKeys' is not a whole number"])
        # The token of a page is the key that it ended with: this answer goes to nobody but the state machine.
        after = text_member(parameters, "ContinuationToken", text_member(parameters, "StartAfter"))
        listing = await self._objects.list(
            task.account,
            parameters["Bucket"],
            prefix=prefix,
            delimiter=delimiter,
            after=after,
            max_keys=min(max_keys, MOST_LISTED),
        )
        answer: dict[str, Any] = {
            "Contents": [
                {
                    "ETag": quoted(info.etag),
                    "Key": info.key,
                    "LastModified": _instant(info.modified_at),
                    "Size": info.size,
                    "StorageClass": "STANDARD",
                }
                for info in listing.objects
            ],
            "IsTruncated": listing.next_after is not None,
            "KeyCount": len(listing.objects) + len(listing.common_prefixes),
            "MaxKeys": max_keys,
            "Name": parameters["Bucket"],
            "Prefix": prefix,
        }
        if delimiter:
            answer["Delimiter"] = delimiter
            answer["CommonPrefixes"] = [{"Prefix": common} for common in listing.common_prefixes]
        if listing.next_after is not None:
            answer["NextContinuationToken"] = listing.next_after
        return answer

    async def _list_buckets(self, task: Task) -> dict[str, Any]:
        buckets = await self._objects.list_buckets(task.account)
        return {"Buckets": [{"CreationDate": _instant(bucket.created_at), "Name": bucket.name} for bucket in buckets]}

    async def _create_bucket(self, task: Task) -> dict[str, Any]:
        parameters = check_members(task.parameters, required=("Bucket",), optional=("CreateBucketConfiguration",))
        await self._objects.create_bucket(task.account, parameters["Bucket"])
        return {"Location": f"/{parameters['Bucket']}"}

    async def _head_bucket(self, task: Task) -> dict[str, Any]:
        parameters = check_members(task.parameters, required=("Bucket",))
        await self._objects.head_bucket(task.account, parameters["Bucket"])
        return {"BucketRegion": task.region}


def s3_failure(error: errors.NonetError) -> TaskFailed:
    """An error of the object store as the SDK's exception."""
    code = error.aws_code_for(_MODELLED)
    name = class_name(code) if code in _MODELLED else "S3Exception"
    status = _STATUS.get(code, error.http_status)
    return TaskFailed(f"S3.{name}", error_cause(error.message, "S3", status, new_request_id()))


def quoted(etag: str) -> str:
    """An ETag as S3 shows it."""
    return f'"{etag}"'


def _describe(info: ObjectInfo) -> dict[str, Any]:
    headers = info.attributes.headers
    described: dict[str, Any] = {
        "ContentLength": info.size,
        "ContentType": headers.get("content-type", _DEFAULT_TYPE),
        "ETag": quoted(info.etag),
        "LastModified": _instant(info.modified_at),
        "Metadata": dict(info.attributes.metadata),
    }
    if "content-encoding" in headers:
        described["ContentEncoding"] = headers["content-encoding"]
    return described


def _metadata(parameters: Mapping[str, Any]) -> dict[str, str]:
    metadata = parameters.get("Metadata") or {}
    if not isinstance(metadata, Mapping):
        raise unusable(parameters, ["The value of the field 'Metadata' is not an object"])
    return {str(name).lower(): value if isinstance(value, str) else to_json(value) for name, value in metadata.items()}


def _instant(seconds: float) -> str:
    return iso_instant(datetime.datetime.fromtimestamp(int(seconds), datetime.UTC))
