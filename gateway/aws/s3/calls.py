"""One S3 request as its operation sees it: whose, where, what for; and the answer, whole or streamed."""

from __future__ import annotations

import datetime
import email.utils
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from dataclasses import dataclass, field

from starlette.types import Send

from gateway.aws.s3.addresses import decode_path
from gateway.aws.s3.bodies import CHECKSUM_PREFIX, read_body
from gateway.aws.s3.callers import S3Caller
from gateway.aws.s3.documents import Content, build_document
from gateway.http import Request
from shared import errors
from shared.storage.objects import ByteRange, ObjectAttributes, ObjectInfo, ObjectName, ObjectStore, Precondition
from shared.storage.uploads import MultipartUploads

#: Largest XML body: ten thousand parts with their checksums, or a thousand keys of 1,024 escaped bytes.
MAX_DOCUMENT_BYTES = 8 * 1024**2
#: All of an object's metadata, names and values.
MAX_METADATA_BYTES = 2048
METADATA_PREFIX = "x-amz-meta-"

_STORED_HEADERS = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
)
DEFAULT_CONTENT_TYPE = "binary/octet-stream"


@dataclass(slots=True)
class Reply:
    """An answer. For a stream, and for HEAD, ``headers`` name the content-length."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | AsyncIterable[bytes] = b""

    async def send(self, send: Send, *, with_body: bool) -> None:
        headers = dict(self.headers)
        if isinstance(self.body, bytes) and self.status not in (204, 304):
            headers.setdefault("content-length", str(len(self.body)))
        raw = [(name.encode("latin-1"), _header_value(value)) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": raw})
        if with_body and not isinstance(self.body, bytes):
            async for chunk in self.body:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        whole = self.body if with_body and isinstance(self.body, bytes) else b""
        await send({"type": "http.response.body", "body": whole})


def _header_value(value: str) -> bytes:
    # A line break in a stored value must not start a header of its own.
    return value.replace("\r", " ").replace("\n", " ").encode("latin-1", "replace")


def document_reply(root: str, content: Mapping[str, Content], headers: dict[str, str] | None = None) -> Reply:
    """An XML answer."""
    return Reply(200, {"content-type": "application/xml", **(headers or {})}, build_document(root, content))


@dataclass(frozen=True, slots=True)
class S3Call:
    """One request with its parts read."""

    request: Request
    caller: S3Caller
    bucket: str
    key: str
    query: Mapping[str, str]
    #: By lower-case name, with those that a presigned URL carries as parameters.
    headers: Mapping[str, str]
    objects: ObjectStore
    uploads: MultipartUploads
    max_object_bytes: int

    @property
    def account(self) -> str:
        return self.caller.account

    def body(self, checksums: dict[str, str]) -> AsyncIterator[bytes]:
        """The verified bytes of an object or part (see ``bodies.read_body``)."""
        return read_body(self.request.chunks(), self.headers, self.max_object_bytes, self.caller.chunks, checksums)

    async def document(self) -> bytes:
        """The verified bytes of an XML body. Raises InvalidArgument (MalformedXML) for one that is too large."""
        received = self.request.chunks()
        body = read_body(received, self.headers, MAX_DOCUMENT_BYTES, self.caller.chunks, {})
        try:
            return b"".join([chunk async for chunk in body])
        except errors.InvalidArgument as error:
            if error.explicit_aws_code == "EntityTooLarge":
                raise errors.InvalidArgument("the XML is too large", aws_code="MalformedXML") from error
            raise

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number in the query, cut at ``most``. Raises InvalidArgument."""
        text = self.query.get(name, "")
        if not text:
            return default
        if not (text.isascii() and text.isdecimal()) or len(text) > 10:
            raise errors.InvalidArgument(f"{name} is not a number from 0 on", aws_code="InvalidArgument")
        return min(int(text), most)

    def attributes(self) -> ObjectAttributes:
        """What the headers say an object should carry. Raises InvalidArgument (MetadataTooLarge)."""
        headers = {name: self.headers[name] for name in _STORED_HEADERS if name in self.headers}
        codings = [coding.strip() for coding in headers.pop("content-encoding", "").split(",")]
        # aws-chunked is a matter of this transfer, not of the object.
        if kept := [coding for coding in codings if coding and coding != "aws-chunked"]:
            headers["content-encoding"] = ",".join(kept)
        headers.setdefault("content-type", DEFAULT_CONTENT_TYPE)
        metadata = {
            name.removeprefix(METADATA_PREFIX): value
            for name, value in self.headers.items()
            if name.startswith(METADATA_PREFIX)
        }
        if sum(len(name) + len(value) for name, value in metadata.items()) > MAX_METADATA_BYTES:
            raise errors.InvalidArgument("the metadata are too large", aws_code="MetadataTooLarge")
        return ObjectAttributes(headers, metadata)

    def write_precondition(self) -> Precondition:
        """If-None-Match: * and If-Match of a write. Raises Unimplemented for other forms."""
        absent = self.headers.get("if-none-match")
        if absent not in (None, "*"):
            raise errors.Unimplemented("only If-None-Match: * makes a write conditional", aws_code="NotImplemented")
        etag = self.headers.get("if-match")
        return Precondition(absent == "*", None if etag is None else etag.strip('"'))

    def copy_source(self) -> ObjectName:
        """The object that x-amz-copy-source names. Raises InvalidArgument, Unimplemented (versions)."""
        path, _, version = self.headers["x-amz-copy-source"].partition("?")
        if version and version != "versionId=null":
            raise errors.Unimplemented("objects have no versions here", aws_code="NotImplemented")
        bucket, _, key = decode_path(path.removeprefix("/")).partition("/")
        if not bucket or not key:
            raise errors.InvalidArgument("x-amz-copy-source looks like bucket/key", aws_code="InvalidArgument")
        return ObjectName(bucket, key)


