"""Which processes are alive, and whose executions are free to take."""

from __future__ import annotations

import os
import socket

from sqlalchemy import Connection, delete, select, text, update

from services.orchestration.engine.tables import executions, orchestrators
from shared.storage.database import Database

#: A process that was silent for so long has lost its executions.
DEAD_AFTER_SECONDS = 3.0
BEAT_SECONDS = 1.0


class Ownership:
    """The heartbeat of ``replica``, and the search for those that have none any more."""

    def __init__(self, database: Database, replica: str) -> None:
        self._database = database
        self._replica = replica

    async def beat(self) -> None:
        """Say that this process is alive. Comes before it owns anything."""
        await self._database.run(self._beat)

    def _beat(self, connection: Connection) -> None:
        connection.execute(
            text(
                "INSERT INTO orchestrators (id, alive_at) VALUES (:id, :now) "
                "ON CONFLICT (id) DO UPDATE SET alive_at = excluded.alive_at"
            ),
            {"id": self._replica, "now": self._now(connection)},
        )

    def _now(self, connection: Connection) -> float:
        return float(connection.execute(select(self._database.dialect.now())).scalar_one())

    async def free_executions_of_the_dead(self) -> int:
        """Let go of what dead processes owned; how many executions that were."""
        others = await self._database.read(self._others)
        dead = [name for name, silent in others if silent > DEAD_AFTER_SECONDS or _is_gone(name)]
        return await self._database.run(_free, dead) if dead else 0

    def _others(self, connection: Connection) -> list[tuple[str, float]]:
        silent = self._database.dialect.now() - orchestrators.c.alive_at
        rows = connection.execute(select(orchestrators.c.id, silent).where(orchestrators.c.id != self._replica))
        return [(row[0], float(row[1])) for row in rows]

    async def end(self) -> None:
        """Say that this process owns nothing any more."""
        await self._database.run(_free, [self._replica])


def _free(connection: Connection, replicas: list[str]) -> int:
    freed = connection.execute(
        update(executions)
        .where(executions.c.owner.in_(replicas))
        .values(owner=None, wake_at=0.0, crashes=executions.c.crashes + 1)
    ).rowcount
    connection.execute(delete(orchestrators).where(orchestrators.c.id.in_(replicas)))
    return freed


def _is_gone(replica: str) -> bool:
    """Whether ``replica`` was a process of this host that does not exist any more: no need to wait for its silence."""
    host, process, _ = replica.rsplit(":", 2)
    if host != socket.gethostname() or not process.isdigit():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    # The number was given again, to ourselves: the process that had it before is gone.
    return int(process) == os.getpid()
