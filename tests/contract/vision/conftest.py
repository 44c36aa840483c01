"""A Nonet that sees: with the catalog's models, and photographs from the shared data."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.process import Addresses
from tests.contract.answers import Recorder
from tests.running import client, nonet
from tests.vision_models import put_models


@pytest.fixture(scope="session")
def seeing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    data = tmp_path_factory.mktemp("vision")
    put_models(data)
    with nonet(data, services="vision,documents") as addresses:
        yield addresses


@pytest.fixture(scope="session")
def rekognition(seeing: Addresses) -> Recorder:
    return Recorder(client("rekognition", seeing, config={"read_timeout": 120}))


@pytest.fixture(scope="session")
def s3(seeing: Addresses) -> Any:
    return client("s3", seeing, config={"s3": {"addressing_style": "path"}})


@pytest.fixture(scope="session")
def photographs(shared_directory: Path) -> Path:
    """The folder with google_vision/, faces_ageitgey/ and coco_val_yolo/."""
    return shared_directory / "data" / "vision"


@pytest.fixture
def collection(rekognition: Recorder) -> Iterator[str]:
    """An empty collection of the test's own."""
    name = f"people-{uuid.uuid4().hex[:12]}"
    rekognition.ask("create_collection", CollectionId=name)
    yield name
    rekognition.client.delete_collection(CollectionId=name)
