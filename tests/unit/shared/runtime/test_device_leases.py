"""Two processes and one GPU, simulated: budgets hold, turns are kept, idle models make room, the dead hold nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select, update

from shared import errors
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.device_leases import DeviceLeases, LeasePolicy, device_leases
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime
from shared.storage.database import Database
from tests.unit.shared.runtime import engines
from tests.unit.shared.runtime.test_runtime import entry

GPU = Device("cuda:0", 1000, "GPU-simulated")
POLICY = LeasePolicy(lease_s=60, heartbeat_s=0.1, poll_s=0.02, idle_s=0.0, patience_s=0.3)
PATIENT = LeasePolicy(lease_s=60, heartbeat_s=0.1, poll_s=0.02, idle_s=0.0, patience_s=60)
SHORT = LeasePolicy(lease_s=1.0, heartbeat_s=0.1, poll_s=0.02, idle_s=0.0, patience_s=60)


@dataclass
class Tenant:
    """Models by how long they have been idle; None: in use."""

    leases: DeviceLeases
    models: dict[str, float | None] = field(default_factory=dict)
    unloaded: list[str] = field(default_factory=list)

    def idle_seconds(self, model: str) -> float | None:
        return self.models.get(model)

    async def unload_idle(self, model: str) -> bool:
        self.unloaded.append(model)
        await self.leases.give("cuda:0", model)
        return True


def process(
    database: Database, *, priority: int = 0, policy: LeasePolicy = POLICY, **idle: float | None
) -> tuple[DeviceLeases, Tenant]:
    leases = DeviceLeases(database, [GPU, Device("cpu", 100)], priority, policy)
    tenant = Tenant(leases, dict(idle))
    leases.start(tenant)
    return leases, tenant


async def held(database: Database) -> int:
    total = select(func.coalesce(func.sum(device_leases.c.memory_bytes), 0)).where(device_leases.c.granted == 1)
    return int(await database.read(lambda connection: connection.execute(total).scalar_one()))


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.01)


async def told_idle(database: Database, count: int) -> None:
    """Return when the table knows ``count`` models to be idle."""
    query = select(func.count()).where(device_leases.c.idle_since.is_not(None))

    async def told() -> bool:
        return await database.read(lambda connection: connection.execute(query).scalar_one()) == count

    await until(told)


def test_only_devices_with_a_uuid_are_shared(database: Database) -> None:
    leases, _ = process(database)
    assert leases.covers("cuda:0") and not leases.covers("cpu")


async def test_together_they_never_pass_the_budget(database: Database) -> None:
    processes = [process(database)[0] for _ in range(6)]
    asked = await asyncio.gather(*(leases.take("cuda:0", "m", 300) for leases in processes))
    assert sum(asked) == 3
    assert await held(database) == 900
    for leases in processes:
        await leases.close()
    assert await held(database) == 0


async def test_a_model_in_use_stays_and_who_waits_is_told(database: Database) -> None:
    first, tenant = process(database, busy=None)
    second, _ = process(database)
    assert await first.take("cuda:0", "busy", 800)
    with pytest.raises(errors.ResourceExhausted, match="Other processes hold the memory of cuda:0"):
        await second.wait("cuda:0", "m", 300)
    assert tenant.unloaded == []
    # Nobody waits any more, and what fits is given.
    assert await second.take("cuda:0", "small", 200)
    await first.close()
    await second.close()


async def test_the_model_idle_longest_makes_room(database: Database) -> None:
    first, tenant = process(database, old=50.0, new=5.0)
    second, _ = process(database, policy=PATIENT)
    assert await first.take("cuda:0", "new", 400) and await first.take("cuda:0", "old", 400)
    await told_idle(database, 2)
    await second.wait("cuda:0", "m", 500)
    assert tenant.unloaded == ["old"]
    assert await held(database) == 900
    await first.close()
    await second.close()


async def test_idle_models_that_are_not_enough_stay(database: Database) -> None:
    first, tenant = process(database, idle=5.0, busy=None)
    second, _ = process(database)
    assert await first.take("cuda:0", "idle", 300) and await first.take("cuda:0", "busy", 700)
    with pytest.raises(errors.ResourceExhausted):
        await second.wait("cuda:0", "m", 500)
    assert tenant.unloaded == []
    await first.close()
    await second.close()


async def test_a_higher_priority_keeps_its_idle_models_and_takes_those_of_lower_ones(database: Database) -> None:
    high, high_tenant = process(database, priority=5, policy=PATIENT, mine=9.0)
    low, low_tenant = process(database, theirs=1.0)
    assert await high.take("cuda:0", "mine", 600)
    with pytest.raises(errors.ResourceExhausted):
        await low.wait("cuda:0", "theirs", 600)
    assert high_tenant.unloaded == []
    assert await low.take("cuda:0", "theirs", 400)
    await told_idle(database, 2)
    await high.wait("cuda:0", "another", 400)
    assert low_tenant.unloaded == ["theirs"] and high_tenant.unloaded == []
    await high.close()
    await low.close()


async def test_nobody_passes_one_who_waits_but_a_higher_priority(database: Database) -> None:
    holder, _ = process(database, busy=None)
    waiting, _ = process(database, policy=PATIENT)
    other, _ = process(database)
    urgent, _ = process(database, priority=1)
    assert await holder.take("cuda:0", "busy", 700)
    turn = asyncio.create_task(waiting.wait("cuda:0", "big", 600))

    async def waits() -> bool:
        query = select(func.count()).where(device_leases.c.granted == 0)
        return bool(await database.read(lambda connection: connection.execute(query).scalar_one()))

    await until(waits)
    assert not await other.take("cuda:0", "small", 300)
    assert await urgent.take("cuda:0", "small", 300)
    await urgent.give("cuda:0", "small")
    await holder.give("cuda:0", "busy")
    await turn
    assert await other.take("cuda:0", "small", 300)
    for leases in (holder, waiting, other, urgent):
        await leases.close()


async def test_leases_are_renewed_and_those_that_are_not_run_out(database: Database) -> None:
    living, _ = process(database, policy=SHORT, m=None)
    assert await living.take("cuda:0", "m", 600)
    await asyncio.sleep(2 * SHORT.lease_s)
    other, _ = process(database, policy=SHORT)
    assert not await other.take("cuda:0", "m", 600)
    # As if its process had been killed: nobody renews, nobody gives back.
    assert living._keeping is not None
    living._keeping.cancel()
    await other.wait("cuda:0", "m", 600)
    await other.close()


async def test_a_lease_that_ran_out_while_its_model_stays_is_written_down_again(database: Database) -> None:
    leases, _ = process(database, m=None)
    assert await leases.take("cuda:0", "m", 600)
    await database.run(lambda connection: connection.execute(device_leases.delete()))

    async def there() -> bool:
        return await held(database) == 600

    await until(there)
    await leases.close()


async def test_a_lease_that_was_granted_to_nobody_is_let_go(database: Database) -> None:
    leases, _ = process(database, m=None)
    assert await leases.take("cuda:0", "m", 600)
    await database.run(lambda connection: connection.execute(update(device_leases).values(model="given up")))

    async def replaced() -> bool:
        query = select(device_leases.c.model)
        return await database.read(lambda connection: connection.execute(query).scalars().all()) == ["m"]

    await until(replaced)
    await leases.close()


async def test_runtimes_share_a_gpu(database: Database, tmp_path: object) -> None:
    """A model moves in where another process's idle one was, and takes the processor where that one is in use."""

    def runtime(*names: str, devices: list[str]) -> Runtime:
        entries = [entry(name, task=name, memory_bytes=600, devices=devices) for name in names]
        both = [GPU, Device("cpu", 1000)]
        leases = DeviceLeases(database, both, 0, PATIENT)
        return Runtime(Catalog(entries, []), ModelStore(tmp_path), both, device_leases=leases)  # type: ignore[arg-type]

    engines.closes.clear()
    first = runtime("a", devices=["cuda"])
    second = runtime("b", devices=["cuda"])
    third = runtime("c", devices=["cuda", "cpu"])
    async with await first.lease("a") as lease:
        assert await lease.run([1]) == [2]
    async with await second.lease("b") as lease:
        assert engines.closes == ["a"]
        assert await lease.run([2]) == [4]
        async with await third.lease("c") as other:
            assert await other.run([3]) == [6]
        assert third.loaded() == [("c", "cpu", 0)]
        assert await held(database) == 600
    assert first.loaded() == [] and second.loaded() == [("b", "cuda:0", 0)]
    for one in (first, second, third):
        await one.close()
    assert await held(database) == 0


async def test_a_model_that_cannot_be_loaded_holds_nothing(database: Database, tmp_path: object) -> None:
    entries = [entry("m", memory_bytes=600, devices=["cuda"], options={"broken": True})]
    leases = DeviceLeases(database, [GPU], 0, POLICY)
    runtime = Runtime(Catalog(entries, []), ModelStore(tmp_path), [GPU], device_leases=leases)  # type: ignore[arg-type]
    with pytest.raises(errors.FailedPrecondition):
        await runtime.lease("double")
    assert await held(database) == 0
    await runtime.close()
