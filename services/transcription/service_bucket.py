"""The bucket of an account in which the service keeps what its caller named no bucket for."""

from __future__ import annotations

import hashlib
import hmac

from shared import errors
from shared.storage.names import ObjectName
from shared.storage.object_tables import ObjectAttributes
from shared.storage.objects import ObjectStore

_DIGITS = 20


class ServiceBucket:
    """Objects that belong to jobs and vocabularies. The bucket is the account's own, made when it is first needed."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects

    async def name(self, account: str) -> str:
        """The bucket's name. Nobody can guess it, so no other account can take it first."""
        key = await self._objects.database.secret("transcription-bucket")
        return f"nonet-transcribe-{hmac.new(key, account.encode(), hashlib.sha256).hexdigest()[:_DIGITS]}"

    async def put(self, account: str, key: str, body: bytes, content_type: str) -> ObjectName:
        """Store an object, in place of one of that key; where it now is."""
        bucket = await self.name(account)
        try:
            await self._objects.create_bucket(account, bucket)
        except errors.AlreadyExists as error:
            if error.explicit_aws_code != "BucketAlreadyOwnedByYou":
                raise
        attributes = ObjectAttributes(headers={"content-type": content_type})
        await self._objects.put(account, bucket, key, body, attributes=attributes)
        return ObjectName(bucket, key)

    async def delete(self, account: str, keys: list[str]) -> None:
        """Delete objects; fine when they, or the bucket, are not there."""
        try:
            await self._objects.delete(account, await self.name(account), keys)
        except errors.NotFound:
            return
