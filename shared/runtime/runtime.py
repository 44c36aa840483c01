"""Leases on loaded models: ``lease = await runtime.lease(task)``, ``results = await lease.run(items)``.

Runtime.lease -> choose an installed model -> slot (one a model) -> load once, however many ask
    (on a GPU that other processes use, too: agreed with them first, see device_leases.py)
Lease.run     -> the slot's batcher -> the slot's binding (threads, or a worker process) -> engine.run
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

from shared import errors
from shared.models.catalog import Catalog, CatalogEntry
from shared.models.store import ModelStore
from shared.observability.metrics import RuntimeMetrics
from shared.rpc.call import Priority
from shared.runtime.batcher import Batcher, BatchPolicy
from shared.runtime.bindings import Binding, InprocBinding, WorkerBinding
from shared.runtime.device_leases import DeviceLeases
from shared.runtime.devices import Device
from shared.runtime.scheduler import Scheduler

logger = logging.getLogger("nonet.runtime")

#: How long a choice of model is kept: a model that was pulled meanwhile is noticed after this.
CHOICE_SECONDS = 2.0
#: "Device" of a model that lies in another process, and calls to it that may be on the way at once.
REMOTE, REMOTE_CALLS = "remote", 64


class _Slot:
    """One model: not loaded, loading, loaded; how many hold it, and when it was last used."""

    def __init__(self, entry: CatalogEntry, device: str) -> None:
        self.entry = entry
        self.device = device
        self.leases = 0
        self.last_used = time.monotonic()
        self.binding: Binding | None = None
        self.batcher: Batcher | None = None
        #: Done when the model is loaded or could not be; all who ask meanwhile wait for this one.
        self.loading: asyncio.Future[None] | None = None

    @property
    def memory_bytes(self) -> int:
        return self.entry.memory_bytes

    @property
    def idle(self) -> bool:
        return self.leases == 0 and self.binding is not None


class Lease:
    """A loaded model that stays while the lease is held. Use as an async context manager."""

    def __init__(self, slot: _Slot) -> None:
        self._slot = slot
        self._held = True

    @property
    def model(self) -> CatalogEntry:
        return self._slot.entry

    async def run(self, items: Sequence[Any], priority: Priority = Priority.INTERACTIVE) -> list[Any]:
        """One result an item, in order.

        Raises:
            ResourceExhausted: too many items wait already.
            NonetError: what the engine says of an item.
        """
        if not items:
            return []
        batcher = self._slot.batcher
        assert batcher is not None
        return await batcher.submit(items, priority)

    async def run_each(self, items: Sequence[Any], priority: Priority = Priority.INTERACTIVE) -> list[Any]:
        """As ``run``, but an item's error stands in its place among the results instead of being raised."""
        results = await asyncio.gather(*(self.run([item], priority) for item in items), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, errors.NonetError):
                raise result
        return [result if isinstance(result, BaseException) else result[0] for result in results]

    def release(self) -> None:
        if self._held:
            self._held = False
            self._slot.leases -= 1
            self._slot.last_used = time.monotonic()

    async def __aenter__(self) -> Lease:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()


