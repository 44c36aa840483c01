"""Functions behind gRPC: a unary method whose request and answer are JSON as raw bytes, no proto needed.

A URL is ``grpc://host:port/package.Service/Method``, or ``grpcs://`` with TLS. The headers of an HTTP function come as
metadata. A status other than OK is the function's own error: its name is the trailer ``error-type``, or the status's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from shared.rpc.endpoints import NoAnswer, TimedOut, Unreachable
from shared.rpc.raw_calls import RawCallFailed, RawCalls

MAX_MESSAGE_BYTES = 6 * 1024 * 1024
#: Statuses that come from the connection rather than from the function.
_CONNECTION = frozenset({"UNAVAILABLE", "UNIMPLEMENTED", "CANCELLED", "UNAUTHENTICATED"})


class GrpcFunctions:
    """Calls of one process to functions behind gRPC."""

    def __init__(self) -> None:
        self._calls = RawCalls(MAX_MESSAGE_BYTES)

    async def call(self, url: str, headers: Mapping[str, str], payload: bytes, seconds: float) -> tuple[bytes, str]:
        """The answer and ""; or the error document of a function and "Unhandled".

        Raises:
            NoAnswer: ``Unreachable`` or ``TimedOut``.
        """
        parts = urlsplit(url)
        if not parts.netloc:
            raise NoAnswer("its URL in NONET_FUNCTIONS names no host")
        metadata = {name.lower(): value for name, value in headers.items() if name.startswith("X-")}
        try:
            tls = parts.scheme == "grpcs"
            return await self._calls.call(parts.netloc, parts.path, payload, metadata, seconds, tls=tls), ""
        except RawCallFailed as failure:
            if failure.status == "DEADLINE_EXCEEDED":
                raise TimedOut(f"no answer within {seconds:g} seconds") from failure
            if failure.status in _CONNECTION:
                raise Unreachable(f"status {failure.status}") from failure
            document = {
                "errorType": failure.trailers.get("error-type") or failure.status,
                "errorMessage": failure.details,
            }
            return json.dumps(document, ensure_ascii=False).encode(), "Unhandled"

    async def close(self) -> None:
        """Close all channels."""
        await self._calls.close()
