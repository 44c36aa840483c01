"""One call: who makes it, until when, and what it tells beside its answer."""

from __future__ import annotations

import asyncio
import enum
import random
import secrets
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

from shared.auth.principals import Principal
from shared.contract.apis import Operation


class Priority(enum.IntEnum):
    """Interactive work goes before batch work wherever both wait."""

    INTERACTIVE = 0
    BATCH = 1


#: Request ids need to be different, not secret: no system call for each.
_random = random.Random(secrets.randbits(128))


def new_request_id() -> str:
    """A random UUID in its usual spelling; request ids and log lines share it."""
    digits = f"{_random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


#: Metadata that says how an HTTP caller addressed us, "localhost:4567"; links in answers lead there.
HOST_KEY = "nonet-host"


@dataclass(slots=True)
class Call:
    """What a servicer method gets beside its request."""

    operation: Operation
    principal: Principal
    region: str
    request_id: str = field(default_factory=new_request_id)
    #: Metadata of the caller, names in lower case (gRPC metadata or HTTP headers).
    metadata: Mapping[str, str] = field(default_factory=dict)
    #: Loop time at which the caller stops waiting; None = only the server's own limit.
    deadline: float | None = None
    priority: Priority = Priority.INTERACTIVE
    #: IP address of whoever sent it; "" for calls from inside.
    address: str = ""
    #: Let in, and counted, by a gateway before us.
    passed_on: bool = False
    #: Made by a service of this process, which bounds such calls itself: admission does not count them.
    inside: bool = False
    #: Told to the caller beside the answer: gRPC trailers, HTTP headers.
    trailers: dict[str, str] = field(default_factory=dict)
    #: Whether the wire can send the answer's payload piece by piece; ``payload`` then leaves here what follows.
    takes_pieces: bool = False
    rest_of_payload: AsyncGenerator[bytes] | None = None

    @property
    def account(self) -> str:
        """The 12-digit account whose resources the call sees."""
        return self.principal.account

    def time_remaining(self) -> float | None:
        """Seconds until the deadline, never negative; None without one."""
        if self.deadline is None:
            return None
        return max(0.0, self.deadline - asyncio.get_running_loop().time())

    async def payload(self, pieces: AsyncGenerator[bytes]) -> bytes:
        """The payload of the answer: all pieces joined, or the first one where the wire takes the others as they come.

        What goes wrong before the first piece is an error like any other; what goes wrong later cuts the answer off.
        """
        parts: list[bytes] = []
        async for piece in pieces:
            parts.append(piece)
            if piece and self.takes_pieces:
                self.rest_of_payload = pieces
                break
        return b"".join(parts)

    def answered_by(self, model_id: str) -> None:
        """Tell the caller which model answered; several are joined by commas, in order of use."""
        known = self.trailers.get("nonet-model")
        if known is None:
            self.trailers["nonet-model"] = model_id
        elif model_id not in known.split(","):
            self.trailers["nonet-model"] = f"{known},{model_id}"
