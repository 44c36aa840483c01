"""Who sent an HTTP request: SigV4 in headers or in a presigned URL, held against the principals."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass

from gateway.http import Request
from shared import errors
from shared.auth.principals import Principal, PrincipalTable
from shared.auth.sigv4 import Credential, parse_credential, verify
from shared.observability.audit import NO_AUDIT, Audit, Event
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Identity:
    """The caller of one request."""

    principal: Principal
    region: str
    #: Service of the credential scope; None when the request is not signed.
    signing_name: str | None


class Authenticator:
    """Reads identities in two steps, because routing needs the scope before the body is there to be checked."""

    def __init__(self, principals: PrincipalTable, settings: Settings, audit: Audit = NO_AUDIT) -> None:
        self._principals = principals
        self._settings = settings
        self._audit = audit

    def read(self, request: Request) -> Credential | None:
        """The unchecked signature of a request; None when it is not signed.

        Raises:
            InvalidSignature: it is signed, but wrongly put together.
        """
        try:
            return parse_credential(request.signed_part)
        except errors.InvalidSignature as error:
            if self._principals.open:
                return None
            self.note_refusal(request, error)
            raise

    def check(self, request: Request, credential: Credential | None, body: bytes | None, event: str = "") -> Identity:
        """Who the caller is; ``body`` is None when it is streamed. ``event``: the operation, for the audit.

        Raises:
            Unauthenticated: keys are needed and missing, unknown, or the signature does not hold.
        """
        try:
            return self._check(request, credential, body)
        except errors.Unauthenticated as error:
            self.note_refusal(request, error, "" if credential is None else credential.service, event)
            raise

    def note_refusal(self, request: Request, error: errors.Unauthenticated, source: str = "", event: str = "") -> None:
        """Have the audit know of somebody who was not let in."""
        agent = request.headers.get("user-agent", "")
        self._audit.refused(Event(source, event, request.request_id, request.address, agent), error)

    def _check(self, request: Request, credential: Credential | None, body: bytes | None) -> Identity:
        region = credential.region if credential is not None else self._settings.default_region
        signing_name = credential.service if credential is not None else None
        if self._principals.open:
            return Identity(self._principals.anonymous, region, signing_name)
        if credential is None:
            raise errors.Unauthenticated(
                "The request is not signed: give your client an access key.",
                aws_code="MissingAuthenticationTokenException",
            )
        principal = self._principals.by_access_key(credential.access_key_id)
        verify(
            request.signed_part,
            credential,
            principal.secret_access_key,
            body_sha256=None if body is None else hashlib.sha256(body).hexdigest(),
            now=datetime.datetime.now(datetime.UTC),
            clock_skew_seconds=self._settings.clock_skew_seconds,
        )
        return Identity(principal, region, signing_name)
