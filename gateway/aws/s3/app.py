"""The part of S3 that jobs and their clients need, as an ASGI app over the object store.

    app = s3_app(ObjectStore(database, blobs), signed_callers(authenticator, principals))

What is not here answers 501 NotImplemented; a request that asks for something we would have to ignore (encryption
keys, tags, object locks, versions) does as well, rather than being half done.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.aws.s3 import buckets, objects, uploads
from gateway.aws.s3.addresses import DOMAINS, locate, read_query
from gateway.aws.s3.callers import Authenticate
from gateway.aws.s3.calls import Reply, S3Call
from gateway.aws.s3.documents import build_document
from gateway.aws.s3.faults import code_and_status
from gateway.aws.s3.sigv2 import is_moved_header
from gateway.http import Request
from shared import errors
from shared.auth.principals import Principal
from shared.observability.audit import NO_AUDIT, Audit, Event
from shared.rpc.account_limits import NO_LIMITS, AccountLimits
from shared.storage.objects import MAX_PUT_BYTES, ObjectStore
from shared.storage.uploads import MultipartUploads

Operation = Callable[[S3Call], Awaitable[Reply]]

#: (method, level, parameter in the query that selects it) -> operation. "" = none of the parameters below.
_OPERATIONS: Mapping[tuple[str, str, str], Operation] = {
    ("GET", "service", ""): buckets.list_buckets,
    ("PUT", "bucket", ""): buckets.create_bucket,
    ("HEAD", "bucket", ""): buckets.head_bucket,
    ("DELETE", "bucket", ""): buckets.delete_bucket,
    ("GET", "bucket", "location"): buckets.get_bucket_location,
    ("GET", "bucket", "list-type"): buckets.list_objects_v2,
    ("GET", "bucket", ""): buckets.list_objects,
    ("GET", "bucket", "uploads"): buckets.list_multipart_uploads,
    ("POST", "bucket", "delete"): buckets.delete_objects,
    ("PUT", "object", ""): objects.put_object,
    ("GET", "object", ""): objects.get_object,
    ("HEAD", "object", ""): objects.head_object,
    ("DELETE", "object", ""): objects.delete_object,
    ("POST", "object", "uploads"): uploads.create_multipart_upload,
    ("PUT", "object", "uploadId"): uploads.upload_part,
    ("POST", "object", "uploadId"): uploads.complete_multipart_upload,
    ("DELETE", "object", "uploadId"): uploads.abort_multipart_upload,
    ("GET", "object", "uploadId"): uploads.list_parts,
}
_COPIES: Mapping[Operation, Operation] = {
    objects.put_object: objects.copy_object,
    uploads.upload_part: uploads.upload_part_copy,
}
#: Parameters that select one of our operations.
_SELECTORS = ("uploadId", "uploads", "location", "list-type", "delete")
#: Parameters that select an operation of S3 that is not here.
_NOT_HERE = {
    "accelerate", "acl", "analytics", "attributes", "cors", "encryption", "intelligent-tiering", "inventory",
    "legal-hold", "lifecycle", "logging", "metadataTable", "metrics", "notification", "object-lock",
    "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject", "replication",
    "requestPayment", "restore", "retention", "select", "session", "tagging", "torrent", "versioning", "versions",
    "website",
}  # fmt: skip
#: Headers that ask for something we would otherwise have to ignore silently.
_NOT_HERE_HEADERS = (
    "x-amz-server-side-encryption",
    "x-amz-copy-source-server-side-encryption",
    "x-amz-object-lock",
    "x-amz-bucket-object-lock",
    "x-amz-tagging",
    "x-amz-website-redirect-location",
    "x-amz-grant-",
)
#: A refused body up to this size is read anyway, so that the connection lives on.
_DRAINED_BYTES = 1024 * 1024
_KEPT_ACLS = (None, "private", "bucket-owner-full-control")


def s3_app(
    store: ObjectStore,
    authenticate: Authenticate,
    *,
    max_object_bytes: int = MAX_PUT_BYTES,
    audit: Audit = NO_AUDIT,
    account_limits: AccountLimits = NO_LIMITS,
    domains: Collection[str] = DOMAINS,
) -> ASGIApp:
    """The app. ``domains``: hosts below which a bucket may stand (bucket.localhost); all others are path style."""
    multipart = MultipartUploads(store)

    async def answer(request: Request) -> Reply:
        caller = authenticate(request)
        bucket, key = locate(request, domains)
        query = read_query(request.raw_query)
        headers = {name: value for name, value in query.items() if is_moved_header(name)} | request.headers
        call = S3Call(request, caller, bucket, key, query, headers, store, multipart, max_object_bytes)
        operation = _operation(call)
        with audit.watch_event(_event(call, operation), _code), account_limits.admit(caller.account):
            return await operation(call)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        incoming = _Incoming(receive)
        request = Request(scope, incoming.receive)
        try:
            reply = await answer(request)
        except errors.NonetError as error:
            reply = _fault(error, request)
        if not await incoming.finish(request):
            reply.headers["connection"] = "close"
        reply.headers["x-amz-request-id"] = request.request_id
        await reply.send(send, with_body=request.method != "HEAD")

    return app


class _Incoming:
    """Knows whether a request's body was read to its end.

    Where it was not, the connection cannot carry another request: a client that waits for "100 Continue" and gets its
    answer instead never sends the body, and what it sends next would be taken for it.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._ended = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._ended = True
        return message

    async def finish(self, request: Request) -> bool:
        """Whether the body has ended, reading on if it is not worth a connection."""
        length = request.headers.get("content-length", "0")
        if "transfer-encoding" not in request.headers and length == "0":
            return True
        if "expect" not in request.headers and length.isdecimal() and int(length) <= _DRAINED_BYTES:
            while not self._ended:
                await self.receive()
        return self._ended


