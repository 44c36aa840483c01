"""A Nonet that can speak: eSpeak NG in its engine environment, as `nonet engines install espeak-ng` makes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.process import Addresses
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from tests.running import client, nonet


@pytest.fixture(scope="session")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    data: Path = tmp_path_factory.mktemp("speech")
    ModelStore(data).install_environment(Catalog.load().environments["espeak-ng"])
    with nonet(data, services="speech") as addresses:
        yield addresses


@pytest.fixture(scope="session")
def polly(speaking: Addresses) -> Any:
    return client("polly", speaking)
