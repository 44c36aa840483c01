"""Nonets that can speak: with eSpeak NG in its engine environment, as `nonet engines install espeak-ng` makes it, and with
Flite where it lies on the system. A test names the one it means, so that it hears the same on every machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.process import Addresses
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from tests.engines import link_engine
from tests.running import client, nonet


@pytest.fixture(scope="session")
def speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    data: Path = tmp_path_factory.mktemp("speech")
    link_engine(data, "espeak-ng")
    with nonet(data, services="speech", model_preferences={"synthesize-speech": ["espeak-ng"]}) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def polly(speaking: Addresses) -> Any:
    return client("polly", speaking)


@pytest.fixture(scope="session")
def softly_speaking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """Flite first, eSpeak NG for what it cannot do."""
    data: Path = tmp_path_factory.mktemp("flite")
    if not ModelStore(data).installed(Catalog.load().get("flite")):  # type: ignore[arg-type]
        pytest.skip("libflite1 is not on this system")
    link_engine(data, "espeak-ng")
    with nonet(data, services="speech") as addresses:
        yield addresses
