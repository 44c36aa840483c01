"""Leases: one load for many callers, budgets, eviction of idle models only, and both bindings."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from shared import errors
from shared.models.catalog import Catalog, CatalogEntry, Environment, Tier
from shared.models.store import ModelStore
from shared.runtime.bindings import WorkerBinding
from shared.runtime.devices import Device
from shared.runtime.runtime import Runtime
from tests.unit.shared.runtime import engines


def entry(name: str, **changes: object) -> CatalogEntry:
    fields = {
        "id": name, "task": "double", "engine": "tests.unit.shared.runtime.engines:load", "tier": Tier.EMBEDDED,
        "licence": "none", "description": "a test engine", "memory_bytes": 100,
    }  # fmt: skip
    return CatalogEntry.model_validate({**fields, **changes})


def make(tmp_path: Path, *entries: CatalogEntry, budget: int = 1000, **options: object) -> Runtime:
    engines.loads.clear()
    engines.closes.clear()
    engines.batches.clear()
    environments = [
        Environment(name=e.environment, description="", licence="none", packages=("nothing==0",), disk_bytes=1)
        for e in entries
        if e.environment
    ]
    return Runtime(Catalog(entries, environments), ModelStore(tmp_path), [Device("cpu", budget)], **options)  # type: ignore[arg-type]


async def test_ten_first_calls_load_once(tmp_path: Path) -> None:
    runtime = make(tmp_path, entry("m", options={"load_ms": 50}))

    async def call(number: int) -> object:
        async with await runtime.lease("double") as lease:
            return (await lease.run([number]))[0]

    assert await asyncio.gather(*(call(i) for i in range(10))) == [i * 2 for i in range(10)]
    assert engines.loads == ["m"]
    await runtime.close()
    assert engines.closes == ["m"]


async def test_a_failed_load_is_told_to_all_and_tried_again(tmp_path: Path) -> None:
    runtime = make(tmp_path, entry("m", options={"broken": True, "load_ms": 20}))
    results = await asyncio.gather(*(runtime.lease("double") for _ in range(3)), return_exceptions=True)
    assert all(isinstance(result, errors.FailedPrecondition) for result in results)
    assert engines.loads == ["m"]
    with pytest.raises(errors.FailedPrecondition):
        await runtime.lease("double")
    assert engines.loads == ["m", "m"]


async def test_a_librarys_exception_becomes_ours(tmp_path: Path) -> None:
    runtime = make(tmp_path, entry("m", engine="tests.unit.shared.runtime.engines:load_nothing"))
    with pytest.raises(errors.FailedPrecondition, match=r"m could not be loaded \(OSError\)"):
        await runtime.lease("double")


async def test_the_least_recently_used_idle_model_makes_room(tmp_path: Path) -> None:
    entries = [entry(name, task=name, memory_bytes=400) for name in ("a", "b", "c")]
    runtime = make(tmp_path, *entries, budget=1000)
    for task in ("a", "b", "a"):
        (await runtime.lease(task)).release()
    lease = await runtime.lease("c")
    assert engines.closes == ["b"]
    assert {model for model, _, _ in runtime.loaded()} == {"a", "c"}
    lease.release()
    await runtime.close()


async def test_a_model_in_use_is_never_evicted(tmp_path: Path) -> None:
    runtime = make(tmp_path, *(entry(name, task=name, memory_bytes=600) for name in ("a", "b")), budget=1000)
    lease = await runtime.lease("a")
    with pytest.raises(errors.ResourceExhausted):
        await runtime.lease("b")
    assert await lease.run([21]) == [42]
    lease.release()
    async with await runtime.lease("b") as other:
        assert await other.run([4]) == [8]
    await runtime.close()


async def test_the_best_installed_model_is_chosen(tmp_path: Path) -> None:
    runtime = make(
        tmp_path,
        entry("small", preference=1),
        entry("better", preference=5, requires=["a_module_that_nobody_has"]),
        entry("french", preference=9, languages=["fr"]),
    )
    async with await runtime.lease("double", language="en") as lease:
        assert lease.model.id == "small"
    async with await runtime.lease("double", language="fr") as lease:
        assert lease.model.id == "french"
    await runtime.close()


async def test_settings_have_the_last_word(tmp_path: Path) -> None:
    runtime = make(tmp_path, entry("a", preference=5), entry("b"), preferences={"double": ["b"]})
    async with await runtime.lease("double") as lease:
        assert lease.model.id == "b"
    await runtime.close()


async def test_what_is_missing_is_named_with_its_remedy(tmp_path: Path) -> None:
    runtime = make(tmp_path, entry("big", tier=Tier.HEAVY, environment="torch-things"))
    with pytest.raises(errors.ModelNotInstalled, match="nonet engines install torch-things"):
        await runtime.lease("double")
    with pytest.raises(errors.ModelNotInstalled, match="No model of the catalog"):
        await runtime.lease("halve")
    wanting = entry("system", libraries=("libnobodyhasthis.so.1",), prerequisite="apt-get install libnobody")
    runtime = make(tmp_path, entry("anywhere", libraries=("libc.so.6",), preference=-1), wanting)
    with pytest.raises(errors.ModelNotInstalled, match="apt-get install libnobody"):
        await runtime.lease_model("system")
    assert [found.id for found in runtime.candidates("double")] == ["anywhere"]


async def test_an_engine_gets_a_process_of_its_own_where_the_catalog_says_so(tmp_path: Path) -> None:
    runtime = make(tmp_path, entry("m", own_process=True))
    async with await runtime.lease("double") as lease:
        assert await lease.run([4]) == [8]
        assert engines.loads == []
        with pytest.raises(errors.Unavailable):
            await lease.run(["crash"])
        assert await lease.run([5]) == [10]
    await runtime.close()


async def test_batches_form_while_the_engine_is_busy(tmp_path: Path) -> None:
    runtime = make(tmp_path, entry("m", options={"cost_ms": 20}, preferred_batch_size=16, max_batch_size=16))
    async with await runtime.lease("double") as lease:
        answers = await asyncio.gather(*(lease.run([i]) for i in range(17)))
    assert [answer for (answer,) in answers] == [i * 2 for i in range(17)]
    assert engines.batches == [1, 16]
    await runtime.close()


async def test_a_worker_process_answers_fails_and_comes_back(tmp_path: Path) -> None:
    binding = await WorkerBinding.load(entry("m"), tmp_path, "cpu")
    assert list(await binding.run([1, 2, 3])) == [2, 4, 6]
    (bad,) = await binding.run([-1])
    assert isinstance(bad, errors.InvalidArgument)
    with pytest.raises(errors.Internal, match="ValueError"):
        await binding.run(["poison"])
    with pytest.raises(errors.Unavailable):
        await binding.run(["crash"])
    assert list(await binding.run([5])) == [10]
    await binding.close()


async def test_a_worker_that_cannot_load_says_why(tmp_path: Path) -> None:
    with pytest.raises(errors.FailedPrecondition, match="damaged"):
        await WorkerBinding.load(entry("m", options={"broken": True}), tmp_path, "cpu")


async def test_a_worker_is_not_left_with_a_strangers_answer(tmp_path: Path) -> None:
    binding = await WorkerBinding.load(entry("m", options={"cost_ms": 200}), tmp_path, "cpu")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(binding.run([1]), 0.05)
    assert list(await binding.run([7])) == [14]
    await binding.close()
