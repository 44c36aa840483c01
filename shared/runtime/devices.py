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
    """ "cpu" or "cuda:N", and its budget in bytes."""

    name: str
    budget_bytes: int


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
            devices.append(Device(name, settings.gpu_budget_bytes or int(gpus[name] * GPU_MEMORY_SHARE)))
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


def _gpus() -> dict[str, int]:
    """ "cuda:N" -> bytes of memory, as the driver's own tool tells (no GPU library needed)."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return {}
    query = [tool, "--query-gpu=index,memory.total", "--format=csv,noheader,nounits"]
    try:
        output = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return {}
    gpus: dict[str, int] = {}
    for line in output.splitlines():
        index, _, mebibytes = line.partition(",")
        if mebibytes.strip().isdigit():
            gpus[f"cuda:{index.strip()}"] = int(mebibytes) * 1024 * 1024
    return gpus
