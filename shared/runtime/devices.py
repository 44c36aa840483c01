"""Devices that models run on, and how many bytes of each we may fill."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

from shared.settings import Settings

CPU = "cpu"
#: Share of main memory that models may fill by default: the rest is for requests, the page cache and the database.
MAIN_MEMORY_SHARE = 0.5
GPU_MEMORY_SHARE = 0.9


@dataclass(frozen=True, slots=True)
class Device:
    """ "cpu" or "cuda:N", and its budget in bytes.

    ``uuid``: what other processes, too, know the device by; empty for one that this process has to itself.
    """

    name: str
    budget_bytes: int
    uuid: str = ""


def find_devices(settings: Settings) -> list[Device]:
    """The devices that the settings allow and the machine has, preferred first.

    Raises:
        ValueError: a device is asked for that the machine does not have.
    """
    gpus = _gpus()
    wanted = [name.strip() for name in settings.devices.split(",") if name.strip()]
    if wanted == ["auto"]:
        wanted = [*gpus, CPU]
    devices: list[Device] = []
    for name in wanted:
        if name == CPU:
            devices.append(Device(CPU, settings.memory_budget_bytes or int(main_memory_bytes() * MAIN_MEMORY_SHARE)))
        elif name in gpus:
            gpu = gpus[name]
            budget = settings.gpu_budget_bytes or int(gpu.memory_bytes * GPU_MEMORY_SHARE)
            devices.append(Device(name, budget, gpu.uuid))
        else:
            raise ValueError(
                f"NONET_DEVICES names {name}, which this machine does not have; it has {', '.join([*gpus, CPU])}"
            )
    return devices


def main_memory_bytes() -> int:
    """Main memory that this process may use: the machine's, or its container's if that is less."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            with open(path, encoding="ascii") as file:
                text = file.read().strip()
        except OSError:
            continue
        if text.isdigit():
            return min(total, int(text))
    return total


@dataclass(frozen=True, slots=True)
class Gpu:
    memory_bytes: int
    uuid: str


def _gpus() -> dict[str, Gpu]:
    """By "cuda:N", as the driver's own tool tells (no GPU library needed)."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return {}
    query = [tool, "--query-gpu=index,memory.total,uuid", "--format=csv,noheader,nounits"]
    try:
        output = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    gpus: dict[str, Gpu] = {}
    for line in output.splitlines():
        index, mebibytes, uuid = (part.strip() for part in f"{line},,".split(",")[:3])
        if mebibytes.isdigit():
            gpus[f"cuda:{index}"] = Gpu(int(mebibytes) * 1024 * 1024, uuid)
    return gpus
