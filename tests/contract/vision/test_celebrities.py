"""Known people: the operator fills the gallery from the command line while the service runs, and boto3 sees it at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.contract.answers import Recorder
from tests.contract.vision.test_faces import photo
from tests.running import client, nonet
from tests.vision_models import put_models


def test_the_gallery(photographs: Path, tmp_path: Path) -> None:
    people = photographs / "faces_ageitgey"
    put_models(tmp_path)
    # Both processes on one database file, whichever product the other tests run on.
    environment = {**os.environ, "NONET_DATA_DIRECTORY": str(tmp_path), "NONET_DATABASE_URL": ""}

    def gallery(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nonet.cli", "vision", "celebrities", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600)

    with nonet(tmp_path, services="vision", database_url=f"sqlite:///{tmp_path / 'nonet.db'}") as addresses:
        rekognition = Recorder(client("rekognition", addresses))
        pair = photo(people / "two_people.jpg")
        assert rekognition.ask("recognize_celebrities", Image=pair)["CelebrityFaces"] == []
        url = "https://example.org/obama"
        added = gallery("add", "Barack Obama", str(people / "obama.jpg"), "--url", url, "--gender", "Male")
        assert added.returncode == 0, added.stderr
        answer = rekognition.ask("recognize_celebrities", Image=pair)
        (found,) = answer["CelebrityFaces"]
        assert (found["Name"], found["Urls"], found["KnownGender"]) == ("Barack Obama", [url], {"Type": "Male"})
        assert found["MatchConfidence"] >= 80 and len(answer["UnrecognizedFaces"]) == 1
        assert found["Face"]["BoundingBox"]["Left"] < answer["UnrecognizedFaces"][0]["BoundingBox"]["Left"]
        info = rekognition.ask("get_celebrity_info", Id=found["Id"])
        assert info == {"Name": "Barack Obama", "Urls": [url], "KnownGender": {"Type": "Male"}}
        assert "Barack Obama" in gallery("list").stdout
        refused = gallery("add", "Two People", str(people / "two_people.jpg"))
        assert refused.returncode == 1 and "two_people.jpg" in refused.stderr
        assert gallery("rm", found["Id"]).returncode == 0
        assert rekognition.ask("recognize_celebrities", Image=pair)["CelebrityFaces"] == []
        with pytest.raises(ClientError) as caught:
            rekognition.client.get_celebrity_info(Id=found["Id"])
        assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
