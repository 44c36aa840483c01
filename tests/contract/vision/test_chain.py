"""The chain of examples/chains/photo: photographs in S3 through Rekognition, as state machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.running import nonet
from tests.vision_models import put_models

PROGRAM = ROOT / "examples" / "chains" / "photo" / "photo.py"


@pytest.mark.slow
def test_photographs_pass_through_a_state_machine(photographs: Path, tmp_path: Path) -> None:
    put_models(tmp_path / "data")
    pictures = [photographs / "google_vision" / name for name in ("puppies.jpg", "wakeupcat.jpg")]
    pictures.append(photographs / "faces_ageitgey" / "obama.jpg")
    with nonet(tmp_path / "data", services="vision,documents,orchestration") as addresses:
        done = subprocess.run(
            [sys.executable, str(PROGRAM), *map(str, pictures), __file__],
            env={**os.environ, "AWS_ENDPOINT_URL": addresses.http, "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            timeout=600,
        )
    assert done.returncode == 0, done.stderr
    dogs, cat, portrait, program = done.stdout.splitlines()
    assert program == "test_chain.py FAILED NoPhotograph"
    told = [json.loads(line.partition(" SUCCEEDED ")[2]) for line in (dogs, cat, portrait)]
    assert all(each["Show"] for each in told)
    assert "Dog" in told[0]["Labels"] and "Cat" in told[1]["Labels"] and "Person" in told[2]["Labels"]
    assert "wakeuphuman" in "".join(told[1]["Text"]).replace(" ", "").lower()
    assert (told[2]["Faces"], told[2]["Smiles"]) == (1, [True])
