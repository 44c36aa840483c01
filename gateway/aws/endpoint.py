"""One request of an AWS client, from headers to answer: route, read, authenticate, parse, call, build."""

from __future__ import annotations

from gateway.aws.authentication import Authenticator
from gateway.aws.protocols import build_error, build_response, describe_headers, parse_request
from gateway.aws.router import Target
from gateway.http import Request, Response
from shared import errors
from shared.auth.sigv4 import Credential
from shared.rpc.call import HOST_KEY, Call
from shared.rpc.host import ServiceHost

#: HTTP headers that are passed on to services, and the metadata that they become: nothing else is.
PASSED_HEADERS = {
    "traceparent": "traceparent",
    "tracestate": "tracestate",
    "host": HOST_KEY,
    "user-agent": "user-agent",
}


class OperationEndpoint:
    """Answers requests whose target the router has found."""

    def __init__(self, host: ServiceHost, authenticator: Authenticator, max_request_bytes: int) -> None:
        self._host = host
        self._authenticator = authenticator
        self._max_request_bytes = max_request_bytes

    async def answer(self, request: Request, target: Target, credential: Credential | None) -> Response:
        trailers: dict[str, str] = {}
        try:
            body = await request.body(self._max_request_bytes)
            identity = self._authenticator.check(request, credential, body, target.operation.name)
            message = parse_request(target, request, body)
            call = Call(
                operation=target.operation,
                principal=identity.principal,
                region=identity.region,
                request_id=request.request_id,
                metadata={
                    key: request.headers[name] for name, key in PASSED_HEADERS.items() if name in request.headers
                },
                address=request.address,
                takes_pieces=True,
            )
            if target.operation.client_streaming:
                raise errors.Unimplemented(
                    f"{target.operation.name} is a stream: call it over gRPC, or transcription over a WebSocket."
                )
            answer = await self._host.call(message, call)
            trailers = call.trailers
            response = build_response(target, answer)
            response.rest = call.rest_of_payload
        except errors.NonetError as error:
            response = build_error(target, error)
        response.headers.update(describe_headers(trailers, request.request_id))
        return response