class Runtime:
    """All models of one process."""

    def __init__(
        self,
        catalog: Catalog,
        store: ModelStore,
        devices: Sequence[Device],
        preferences: dict[str, list[str]] | None = None,
        metrics: RuntimeMetrics | None = None,
        remote_models: Mapping[str, Callable[[], Binding]] | None = None,
        device_leases: DeviceLeases | None = None,
    ) -> None:
        """``remote_models``: id -> binding of a model that lies in another process and costs no memory here.

        ``device_leases``: the agreement with other processes that use the same devices.
        """
        self._catalog = catalog
        self._store = store
        self._scheduler = Scheduler(devices)
        self._preferences = preferences or {}
        self._metrics = metrics
        self._remote_models = remote_models or {}
        self._device_leases = device_leases
        if device_leases is not None:
            device_leases.start(self)
        self._slots: dict[str, _Slot] = {}
        self._choices: dict[tuple[str, str | None], tuple[CatalogEntry, float]] = {}

    # -- choosing

    def candidates(self, task: str, language: str | None = None) -> list[CatalogEntry]:
        """Installed models of a task, best first: those that the settings name, then by the catalog's preference."""
        entries = list(self._catalog.for_task(task, language))
        named = self._preferences.get(task, [])
        entries.sort(key=lambda entry: named.index(entry.id) if entry.id in named else len(named))
        return [entry for entry in entries if self._available(entry)]

    def _available(self, entry: CatalogEntry) -> bool:
        return entry.id in self._remote_models or self._store.installed(entry)

    def languages(self, task: str) -> frozenset[str]:
        """Languages that the installed models of a task know."""
        return frozenset(language for entry in self.candidates(task) for language in entry.languages)

    def _choose(self, task: str, language: str | None) -> CatalogEntry:
        """The best candidate; asked on every call, so an answer is kept for a moment."""
        now = time.monotonic()
        chosen, until = self._choices.get((task, language), (None, 0.0))
        if chosen is not None and now < until:
            return chosen
        candidates = self.candidates(task, language)
        if candidates:
            self._choices[task, language] = (candidates[0], now + CHOICE_SECONDS)
            return candidates[0]
        wish = f"{task.replace('-', ' ')}{f' in {language}' if language else ''}"
        remedy = self.remedy(task, language)
        if remedy is None:
            raise errors.ModelNotInstalled(f"No model of the catalog can {wish}.")
        raise errors.ModelNotInstalled(f"No installed model can {wish}. Run: {remedy}")

    def remedy(self, task: str, language: str | None = None) -> str | None:
        """The commands that bring a model of ``task`` that knows ``language``; None where nobody knows of one."""
        known = self._catalog.for_task(task, language)
        if known:
            return " or ".join(dict.fromkeys(entry.remedy for entry in known))
        fitting = [
            template.name
            for template in self._catalog.templates.values()
            if template.model["task"] == task and (language is None or language in template.model.get("languages", ()))
        ]
        return f"nonet models add ID FOLDER --as {'|'.join(fitting)}" if fitting else None

    # -- leasing

    async def lease(self, task: str, language: str | None = None) -> Lease:
        """Hold the best installed model of ``task`` that knows ``language``.

        Raises:
            ModelNotInstalled: none fits; the message names the command that gets one.
            ResourceExhausted: memory is full of models in use.
        """
        return await self._lease(self._choose(task, language))

    async def lease_model(self, model_id: str) -> Lease:
        """Hold one model by its id.

        Raises:
            ModelNotInstalled: it is not on this machine.
            ResourceExhausted: memory is full of models in use.
        """
        entry = self._catalog.get(model_id)
        if entry is None:
            raise errors.ModelNotInstalled(f"The catalog has no model {model_id}. See: nonet models list")
        if not self._available(entry):
            raise errors.ModelNotInstalled(f"The model {model_id} is not installed. Run: {entry.remedy}")
        return await self._lease(entry)

    async def _lease(self, entry: CatalogEntry) -> Lease:
        slot = self._slots.get(entry.id)
        if slot is None:
            slot = await self._make_slot(entry)
        slot.leases += 1
        try:
            if slot.batcher is None:
                assert slot.loading is not None
                await asyncio.shield(slot.loading)
        except BaseException:
            slot.leases -= 1
            raise
        slot.last_used = time.monotonic()
        return Lease(slot)

    async def _make_slot(self, entry: CatalogEntry) -> _Slot:
        if entry.id in self._remote_models:
            return self._remote_slot(entry)
        placement = self._scheduler.place(entry.memory_bytes, entry.devices)
        if placement is None:
            raise errors.ResourceExhausted(
                f"There is no memory for {entry.id} at present: every other model is in use."
            )
        slot = _Slot(entry, placement.device)
        # Booked before the first await, so that whoever asks next finds this slot and this budget.
        self._slots[entry.id] = slot
        victims = [victim for victim in placement.evicted if isinstance(victim, _Slot)]
        for victim in victims:
            self._forget(victim)
        self._scheduler.charge(slot.device, slot)
        slot.loading = asyncio.ensure_future(self._load(slot, victims))
        # Nobody may be left to see a failure (all callers cancelled); it is told to the next one anyway.
        slot.loading.add_done_callback(lambda future: future.cancelled() or future.exception())
        return slot

    def _remote_slot(self, entry: CatalogEntry) -> _Slot:
        """A slot without memory: its process loads, batches and evicts. Many batches may be on the way at once."""
        slot = _Slot(entry, REMOTE)
        slot.binding = self._remote_models[entry.id]()
        policy = BatchPolicy(
            max_batch_size=entry.max_batch_size, max_queue_size=entry.max_queue_size, instances=REMOTE_CALLS
        )
        slot.batcher = self._make_batcher(entry.id, policy, slot.binding)
        self._slots[entry.id] = slot
        return slot

    async def _load(self, slot: _Slot, victims: Sequence[_Slot]) -> None:
        entry = slot.entry
        started = time.perf_counter()
        try:
            for victim in victims:
                logger.info("unloading %s to make room for %s", victim.entry.id, entry.id)
                await self._unload(victim)
            await self._agree(slot)
            directory = self._store.directory(entry)
            if entry.environment is not None:
                python = self._store.environment_python(entry.environment)
                slot.binding = await WorkerBinding.load(entry, directory, slot.device, python)
            elif entry.own_process:
                slot.binding = await WorkerBinding.load(entry, directory, slot.device)
            else:
                slot.binding = await InprocBinding.load(entry, directory, slot.device)
        except (errors.NonetError, asyncio.CancelledError):
            self._forget(slot)
            await self._hand_back(slot)
            raise
        except Exception as failure:
            # A library's own exception says too much to callers and too little: the log has it, once for all of them.
            self._forget(slot)
            await self._hand_back(slot)
            logger.exception("%s could not be loaded", entry.id)
            raise errors.FailedPrecondition(
                f"The model {entry.id} could not be loaded ({type(failure).__name__}); the server's log has the reason."
            ) from failure
        policy = BatchPolicy(
            entry.preferred_batch_size,
            entry.max_batch_size,
            entry.max_queue_delay_us,
            entry.max_queue_size,
            entry.instances,
        )
        slot.batcher = self._make_batcher(entry.id, policy, slot.binding)
        seconds = time.perf_counter() - started
        logger.info("loaded %s on %s in %.2f s", entry.id, slot.device, seconds)
        if self._metrics is not None:
            self._metrics.load_seconds.labels(entry.id).observe(seconds)
            self._metrics.loaded.labels(slot.device).inc()
            self._metrics.memory.labels(slot.device).set(self._scheduler.used_bytes(slot.device))

    async def _agree(self, slot: _Slot) -> None:
        """Take the memory from other processes, too; where they hold it, move to a device that has room as it is.

        Raises:
            ResourceExhausted: they use it, and did not give it back in time.
        """
        full: list[str] = []
        while self._shared(slot.device):
            assert self._device_leases is not None
            if await self._device_leases.take(slot.device, slot.entry.id, slot.memory_bytes):
                return
            full.append(slot.device)
            other = self._scheduler.place(slot.memory_bytes, slot.entry.devices, other_than=full)
            if other is None or other.evicted:
                await self._device_leases.wait(slot.device, slot.entry.id, slot.memory_bytes)
                return
            self._scheduler.release(slot.device, slot)
            slot.device = other.device
            self._scheduler.charge(slot.device, slot)

    def _shared(self, device: str) -> bool:
        return self._device_leases is not None and self._device_leases.covers(device)

    async def _hand_back(self, slot: _Slot) -> None:
        if self._shared(slot.device):
            assert self._device_leases is not None
            await self._device_leases.give(slot.device, slot.entry.id)

    def _make_batcher(self, model_id: str, policy: BatchPolicy, binding: Binding) -> Batcher:
        if self._metrics is None:
            return Batcher(model_id, policy, binding.run)
        observe = self._metrics.batch_size.labels(model_id).observe
        refused = self._metrics.refused.labels(model_id).inc
        batcher = Batcher(model_id, policy, binding.run, observe, refused)
        self._metrics.queue_length.labels(model_id).set_function(lambda: batcher.waiting)
        return batcher

    def _forget(self, slot: _Slot) -> None:
        if self._slots.get(slot.entry.id) is slot:
            del self._slots[slot.entry.id]
            if slot.device == REMOTE:
                return
            self._scheduler.release(slot.device, slot)

    async def _unload(self, slot: _Slot) -> None:
        if slot.batcher is not None:
            await slot.batcher.close()
        if slot.binding is not None:
            await slot.binding.close()
            if self._metrics is not None and slot.device != REMOTE:
                self._metrics.loaded.labels(slot.device).dec()
        await self._hand_back(slot)

    # -- what other processes ask for (``device_leases.Tenant``)

    def idle_seconds(self, model: str) -> float | None:
        """How long ago the model was last used; None while it is in use or being loaded."""
        slot = self._slots.get(model)
        return time.monotonic() - slot.last_used if slot is not None and slot.idle else None

    async def unload_idle(self, model: str) -> bool:
        """Unload the model and give its lease back, unless it is in use again."""
        slot = self._slots.get(model)
        if slot is None or not slot.idle:
            return False
        self._forget(slot)
        await self._unload(slot)
        return True

    # -- the rest

    def loaded(self) -> list[tuple[str, str, int]]:
        """(model id, device, leases) of every model in memory."""
        return [(slot.entry.id, slot.device, slot.leases) for slot in self._slots.values() if slot.binding is not None]

    async def close(self) -> None:
        for slot in list(self._slots.values()):
            if slot.loading is not None and not slot.loading.done():
                slot.loading.cancel()
            self._forget(slot)
            await self._unload(slot)
        if self._device_leases is not None:
            await self._device_leases.close()
