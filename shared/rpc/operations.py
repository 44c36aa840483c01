"""Calls from inside: any operation of the suite by boto3's names, with plain values, through the whole chain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from shared import errors
from shared.auth.principals import Principal
from shared.contract.apis import Operation, api_for_client
from shared.contract.transcode import JSON, Transcoder
from shared.rpc.call import Call, Priority, new_request_id

if TYPE_CHECKING:
    from shared.rpc.host import ServiceHost


class Operations:
    """What one service calls another by; it neither imports the other nor knows where that runs."""

    def __init__(self, host: ServiceHost) -> None:
        self._host = host
        self._transcoder = Transcoder(JSON)

    def find(self, client: str, name: str) -> Operation:
        """The operation ``name`` ("DetectSentiment") of boto3's ``client`` ("comprehend").

        Raises:
            UnknownOperation: the contract has no such client or operation.
        """
        try:
            return api_for_client(client).operations[name]
        except (KeyError, StopIteration):
            raise errors.UnknownOperation(f"There is no operation {name} of {client} here.") from None

    async def call(
        self,
        operation: Operation,
        parameters: Mapping[str, Any],
        *,
        account: str,
        region: str,
        caller: str,
        priority: Priority = Priority.BATCH,
        request_id: str = "",
    ) -> dict[str, Any]:
        """The answer as a dict, both under the member names of the AWS wire (JSON: blobs are base64 text).

        ``caller``: who calls, for logs and audits ("states"). ``request_id``: of a caller that tells it to its own.

        Raises:
            NonetError: as the operation does.
        """
        request = self._request(operation, parameters)
        principal = Principal(name=caller, account=account)
        call = Call(operation, principal, region, request_id or new_request_id(), priority=priority)
        return self._transcoder.plain(await self._host.call(request, call), top=True)

    async def stream(
        self,
        operation: Operation,
        messages: AsyncIterator[Mapping[str, Any]],
        *,
        account: str,
        region: str,
        caller: str,
    ) -> AsyncIterator[dict[str, Any]]:
        """The answers of an operation that takes and gives streams, as they come; members as in ``call``.

        Raises:
            NonetError: as the operation does.
        """
        call = Call(operation, Principal(name=caller, account=account), region, new_request_id())

        async def requests() -> AsyncIterator[Message]:
            async for parameters in messages:
                yield self._request(operation, parameters)

        async for answer in self._host.stream(requests(), call):
            yield self._transcoder.plain(answer)

    def _request(self, operation: Operation, parameters: Mapping[str, Any]) -> Message:
        request: Message = operation.request_class()
        self._transcoder.parse(request, dict(parameters))
        return request
