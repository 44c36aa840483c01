"""Buckets in which a service keeps what its callers named no bucket for: results, and what they imported."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from shared import errors
from shared.storage.names import ObjectName
from shared.storage.object_tables import ObjectAttributes
from shared.storage.objects import ObjectStore

_DIGITS = 20


class ServiceBucket:
    """One service's bucket in each account, which owns it; made when it is first needed."""

    def __init__(self, objects: ObjectStore, service: str) -> None:
        """``service``: "transcribe"; a part of the bucket's name."""
        self._objects = objects
        self._service = service

    async def name(self, account: str) -> str:
        """The bucket's name. Nobody can guess it, so no other account can take it first."""
        key = await self._objects.database.secret(f"{self._service}-bucket")
        return f"nonet-{self._service}-{hmac.new(key, account.encode(), hashlib.sha256).hexdigest()[:_DIGITS]}"

    async def place(self, account: str, key: str) -> ObjectName:
        """Where the object of a key lies, whether it is there or not."""
        return ObjectName(await self.name(account), key)

    async def put(self, account: str, key: str, body: bytes, content_type: str) -> ObjectName:
        """Store an object, in place of one of that key; where it now is."""
        place = await self.place(account, key)
        try:
            await self._objects.create_bucket(account, place.bucket)
        except errors.AlreadyExists as error:
            if error.explicit_aws_code != "BucketAlreadyOwnedByYou":
                raise
        attributes = ObjectAttributes(headers={"content-type": content_type})
        await self._objects.put(account, *place, body, attributes=attributes)
        return place

    async def delete(self, account: str, keys: Sequence[str]) -> None:
        """Delete objects; fine when they, or the bucket, are not there."""
        try:
            await self._objects.delete(account, await self.name(account), keys)
        except errors.NotFound:
            return
