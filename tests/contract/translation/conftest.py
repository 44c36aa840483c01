"""A Nonet that translates with the models of the repository, and finds out languages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.process import Addresses
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from tests.contract.answers import Recorder
from tests.running import client, nonet

OWN = ["translation-from-english", "translation-to-english"]


@pytest.fixture(scope="session")
def translating(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """With our own models first, whatever else is on the machine."""
    data = tmp_path_factory.mktemp("translation")
    catalog, store = Catalog.load(), ModelStore(data)
    if not all(store.installed(entry) for entry in map(catalog.get, OWN) if entry is not None):
        pytest.skip("ctranslate2 and sentencepiece are not installed")
    preferences = {"translate-text": OWN}
    with nonet(data, services="translation,language", model_preferences=preferences) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def translate(translating: Addresses) -> Recorder:
    return Recorder(client("translate", translating))
