"""One HTTP request and its response, as the handlers of the gateway see them: thin over ASGI, for the hot path."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

from starlette.types import Receive, Scope, Send

from shared import errors
from shared.auth.sigv4 import HttpRequest
from shared.rpc.call import new_request_id

#: Statuses whose answers have no body: No Content, Not Modified.
_BODILESS = (204, 304)


class Request:
    """Headers at once, the body on demand."""

    __slots__ = ("_receive", "headers", "method", "path", "raw_path", "raw_query", "request_id", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self._receive = receive
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.raw_path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        self.raw_query: str = scope["query_string"].decode("latin-1")
        #: Names in lower case; values of a header that came twice are joined by commas.
        self.headers: dict[str, str] = {}
        for raw_name, raw_value in scope["headers"]:
            name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
            known = self.headers.get(name)
            self.headers[name] = value if known is None else f"{known},{value}"
        self.request_id = new_request_id()

    @property
    def address(self) -> str:
        """IP address of the client, or of the proxy before us."""
        client = self.scope.get("client")
        return str(client[0]) if client else ""

    @property
    def signed_part(self) -> HttpRequest:
        return HttpRequest(self.method, self.raw_path, self.raw_query, self.headers)

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives.

        Raises:
            Cancelled: the client went away.
        """
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise errors.Cancelled("The client closed the connection.")
            if chunk := message.get("body", b""):
                yield chunk
            if not message.get("more_body"):
                return

    async def body(self, limit: int) -> bytes:
        """The whole body.

        Raises:
            InvalidArgument: it has more than ``limit`` bytes; told before it is read where the length is announced.
        """
        announced = self.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise errors.InvalidArgument(
                f"The request body is larger than {limit} bytes.", aws_code="RequestEntityTooLargeException"
            )
        parts: list[bytes] = []
        size = 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size > limit:
                raise errors.InvalidArgument(
                    f"The request body is larger than {limit} bytes.", aws_code="RequestEntityTooLargeException"
                )
            parts.append(chunk)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def disconnected(self) -> None:
        """Return once the client is gone; to be raced against the answer, after the body was read."""
        while True:
            message: Mapping[str, Any] = await self._receive()
            if message["type"] == "http.disconnect":
                return


@dataclass(slots=True)
class Response:
    """An answer, whole or the beginning of one."""

    status: int
    body: bytes = b""
    content_type: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    #: What of the body follows ``body``; its length is not announced then.
    rest: AsyncGenerator[bytes] | None = None

    async def send(self, send: Send) -> None:
        # A client of HTTP/1.1 would take a body here for the beginning of the next answer (RFC 9110, 15.3.5).
        bodiless = self.status in _BODILESS
        body = b"" if bodiless else self.body
        headers = [] if bodiless or self.rest is not None else [(b"content-length", str(len(body)).encode())]
        if self.content_type and not bodiless:
            headers.append((b"content-type", self.content_type.encode("latin-1")))
        headers.extend((name.encode("latin-1"), _header_value(value)) for name, value in self.headers.items())
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": self.rest is not None})
        if self.rest is not None:
            async with aclosing(self.rest):
                async for piece in self.rest:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body"})


def _header_value(value: str) -> bytes:
    """Header bytes: what latin-1 lacks is replaced, and a line break can never start a header of its own."""
    return value.replace("\r", " ").replace("\n", " ").encode("latin-1", "replace")
