"""Which model may take memory on which device, and who has to go for it.

Budgets are bytes, charged by what the catalog says a model needs. Only idle models are evicted, the least recently
used first; a model that somebody holds a lease on stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from shared.runtime.devices import Device


class Resident(Protocol):
    """What the scheduler needs to know of a model that holds memory."""

    @property
    def memory_bytes(self) -> int: ...

    @property
    def idle(self) -> bool: ...

    @property
    def last_used(self) -> float: ...


@dataclass(slots=True)
class _Shelf:
    device: Device
    residents: list[Resident] = field(default_factory=list)

    @property
    def free(self) -> int:
        return self.device.budget_bytes - sum(resident.memory_bytes for resident in self.residents)


@dataclass(frozen=True, slots=True)
class Placement:
    """A device with room, once ``evicted`` are gone."""

    device: str
    evicted: tuple[Resident, ...]


class Scheduler:
    """Keeps the books; loading and unloading are the runtime's."""

    def __init__(self, devices: Sequence[Device]) -> None:
        self._shelves = {device.name: _Shelf(device) for device in devices}

    @property
    def devices(self) -> list[str]:
        return list(self._shelves)

    def place(self, memory_bytes: int, devices: Sequence[str], other_than: Collection[str] = ()) -> Placement | None:
        """A device of ``devices`` for a model: one with room as it is, else the one where eviction makes room.

        Devices are tried in the order of the settings. None when no device can ever, or at present, hold it.
        """
        shelves = [
            shelf
            for name, shelf in self._shelves.items()
            if (name in devices or name.split(":")[0] in devices) and name not in other_than
        ]
        for shelf in shelves:
            if shelf.free >= memory_bytes:
                return Placement(shelf.device.name, ())
        for shelf in shelves:
            victims: list[Resident] = []
            free = shelf.free
            for resident in sorted((r for r in shelf.residents if r.idle), key=lambda r: r.last_used):
                victims.append(resident)
                free += resident.memory_bytes
                if free >= memory_bytes:
                    return Placement(shelf.device.name, tuple(victims))
        return None

    def charge(self, device: str, resident: Resident) -> None:
        self._shelves[device].residents.append(resident)

    def release(self, device: str, resident: Resident) -> None:
        self._shelves[device].residents.remove(resident)

    def used_bytes(self, device: str) -> int:
        shelf = self._shelves[device]
        return shelf.device.budget_bytes - shelf.free