def _operation(call: S3Call) -> Operation:
    """The operation that a request means. Raises Unimplemented (NotImplemented), InvalidArgument."""
    not_here = errors.Unimplemented("this part of S3 is not here", aws_code="NotImplemented")
    if not _NOT_HERE.isdisjoint(call.query) or call.query.get("versionId", "null") != "null":
        raise not_here
    if any(name.startswith(_NOT_HERE_HEADERS) for name in call.headers):
        raise not_here
    if call.headers.get("x-amz-acl") not in _KEPT_ACLS or ("partNumber" in call.query and "uploadId" not in call.query):
        raise not_here
    level = "object" if call.key else "bucket" if call.bucket else "service"
    selector = next((name for name in _SELECTORS if name in call.query), "")
    operation = _OPERATIONS.get((call.request.method, level, selector))
    if operation is None:
        raise not_here
    if "x-amz-copy-source" in call.headers:
        if operation not in _COPIES:
            raise not_here
        return _COPIES[operation]
    return operation


def _event(call: S3Call, operation: Operation) -> Event:
    """The call as the audit log tells of it."""
    request = call.request
    return Event(
        "s3",
        "".join(word.capitalize() for word in operation.__name__.split("_")),
        request.request_id,
        request.address,
        request.headers.get("user-agent", ""),
        principal=Principal(name=call.caller.name, account=call.account),
        read_only=request.method in ("GET", "HEAD"),
    )


def _code(error: errors.NonetError) -> str:
    return code_and_status(error)[0]


def _fault(error: errors.NonetError, request: Request) -> Reply:
    code, status = code_and_status(error)
    if status == 304:
        return Reply(304)
    body = build_document(
        "Error",
        {"Code": code, "Message": error.message, "Resource": request.path, "RequestId": request.request_id},
        namespace=None,
    )
    headers = {"content-type": "application/xml"}
    if request.method == "HEAD":
        headers["content-length"] = "0"  # nothing follows, so nothing may be announced
    return Reply(status, headers, body)
