"""Memory of GPUs that several processes share: who holds how much, agreed in the database.

    leases = DeviceLeases(database, devices, priority=0)
    leases.start(tenant)                                   # the runtime, which can tell and unload idle models
    if not await leases.take("cuda:0", "my-model", 2 << 30):
        await leases.wait("cuda:0", "my-model", 2 << 30)   # others are asked to unload what they do not use
    ...
    await leases.give("cuda:0", "my-model")

A lease is a row that its holder renews; the rows of a process that died run out, and their memory is anybody's again.
Those who wait are served by priority, then by age, and nobody passes them by. One who waits marks idle models, of lower
or equal priority and idle longest first, and only if together they are enough; their holders unload what is marked.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import sqlalchemy
from sqlalchemy import Connection, and_, delete, func, insert, select, update

from shared import errors
from shared.observability.metrics import RuntimeMetrics
from shared.runtime.devices import Device
from shared.storage.database import Database, metadata
from shared.storage.replicas import new_replica

logger = logging.getLogger("nonet.runtime")

device_leases = sqlalchemy.Table(
    "device_leases",
    metadata,
    sqlalchemy.Column("device", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("holder", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("model", sqlalchemy.Text, primary_key=True),
    sqlalchemy.Column("memory_bytes", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("priority", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("granted", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("asked_at", sqlalchemy.Double, nullable=False),
    sqlalchemy.Column("idle_since", sqlalchemy.Double),
    sqlalchemy.Column("wanted", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("expires_at", sqlalchemy.Double, nullable=False),
)


@dataclass(frozen=True, slots=True)
class LeasePolicy:
    """Seconds. A dead holder's memory returns after at most ``lease_s``."""

    lease_s: float = 15.0
    heartbeat_s: float = 5.0
    #: Between two looks at whether somebody waits for our idle models, or whether our turn has come.
    poll_s: float = 0.5
    #: A model that was used this lately is not idle: another call is likely.
    idle_s: float = 1.0
    patience_s: float = 30.0


class Tenant(Protocol):
    """Who holds the models: the runtime."""

    def idle_seconds(self, model: str) -> float | None:
        """How long ago the model was last used; None while it is in use or being loaded."""

    async def unload_idle(self, model: str) -> bool:
        """Unload the model and give its lease back, unless it is in use again."""


