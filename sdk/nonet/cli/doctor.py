"""``nonet doctor``: looks at what could keep Nonet from working here, and says what to do."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from nonet.cli.ready import reason_not_ready
from shared.models.catalog import Catalog, Tier
from shared.models.store import ModelStore
from shared.runtime.devices import find_devices, main_memory_bytes
from shared.settings import Settings, settings

MIN_FREE_BYTES = 2 * 10**9
MIN_MEMORY_BYTES = 2 * 10**9


@dataclass(frozen=True, slots=True)
class Finding:
    good: bool
    text: str
    remedy: str = ""


def main(arguments: list[str]) -> int:
    good = True
    for finding in examine(settings()):
        good &= finding.good
        print(f"{'ok  ' if finding.good else 'BAD '} {finding.text}")
        if not finding.good and finding.remedy:
            print(f"     -> {finding.remedy}")
    return 0 if good else 1


def examine(current: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding((3, 11) <= sys.version_info[:2] <= (3, 13), f"Python {version}", "install Python 3.11 to 3.13")
    yield Finding(
        sqlite3.sqlite_version_info >= (3, 35), f"SQLite {sqlite3.sqlite_version}", "RETURNING needs SQLite 3.35"
    )
    data = current.data_directory
    anchor = next(path for path in (data, *data.parents) if path.exists())
    yield Finding(os.access(anchor, os.W_OK), f"data directory {data}", "name another in NONET_DATA_DIRECTORY")
    free = shutil.disk_usage(anchor).free
    yield Finding(free > MIN_FREE_BYTES, f"{free / 1e9:.0f} GB of disk free", "models and jobs need room; free 2 GB")
    memory = main_memory_bytes()
    yield Finding(memory > MIN_MEMORY_BYTES, f"{memory / 1e9:.0f} GB of memory", "2 GB is the least for OCR")
    try:
        devices = ", ".join(f"{d.name} ({d.budget_bytes / 1e9:.1f} GB for models)" for d in find_devices(current))
        yield Finding(True, f"devices: {devices}")
    except ValueError as error:
        yield Finding(False, str(error), "set NONET_DEVICES=auto")
    for name, port in (("HTTP", current.http_port), ("gRPC", current.grpc_port)):
        free_port = _free(current.host, port)
        if not free_port and reason_not_ready(current.http_port) == "":
            yield Finding(True, f"{name} port {port} is taken, and a Nonet answers at {current.http_port}")
        else:
            state = "free" if free_port else "taken by another program"
            yield Finding(free_port, f"{name} port {port} is {state}", f"set NONET_{name.upper()}_PORT to another")
    open_door = current.principals_file is None and not current.is_loopback
    yield Finding(not open_door, f"binds {current.host}", "make keys (nonet keys create NAME) before you open the door")
    store = ModelStore(data, current.model_mirror)
    catalog = Catalog.load(added=store.added())
    for entry in catalog:
        if entry.tier is Tier.EMBEDDED and not store.installed(entry):
            missing = [name for name in entry.requires if importlib.util.find_spec(name) is None]
            yield Finding(False, f"embedded model {entry.id}", f"missing: {', '.join(missing) or entry.embedded_path}")
    installed = sum(store.installed(entry) for entry in catalog)
    yield Finding(True, f"{installed} of {len(catalog)} models installed (nonet models list)")


def _free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
