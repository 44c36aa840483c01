"""The programs of examples/rekognition as anybody runs them, on photographs of the shared data."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.process import Addresses
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples" / "rekognition"
DOGS, CAT = "google_vision/puppies.jpg", "google_vision/wakeupcat.jpg"
PORTRAIT, GROUP = "faces_ageitgey/obama.jpg", "faces_ageitgey/two_people.jpg"
#: Program -> photographs that it is given, and what it prints among other things.
RUNS: dict[str, tuple[list[str], list[str]]] = {
    "detect_labels.py": ([DOGS], ["Dog (", "Animal", " at 0.", "%  "]),
    "detect_faces.py": ([PORTRAIT], ["Male", "strongest emotion: HAPPY", "smiles: True", "30 landmarks"]),
    "compare_faces.py": ([PORTRAIT, GROUP], ["the same person, similarity", "1 other faces"]),
    "detect_moderation_labels.py": ([DOGS], ["nothing found"]),
    "detect_text.py": ([CAT], ["up"]),
    "face_collection.py": (
        [PORTRAIT, GROUP],
        ["'staff'", "faces: 1", "seen on party", "the portrait shows badge-17", "deleted: 3"],
    ),
    "recognize_celebrities.py": ([GROUP], ["2 faces of other people"]),
}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_example(seeing: Addresses, photographs: Path, path: Path, tmp_path: Path) -> None:
    given, printed = RUNS[path.name]
    command = [sys.executable, str(path), *(str(photographs / name) for name in given)]
    environment = {**os.environ, "AWS_ENDPOINT_URL": seeing.http, "PYTHONPATH": ""}
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    missing = [text for text in printed if text not in done.stdout]
    assert not missing, done.stdout
