"""The engine in its environment, in a process of its own, as the runtime starts it."""

from __future__ import annotations

import pickle
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.bindings import HEADER
from shared.runtime.worker import read_message
from tests.conftest import ROOT
from tests.engines import data_directory

Engine = Callable[[Any], Any]


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Does one task and gives its result; raises what the engine raises."""
    catalog = Catalog.load()
    store = ModelStore(data_directory("forecasting"))
    entry = catalog.get("statistical-forecasts")
    assert entry is not None
    process = subprocess.Popen(
        [store.environment_python("forecasting"), "-m", "shared.runtime.worker"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    pipes = process.stdin, process.stdout

    def exchange(message: Any) -> Any:
        data = pickle.dumps(message)
        pipes[0].write(HEADER.pack(len(data)) + data)
        pipes[0].flush()
        verdict, value = read_message(pipes[1])
        if verdict == "error":
            raise value
        return value

    exchange((entry.model_dump_json(), str(tmp_path_factory.mktemp("empty")), "cpu"))
    yield lambda task: exchange([task])[0]
    process.stdin.close()
    process.wait(30)
