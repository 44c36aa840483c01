"""Folders in which the service and its engine exchange files."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

from services.forecasting.engine_room import EngineRoom

_HELD = """
import asyncio, sys
from pathlib import Path
from services.forecasting.engine_room import EngineRoom

async def hold():
    async with EngineRoom(None, Path(sys.argv[1])).workspace("training") as folder:
        (folder / "rows").write_text("of a customer")
        print("held", flush=True)
        await asyncio.sleep(600)

asyncio.run(hold())
"""


def _room(directory: Path) -> EngineRoom:
    return EngineRoom(cast(Any, None), directory)


async def test_a_workspace_is_gone_afterwards_and_others_stay(tmp_path: Path) -> None:
    async with _room(tmp_path).workspace("training") as first:
        (first / "rows").write_text("1")
        async with _room(tmp_path).workspace("import") as second:
            assert second.is_dir()
        assert (first / "rows").exists() and not second.exists()
    assert list((tmp_path / "forecasting").iterdir()) == []


async def test_a_killed_process_leaves_nothing_behind_for_long(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", _HELD, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None and process.stdout.readline() == b"held\n"
        (left,) = (path for path in (tmp_path / "forecasting").iterdir() if path.is_dir())
        async with _room(tmp_path).workspace("export"):
            assert (left / "rows").exists(), "a living process keeps its folder"
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert left.exists()
    async with _room(tmp_path).workspace("export") as folder:
        assert not left.exists() and folder.is_dir()
    assert list((tmp_path / "forecasting").iterdir()) == []
