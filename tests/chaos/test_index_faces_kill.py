"""kill -9 of the whole suite while clients index faces: what was acknowledged is there, and nothing else is found."""

from __future__ import annotations

import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.chaos.test_documents_kill import client, suite
from tests.vision_models import put_models

ROUNDS = 2
CLIENTS = 2


@pytest.mark.slow
def test_no_face_is_lost_and_none_is_a_ghost(tmp_path: Path, database_url: str, shared_directory: Path) -> None:
    people = shared_directory / "data" / "vision" / "faces_ageitgey"
    group = {"Bytes": (people / "two_people.jpg").read_bytes()}
    portrait = {"Bytes": (people / "obama.jpg").read_bytes()}
    put_models(tmp_path)
    acknowledged: set[str] = set()
    for number in range(ROUNDS):
        with suite(tmp_path, database_url) as (process, endpoint):
            rekognition = client("rekognition", endpoint)
            if number == 0:
                rekognition.create_collection(CollectionId="people")
            writers = [
                threading.Thread(target=index, args=(endpoint, group, acknowledged), name=f"writer-{writer}")
                for writer in range(CLIENTS)
            ]
            for writer in writers:
                writer.start()
            before = len(acknowledged)
            deadline = time.monotonic() + 60
            while len(acknowledged) < before + 4 and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(random.uniform(0, 0.4))
            process.send_signal(signal.SIGKILL)
            process.wait()
            for writer in writers:
                writer.join(60)
        assert len(acknowledged) >= before + 4, "nothing was indexed before the kill"
        with suite(tmp_path, database_url) as (_, endpoint):
            rekognition = client("rekognition", endpoint)
            listed = everything(rekognition)
            assert acknowledged <= listed
            # A photograph has two faces: of none only half is there.
            assert len(listed) % 2 == 0
            assert rekognition.describe_collection(CollectionId="people")["FaceCount"] == len(listed)
            found = rekognition.search_faces_by_image(
                CollectionId="people", Image=portrait, FaceMatchThreshold=0, MaxFaces=4096
            )["FaceMatches"]
            assert {match["Face"]["FaceId"] for match in found} == listed


def index(endpoint: str, image: dict[str, bytes], acknowledged: set[str]) -> None:
    """Index one photograph again and again until nobody answers any more."""
    patience = Config(retries={"total_max_attempts": 1})
    rekognition = boto3.client("rekognition", endpoint_url=endpoint, region_name="us-east-1", config=patience)
    while True:
        try:
            answer = rekognition.index_faces(CollectionId="people", Image=image)
        except (BotoCoreError, ClientError):
            return
        acknowledged.update(record["Face"]["FaceId"] for record in answer["FaceRecords"])


def everything(rekognition: Any) -> set[str]:
    pages = rekognition.get_paginator("list_faces").paginate(CollectionId="people")
    return {face["FaceId"] for page in pages for face in page["Faces"]}