class DeviceLeases:
    """This process's leases on the devices that have a UUID; other devices are nobody else's."""

    def __init__(
        self,
        database: Database,
        devices: Sequence[Device],
        priority: int = 0,
        policy: LeasePolicy | None = None,
        metrics: RuntimeMetrics | None = None,
    ) -> None:
        self._database = database
        self._devices = {device.name: device for device in devices if device.uuid}
        self._priority = priority
        self._policy = policy or LeasePolicy()
        self._metrics = metrics
        self._holder = new_replica()
        #: (device, model) -> bytes
        self._held: dict[tuple[str, str], int] = {}
        self._asking: set[tuple[str, str]] = set()
        #: Models that the table knows to be idle.
        self._told_idle: set[tuple[str, str]] = set()
        self._tenant: Tenant | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def covers(self, device: str) -> bool:
        return device in self._devices

    def start(self, tenant: Tenant) -> None:
        """Name who unloads; the leases are kept from the first one on."""
        self._tenant = tenant

    async def take(self, device: str, model: str, memory_bytes: int) -> bool:
        """Hold ``memory_bytes`` of ``device``, if they are free now and nobody waits for them."""
        return await self._ask(device, model, memory_bytes, waits=False)

    async def wait(self, device: str, model: str, memory_bytes: int) -> None:
        """Hold ``memory_bytes`` as soon as it is our turn.

        Raises:
            ResourceExhausted: it did not come within the policy's patience.
        """
        until = time.monotonic() + self._policy.patience_s
        asking: asyncio.Future[bool] = asyncio.ensure_future(self._ask(device, model, memory_bytes, waits=True))
        try:
            while not await asyncio.shield(asking):
                if time.monotonic() > until:
                    raise errors.ResourceExhausted(
                        f"Other processes hold the memory of {device}, and there is none left for {model} at present."
                    )
                await asyncio.sleep(self._policy.poll_s)
                asking = asyncio.ensure_future(self._ask(device, model, memory_bytes, waits=True))
        except BaseException:
            await asyncio.shield(self._withdraw(device, model, asking))
            raise

    async def _withdraw(self, device: str, model: str, asking: asyncio.Future[bool]) -> None:
        # A transaction goes on when who asked for it is cancelled; its row must not outlive the question.
        await asyncio.wait([asking])
        await self.give(device, model)

    async def give(self, device: str, model: str) -> None:
        """Hand the memory back, or stop waiting for it."""
        self._held.pop((device, model), None)
        self._told_idle.discard((device, model))
        mine = self._mine(self._devices[device].uuid, model)
        await self._database.run(lambda connection: connection.execute(delete(device_leases).where(mine)))

    async def close(self) -> None:
        """Hand everything back."""
        if self._keeping is not None:
            # Not cancelled: its transaction would go on, and might write a lease down again after the deletion.
            self._closing.set()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeping
            mine = device_leases.c.holder == self._holder
            with contextlib.suppress(errors.Unavailable):  # the leases run out, then
                await self._database.run(lambda connection: connection.execute(delete(device_leases).where(mine)))
        self._held.clear()

    # -- asking

    async def _ask(self, name: str, model: str, memory_bytes: int, *, waits: bool) -> bool:
        device = self._devices[name]

        def transaction(connection: Connection) -> bool:
            self._database.dialect.lock(connection, f"device {device.uuid}")
            now = float(connection.execute(select(self._database.dialect.now())).scalar_one())
            connection.execute(
                delete(device_leases).where(device_leases.c.device == device.uuid, device_leases.c.expires_at < now)
            )
            rows = list(connection.execute(select(device_leases).where(device_leases.c.device == device.uuid)))
            own = next((row for row in rows if (row.holder, row.model) == (self._holder, model)), None)
            others = [row for row in rows if row is not own]
            turn = (-self._priority, own.asked_at if own is not None else now)
            claims = [row for row in others if row.granted or (-row.priority, row.asked_at) <= turn]
            short = sum(row.memory_bytes for row in claims) + memory_bytes - device.budget_bytes
            if short > 0 and not waits:
                return False
            connection.execute(delete(device_leases).where(self._mine(device.uuid, model)))
            connection.execute(
                insert(device_leases).values(
                    device=device.uuid,
                    holder=self._holder,
                    model=model,
                    memory_bytes=memory_bytes,
                    priority=self._priority,
                    granted=int(short <= 0),
                    asked_at=turn[1],
                    wanted=0,
                    expires_at=now + self._policy.lease_s,
                )
            )
            for row in self._to_unload(claims, short):
                connection.execute(
                    update(device_leases)
                    .where(
                        device_leases.c.device == row.device,
                        device_leases.c.holder == row.holder,
                        device_leases.c.model == row.model,
                    )
                    .values(wanted=1)
                )
            return bool(short <= 0)

        self._asking.add((name, model))
        try:
            granted = await self._database.run(transaction)
            if granted:
                self._held[name, model] = memory_bytes
        finally:
            self._asking.discard((name, model))
        if self._keeping is None:
            self._keeping = asyncio.create_task(self._keep(), name="device-leases")
        return granted

    def _to_unload(self, claims: Iterable[Any], short: int) -> list[Any]:
        """The idle models that have to go to free ``short`` bytes; none if all of them are not enough."""
        idle = [row for row in claims if row.granted and row.idle_since is not None and row.priority <= self._priority]
        chosen: list[Any] = []
        # Those that are on their way out first: others need not follow them.
        for row in sorted(idle, key=lambda row: (-row.wanted, row.priority, row.idle_since)):
            if short <= 0:
                break
            chosen.append(row)
            short -= row.memory_bytes
        return chosen if short <= 0 else []

    def _mine(self, uuid: str, model: str) -> sqlalchemy.ColumnElement[bool]:
        return and_(
            device_leases.c.device == uuid, device_leases.c.holder == self._holder, device_leases.c.model == model
        )

    # -- keeping

    async def _keep(self) -> None:
        """Renew what is held, tell what is idle, and unload what others wait for."""
        renewed = float("-inf")
        while not self._closing.is_set():
            try:
                if time.monotonic() - renewed >= self._policy.heartbeat_s:
                    await self._renew()
                    renewed = time.monotonic()
                await self._tell_idle()
                await self._unload_wanted()
            except errors.Unavailable:
                logger.warning("device leases cannot be renewed at present: the database does not answer")
            except Exception:
                # Without this task every lease of the process would run out.
                logger.exception("keeping device leases failed; it goes on")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), self._policy.poll_s)

    async def _renew(self) -> None:
        held = dict(self._held)
        asking = set(self._asking)

        def transaction(connection: Connection) -> list[tuple[str, str]]:
            now = self._database.dialect.now()
            granted = and_(device_leases.c.holder == self._holder, device_leases.c.granted == 1)
            kept = connection.execute(
                update(device_leases)
                .where(granted)
                .values(expires_at=now + self._policy.lease_s)
                .returning(device_leases.c.device, device_leases.c.model)
            )
            names = {device.uuid: device.name for device in self._devices.values()}
            there = {(names[row.device], row.model) for row in kept}
            # Granted after whoever asked had given up.
            for name, model in there - held.keys() - asking:
                connection.execute(delete(device_leases).where(self._mine(self._devices[name].uuid, model)))
            lost = [key for key in held if key not in there]
            for name, model in lost:
                connection.execute(
                    insert(device_leases).values(
                        device=self._devices[name].uuid, holder=self._holder, model=model,
                        memory_bytes=held[name, model], priority=self._priority, granted=1, asked_at=now, wanted=0,
                        expires_at=now + self._policy.lease_s,
                    )
                )  # fmt: skip
            return lost

        for name, model in await self._database.run(transaction):
            # This process stood still for longer than a lease. The memory is still full, so the table has to say so.
            logger.warning("the lease of %s on %s had run out; it is written down again", model, name)
            self._told_idle.discard((name, model))
            if (name, model) not in self._held:
                await self.give(name, model)
        if self._metrics is not None:
            await self._measure(self._metrics)

    async def _measure(self, metrics: RuntimeMetrics) -> None:
        columns = (device_leases.c.device, device_leases.c.granted, func.sum(device_leases.c.memory_bytes))
        query = select(*columns).group_by(device_leases.c.device, device_leases.c.granted)
        rows = await self._database.read(lambda connection: connection.execute(query).all())
        sums = {(device, bool(granted)): int(total) for device, granted, total in rows}
        for device in self._devices.values():
            metrics.device_held.labels(device.name).set(sums.get((device.uuid, True), 0))
            metrics.device_waiting.labels(device.name).set(sums.get((device.uuid, False), 0))

    async def _tell_idle(self) -> None:
        assert self._tenant is not None
        idle = {
            key: seconds
            for key in self._held
            if (seconds := self._tenant.idle_seconds(key[1])) is not None and seconds >= self._policy.idle_s
        }
        changed = self._told_idle ^ idle.keys()
        if not changed:
            return

        def transaction(connection: Connection) -> None:
            now = self._database.dialect.now()
            for name, model in changed:
                seconds = idle.get((name, model))
                connection.execute(
                    update(device_leases)
                    .where(self._mine(self._devices[name].uuid, model))
                    .values(
                        idle_since=sqlalchemy.null() if seconds is None else now - seconds,
                        # Whoever waits looks for another one.
                        **({"wanted": 0} if seconds is None else {}),
                    )
                )

        await self._database.run(transaction)
        self._told_idle = set(idle)

    async def _unload_wanted(self) -> None:
        assert self._tenant is not None
        if not self._told_idle:
            return
        mine = and_(device_leases.c.holder == self._holder, device_leases.c.wanted == 1)
        query = select(device_leases.c.model).where(mine)
        models = await self._database.glance(lambda connection: connection.execute(query).scalars().all())
        for model in models:
            if await self._tenant.unload_idle(model):
                logger.info("unloaded %s: another process needs the device", model)
