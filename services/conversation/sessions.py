"""Sessions in the database: written before the turn is answered, so that any replica can go on, after any crash.

Two turns of one session at once cannot mix: each is written only over the version that it was made from, and the
later one is told so (ConflictException).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Double,
    LargeBinary,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from shared import errors
from shared.storage.database import Database, metadata
from shared.storage.lookups import Lookup

conversation_sessions = sqlalchemy.Table(
    "conversation_sessions",
    metadata,
    Column("account", Text, primary_key=True),
    Column("bot_id", Text, primary_key=True),
    Column("alias_id", Text, primary_key=True),
    Column("locale_id", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("expires_at", Double, nullable=False),
)

#: Sessions that ran out are deleted when others begin, this many at a time.
_SWEEP = 20
LARGEST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class SessionKey:
    """Whose session it is, and with which bot."""

    account: str
    bot_id: str
    alias_id: str
    locale_id: str
    session_id: str

    def parameters(self) -> dict[str, str]:
        """What ``_OF_KEY`` is executed with."""
        return {f"key_{name}": getattr(self, name) for name in self.__slots__}


_OF_KEY = [conversation_sessions.c[name] == bindparam(f"key_{name}") for name in SessionKey.__slots__]


@dataclass(frozen=True, slots=True)
class StoredSession:
    """``version`` 0: nobody has written it yet."""

    version: int
    document: Mapping[str, Any] | None


class SessionStore:
    """Loads, saves and deletes sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database
        now = database.dialect.now()
        columns = conversation_sessions.c
        # Put into words once: that takes several times as long as the queries themselves.
        left = (columns.expires_at - now).label("seconds_left")
        self._stored = Lookup(select(columns.version, columns.document, left).where(*_OF_KEY))
        self._replace = (
            update(conversation_sessions)
            .where(*_OF_KEY, columns.version == bindparam("former"))
            .values(expires_at=now + bindparam("seconds"))
        )

    async def load(self, key: SessionKey) -> StoredSession:
        """The session; without a document where there is none, or none any more."""

        def transaction(connection: Connection) -> StoredSession:
            rows = self._stored.rows(connection, **key.parameters())
            if not rows:
                return StoredSession(0, None)
            (row,) = rows
            return StoredSession(row.version, orjson.loads(row.document) if row.seconds_left > 0 else None)

        return await self._database.glance(transaction)

    async def save(self, key: SessionKey, former: StoredSession, document: Mapping[str, Any], seconds: float) -> None:
        """Write what became of ``former``; it lives for ``seconds`` from now.

        Raises:
            Aborted: somebody else has written the session since.
            InvalidArgument: it has more than ``LARGEST_BYTES``.
        """
        data = orjson.dumps(document)
        if len(data) > LARGEST_BYTES:
            raise errors.InvalidArgument(f"A session has at most {LARGEST_BYTES} bytes: give it fewer attributes.")
        values = {"version": former.version + 1, "document": data}

        def transaction(connection: Connection) -> bool:
            if former.version:
                place = {**key.parameters(), "former": former.version, "seconds": seconds}
                return connection.execute(self._replace, {**values, **place}).rowcount == 1
            now = self._database.dialect.now()
            _sweep(connection, now)
            try:
                with connection.begin_nested():
                    connection.execute(
                        insert(conversation_sessions).values(
                            account=key.account,
                            bot_id=key.bot_id,
                            alias_id=key.alias_id,
                            locale_id=key.locale_id,
                            session_id=key.session_id,
                            expires_at=now + seconds,
                            **values,
                        )
                    )
            except sqlalchemy.exc.IntegrityError:
                return False
            return True

        if not await self._database.run(transaction):
            raise errors.Aborted("Another turn of this session was under way: send one at a time, and this one again.")

    async def delete(self, key: SessionKey) -> bool:
        """Forget a session; whether there was one."""

        def transaction(connection: Connection) -> bool:
            now = self._database.dialect.now()
            alive = conversation_sessions.c.expires_at > now
            mine = delete(conversation_sessions).where(*_OF_KEY, alive)
            return connection.execute(mine, key.parameters()).rowcount == 1

        return await self._database.run(transaction)


def _sweep(connection: Connection, now: sqlalchemy.ColumnElement[float]) -> None:
    columns = conversation_sessions.c
    keys = [columns.account, columns.bot_id, columns.alias_id, columns.locale_id, columns.session_id]
    late = columns.expires_at < now - 60
    for row in connection.execute(select(*keys).where(late).limit(_SWEEP)).all():
        connection.execute(delete(conversation_sessions).where(*_OF_KEY, late), SessionKey(*row).parameters())