def object_headers(info: ObjectInfo, *, with_checksums: bool) -> dict[str, str]:
    """Response headers that describe an object."""
    headers = {
        "etag": quoted(info.etag),
        "last-modified": email.utils.formatdate(info.modified_at, usegmt=True),
        "accept-ranges": "bytes",
    }
    for name, value in info.attributes.headers.items():
        if with_checksums or not name.startswith(CHECKSUM_PREFIX):
            headers[name] = value
    for name, value in info.attributes.metadata.items():
        headers[METADATA_PREFIX + name] = value
    return headers


def quoted(etag: str) -> str:
    return f'"{etag}"'


def check_conditions(headers: Mapping[str, str], info: ObjectInfo, prefix: str = "") -> None:
    """If-Match and its kin (RFC 9110, 13.2.2), or the x-amz-copy-source- forms of them.

    Raises FailedPrecondition (PreconditionFailed; NotModified for a read that need not be repeated).
    """
    failed = errors.FailedPrecondition("a condition of the request does not hold", aws_code="PreconditionFailed")
    modified = int(info.modified_at)
    if (match := headers.get(f"{prefix}if-match")) is not None:
        if not _names(match, info.etag):
            raise failed
    elif (since := _time(headers.get(f"{prefix}if-unmodified-since"))) is not None and modified > since:
        raise failed
    unchanged = failed if prefix else errors.FailedPrecondition("not modified", aws_code="NotModified")
    if (none_match := headers.get(f"{prefix}if-none-match")) is not None:
        if _names(none_match, info.etag):
            raise unchanged
    elif (since := _time(headers.get(f"{prefix}if-modified-since"))) is not None and modified <= since:
        raise unchanged


def _names(condition: str, etag: str) -> bool:
    tags = {tag.strip().removeprefix("W/").strip('"') for tag in condition.split(",")}
    return "*" in tags or etag in tags


def _time(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None  # a date that cannot be read is no condition (RFC 9110, 13.1.3)
    return moment.replace(tzinfo=moment.tzinfo or datetime.UTC).timestamp()


def parse_range(text: str | None) -> ByteRange | None:
    """The one range of a Range header; None for what a server may ignore (other units, several ranges, nonsense)."""
    if text is None or not text.startswith("bytes=") or "," in text:
        return None
    first, dash, last = text.removeprefix("bytes=").strip().partition("-")
    if not dash or not all(part == "" or (part.isascii() and part.isdecimal()) for part in (first, last)):
        return None
    if len(first) > 18 or len(last) > 18 or (first == "" and last == ""):
        return None
    if first == "":
        if int(last) == 0:
            raise errors.InvalidArgument("the range lies outside the object", aws_code="InvalidRange")
        return ByteRange(-int(last))
    if last != "" and int(last) < int(first):
        return None
    return ByteRange(int(first), int(last) if last else None)
