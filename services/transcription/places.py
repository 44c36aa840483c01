"""Where media lies and where results go: S3 in all its spellings, and the keys of a job's files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from shared import errors
from shared.settings import Settings
from shared.storage.names import ObjectName, check_bucket_name

#: s3.amazonaws.com, s3.eu-west-1.amazonaws.com, s3-eu-west-1.amazonaws.com, s3.dualstack.eu-west-1.amazonaws.com.
_PATH_STYLE = re.compile(r"s3(?:[.-](?:dualstack\.)?[a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?")
#: The same behind the bucket's name.
_HOST_STYLE = re.compile(rf"(?P<bucket>[a-z0-9][a-z0-9.-]*[a-z0-9])\.{_PATH_STYLE.pattern}")
_FOLDER = re.compile(r"(?P<folder>.*/)?(?P<name>[^/]+)", re.DOTALL)
_SUFFIX = ".json"


def parse_uri(uri: str, addresses: tuple[str, ...] = ()) -> ObjectName:
    """Bucket and key of ``s3://bucket/key`` or of an https URL of S3, path style or host style.

    ``addresses``: host:port under which this installation's own S3 is reached; its http(s) URLs are path style.
    Raises ``InvalidArgument``: the URI names something else; nothing outside the object store is ever fetched.
    """
    refused = errors.InvalidArgument(
        "The URI must name an object of S3: s3://bucket/key or https://s3.region.amazonaws.com/bucket/key.",
        aws_code="BadRequestException",
    )
    scheme, _, rest = uri.partition("://")
    if scheme.lower() == "s3":
        bucket, _, key = rest.partition("/")
    else:
        try:
            parts = urlsplit(uri)
            host = parts.netloc.lower()
        except ValueError:
            raise refused from None
        path = unquote(parts.path.removeprefix("/"))
        hosted = _HOST_STYLE.fullmatch(host)
        if _PATH_STYLE.fullmatch(host) or host in addresses:
            bucket, _, key = path.partition("/")
        elif hosted is not None:
            bucket, key = hosted["bucket"], path
        else:
            raise refused
    try:
        check_bucket_name(bucket)
    except errors.InvalidArgument:
        raise refused from None
    if not key:
        raise refused
    return ObjectName(bucket, key)


@dataclass(frozen=True, slots=True)
class OutputPlace:
    """Where the files of one job go: ``folder`` is "" or ends in a slash, ``stem`` is without ".json"."""

    bucket: str
    folder: str
    stem: str

    @classmethod
    def of(cls, bucket: str, output_key: str, job_name: str) -> OutputPlace:
        """By the rules of OutputKey: ``x.json`` is the transcript itself, all else a folder for ``<job name>.json``."""
        if output_key.endswith(_SUFFIX) and (found := _FOLDER.fullmatch(output_key)) and found["name"] != _SUFFIX:
            return cls(bucket, found["folder"] or "", found["name"].removesuffix(_SUFFIX))
        folder = output_key.rstrip("/")
        return cls(bucket, f"{folder}/" if folder else "", job_name)

    @property
    def transcript(self) -> str:
        return f"{self.folder}{self.stem}{_SUFFIX}"

    @property
    def redacted_transcript(self) -> str:
        return f"{self.folder}redacted-{self.stem}{_SUFFIX}"

    def subtitles(self, subtitle_format: str) -> str:
        """``subtitle_format``: "vtt" or "srt"."""
        return f"{self.folder}{self.stem}.{subtitle_format}"


def own_addresses(settings: Settings) -> tuple[str, ...]:
    """host:port under which our own S3 is reached, as far as the settings tell."""
    hosts = {settings.host, "127.0.0.1", "localhost"} if settings.is_loopback else {settings.host}
    found = {f"{host}:{settings.http_port}" for host in hosts}
    if settings.public_url:
        found.add(urlsplit(settings.public_url).netloc.lower())
    return tuple(sorted(found))
