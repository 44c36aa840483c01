"""Who calls the S3 face. The signature itself is checked by the gateway's authenticator."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Collection
from dataclasses import dataclass

from gateway.aws.authentication import Authenticator
from gateway.aws.s3 import sigv2
from gateway.aws.s3.addresses import DOMAINS, hosted_bucket
from gateway.http import Request
from shared import errors
from shared.auth.principals import PrincipalTable
from shared.auth.sigv4 import EMPTY_SHA256, signing_key


@dataclass(slots=True)
class ChunkSignatures:
    """The chain of signatures in a body signed chunk by chunk (STREAMING-AWS4-HMAC-SHA256-PAYLOAD).

    Each chunk's signature covers the one before it; the first covers the request's own.
    """

    key: bytes
    timestamp: str
    scope: str
    previous: str

    def check_chunk(self, data: bytes, signature: str) -> None:
        """Raises ``InvalidSignature`` unless ``signature`` is the next link."""
        self._check("AWS4-HMAC-SHA256-PAYLOAD", f"{EMPTY_SHA256}\n{hashlib.sha256(data).hexdigest()}", signature)

    def check_trailer(self, lines: str, signature: str) -> None:
        """``lines``: the trailing headers, each ended by a line feed. Raises ``InvalidSignature``."""
        self._check("AWS4-HMAC-SHA256-TRAILER", hashlib.sha256(lines.encode()).hexdigest(), signature)

    def _check(self, algorithm: str, tail: str, signature: str) -> None:
        text = "\n".join((algorithm, self.timestamp, self.scope, self.previous, tail))
        expected = hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, signature):
            raise errors.InvalidSignature("the signature of a chunk of the body does not match")
        self.previous = expected


@dataclass(frozen=True, slots=True)
class S3Caller:
    """The account whose buckets are meant; and how to check a body signed in chunks (None = not asked for)."""

    account: str
    #: Of the principal.
    name: str = "anonymous"
    chunks: ChunkSignatures | None = None


Authenticate = Callable[[Request], S3Caller]


def signed_callers(
    authenticator: Authenticator, principals: PrincipalTable, domains: Collection[str] = DOMAINS
) -> Authenticate:
    """Callers by SigV4, in headers or in a presigned URL, or by a URL presigned with version 2.

    The hook raises ``Unauthenticated`` and its kin. Without principals everybody is the default account.
    """

    def authenticate(request: Request) -> S3Caller:
        access_key = sigv2.access_key_of(request)
        if access_key is not None and not principals.open:
            try:
                principal = principals.by_access_key(access_key)
                if not principal.secret_access_key:
                    raise errors.InvalidSignature("the access key has no secret")
                sigv2.verify(request, principal.secret_access_key, hosted_bucket(request, domains))
            except errors.Unauthenticated as error:
                authenticator.note_refusal(request, error, "s3")
                raise
            return S3Caller(principal.account, principal.name)
        credential = authenticator.read(request)
        principal = authenticator.check(request, credential, None).principal
        if (
            credential is not None
            and credential.expires is None
            and not principals.open
            and not request.headers.get("x-amz-content-sha256")
        ):
            # Without it the signature says nothing about the body.
            raise errors.InvalidArgument("x-amz-content-sha256 is missing", aws_code="InvalidRequest")
        chunks = None
        if credential is not None and principal.secret_access_key:
            chunks = ChunkSignatures(
                signing_key(principal.secret_access_key, credential),
                credential.timestamp.strftime("%Y%m%dT%H%M%SZ"),
                credential.scope,
                credential.signature,
            )
        return S3Caller(principal.account, principal.name, chunks)

    return authenticate
