"""The child that evaluates JSONata: how it judges its own size."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the size is read from /proc")
PARENT = """
import mmap, os
from services.orchestration.language.jsonata import Jsonata
from services.orchestration.language.scope import Scope
large = bytearray(400 * 1024 * 1024)
large[:: mmap.PAGESIZE] = b"x" * len(large[:: mmap.PAGESIZE])
jsonata = Jsonata(1)
for _ in range(3):
    jsonata.evaluate("{% 1 %}", Scope(None, {}, {}), "Output")
    print(jsonata._idle[0]._process.pid if jsonata._idle else 0)
jsonata.close()
"""


#: A process of its own: in one that has given memory back, a new object may grow nothing.
GROWN = """
from services.orchestration.language.jsonata_worker import resident_bytes
size = resident_bytes()
kept = bytearray(64 * 1024 * 1024)
kept[:: 4096] = b"x" * len(kept[:: 4096])
print(size, resident_bytes(), len(kept))
"""


@linux
def test_its_size_is_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", GROWN], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    before, after, kept = map(int, done.stdout.split())
    assert 5 * 1024 * 1024 < before < 8 * 1024**3
    assert after >= before + kept // 2


@linux
def test_below_a_large_server_it_stays() -> None:
    """A process inherits the peak of whoever started it: taken for its own, no child would see a second question."""
    command = [sys.executable, "-c", PARENT]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, env=os.environ | {"PYTHONPATH": "."})
    assert done.returncode == 0, done.stderr
    children = done.stdout.split()
    assert len(children) == 3
    assert len(set(children)) == 1
    assert children[0] != "0"
