"""Budgets are never passed, and nothing that is in use is evicted, whatever comes in whatever order."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.runtime import devices
from shared.runtime.devices import Device, find_devices, main_memory_bytes
from shared.runtime.scheduler import Scheduler
from shared.settings import Settings


@dataclass(eq=False)
class Model:
    memory_bytes: int
    idle: bool = True
    last_used: float = field(default=0.0)


STEPS = st.lists(
    st.tuples(st.integers(1, 60), st.booleans(), st.sampled_from([("cpu",), ("cuda",), ("cuda", "cpu"), ("cuda:1",)])), max_size=30
)


@given(STEPS)
def test_budgets_hold(steps) -> None:
    scheduler = Scheduler([Device("cuda:0", 50), Device("cuda:1", 40), Device("cpu", 100)])
    budgets = {"cuda:0": 50, "cuda:1": 40, "cpu": 100}
    where: dict[Model, str] = {}
    for clock, (size, idle, wanted) in enumerate(steps):
        placement = scheduler.place(size, wanted)
        if placement is None:
            # Refused rightly: on no device that was asked for do free bytes and idle models make room.
            for name in (name for name in budgets if name in wanted or name.split(":")[0] in wanted):
                held = sum(model.memory_bytes for model, device in where.items() if device == name and not model.idle)
                assert budgets[name] - held < size
            continue
        assert placement.device in wanted or placement.device.split(":")[0] in wanted
        for victim in placement.evicted:
            assert victim.idle and where.pop(victim) == placement.device
            scheduler.release(placement.device, victim)
        model = Model(size, idle, clock)
        scheduler.charge(placement.device, model)
        where[model] = placement.device
        for name, budget in budgets.items():
            used = sum(m.memory_bytes for m, device in where.items() if device == name)
            assert scheduler.used_bytes(name) == used <= budget


def test_the_oldest_idle_models_go_and_no_more_than_needed() -> None:
    scheduler = Scheduler([Device("cpu", 100)])
    models = [Model(30, last_used=age) for age in (3, 1, 2)]
    for model in models:
        scheduler.charge("cpu", model)
    placement = scheduler.place(35, ("cpu",))
    assert placement is not None and placement.evicted == (models[1],)


def test_a_gpu_with_room_goes_before_eviction_and_in_the_order_of_the_settings() -> None:
    scheduler = Scheduler([Device("cuda:0", 50), Device("cuda:1", 50), Device("cpu", 50)])
    scheduler.charge("cuda:0", Model(40))
    placement = scheduler.place(30, ("cuda", "cpu"))
    assert placement is not None and (placement.device, placement.evicted) == ("cuda:1", ())


def test_devices_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_gpus", lambda: {"cuda:0": devices.Gpu(1000, "GPU-1")})
    found = find_devices(Settings(devices="auto", memory_budget_bytes=7))
    assert found == [Device("cuda:0", 900, "GPU-1"), Device("cpu", 7)]
    assert find_devices(Settings(devices="cpu", memory_budget_bytes=7)) == [Device("cpu", 7)]
    with pytest.raises(ValueError, match="cuda:3"):
        find_devices(Settings(devices="cuda:3"))
    assert main_memory_bytes() > 0


def test_what_the_drivers_tool_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho '0, 143771, GPU-a1'\necho '1, [N/A], GPU-b2'\necho '2, 16, GPU-c3'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    found = find_devices(Settings(devices="auto", memory_budget_bytes=7, gpu_budget_bytes=5))
    assert found == [Device("cuda:0", 5, "GPU-a1"), Device("cuda:2", 5, "GPU-c3"), Device("cpu", 7)]
