"""STS GetCallerIdentity in the Query protocol: what programs and the CLI call to see who they are."""

from __future__ import annotations

from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from gateway.aws.authentication import Authenticator
from gateway.http import Request, Response
from shared import errors
from shared.auth.sigv4 import Credential

MAX_BODY_BYTES = 64 * 1024
NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"


class StsEndpoint:
    """Answers POST / with a form body that is signed for sts, or names one of its actions."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    def claims(self, request: Request, credential: Credential | None) -> bool:
        if credential is not None:
            return credential.service == "sts"
        form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        return form and request.method == "POST" and request.raw_path == "/"

    async def answer(self, request: Request, credential: Credential | None) -> Response:
        try:
            body = await request.body(MAX_BODY_BYTES)
            identity = self._authenticator.check(request, credential, body)
            action = dict(parse_qsl(body.decode("utf-8", "replace"))).get("Action")
            if action != "GetCallerIdentity":
                raise errors.Unimplemented("Of STS only GetCallerIdentity is here.", aws_code="InvalidAction")
        except errors.NonetError as error:
            return _error(error, request.request_id)
        principal = identity.principal
        return _xml(
            200,
            f'<GetCallerIdentityResponse xmlns="{NAMESPACE}"><GetCallerIdentityResult>'
            f"<Arn>{escape(principal.arn)}</Arn><UserId>{escape(principal.access_key_id or principal.name)}</UserId>"
            f"<Account>{principal.account}</Account></GetCallerIdentityResult>"
            f"<ResponseMetadata><RequestId>{request.request_id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>",
        )


def _error(error: errors.NonetError, request_id: str) -> Response:
    kind = "Sender" if error.http_status < 500 else "Receiver"
    return _xml(
        error.http_status,
        f'<ErrorResponse xmlns="{NAMESPACE}"><Error><Type>{kind}</Type><Code>{error.aws_code_for(())}</Code>'
        f"<Message>{escape(error.message)}</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>",
    )


def _xml(status: int, text: str) -> Response:
    return Response(status, text.encode(), "text/xml")
