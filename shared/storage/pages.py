"""Opaque page tokens: where a listing goes on, sealed so that nobody can make one up.

A token holds the position of the last row given and a message authentication code over that position *and* the
listing it belongs to (account, kind, filters). So a token of another listing, of another account, or edited by hand is
refused instead of silently giving other rows.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from shared import errors

if TYPE_CHECKING:
    from shared.storage.database import Database

_CODE_BYTES = 12
#: Longer than any token we make: a position is a number or a key of at most 1,024 bytes.
_LONGEST_TOKEN = 8192


class PageTokens:
    """Seals and opens positions with one key. ``listing`` is whatever distinguishes one listing from another."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    async def of(cls, database: Database) -> PageTokens:
        """With the key that every replica of ``database`` shares."""
        return cls(await database.secret("page-tokens"))

    def seal(self, listing: object, position: int | str) -> str:
        """A token for ``position``. ``listing`` and ``position`` must be expressible in JSON."""
        payload = json.dumps(position).encode()
        # Base 32 has no "-": a command line would take a token that begins with one for an option.
        return base64.b32encode(self._code(listing, payload) + payload).decode().rstrip("=")

    def open(self, listing: object, token: str) -> int | str:
        """The position in ``token``. Raises ``InvalidPaginationToken`` unless it was sealed for ``listing``."""
        invalid = errors.InvalidPaginationToken("the pagination token is not one that this listing gave")
        if not token or len(token) > _LONGEST_TOKEN or not token.isascii():
            raise invalid
        try:
            raw = base64.b32decode(token + "=" * (-len(token) % 8))
        except binascii.Error as error:
            raise invalid from error
        code, payload = raw[:_CODE_BYTES], raw[_CODE_BYTES:]
        if not hmac.compare_digest(code, self._code(listing, payload)):
            raise invalid
        position = json.loads(payload)
        assert isinstance(position, (int, str))
        return position

    def open_row(self, listing: object, token: str | None) -> int | None:
        """Like ``open`` for listings ordered by row number; None for the first page."""
        if token is None:
            return None
        position = self.open(listing, token)
        if not isinstance(position, int):
            raise errors.InvalidPaginationToken("the pagination token belongs to another kind of listing")
        return position

    def _code(self, listing: object, payload: bytes) -> bytes:
        name = json.dumps(listing, sort_keys=True).encode()
        message = len(name).to_bytes(4, "big") + name + payload
        return hmac.digest(self._key, message, hashlib.sha256)[:_CODE_BYTES]
