"""A torch checkpoint read without torch: the tensors are right, and nothing that it names is done."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import numpy as np
import pytest

from services.transcription.engines.torch_checkpoint import read_tensors
from shared import errors

HEAD = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}U\rlittle_endian\x88s."


@pytest.fixture(scope="module")
def checkpoint() -> Path:
    found = importlib.util.find_spec("resemblyzer")
    assert found is not None and found.submodule_search_locations is not None
    return Path(found.submodule_search_locations[0]) / "pretrained.pt"


def test_tensors_of_a_real_checkpoint(checkpoint: Path) -> None:
    tensors = read_tensors(checkpoint, "model_state")
    assert tensors["lstm.weight_ih_l0"].shape == (1024, 40)
    assert tensors["linear.weight"].shape == (256, 256)
    # Weights of a trained network: of moderate size, none alike.
    for name, tensor in tensors.items():
        assert tensor.dtype == np.float32 and np.isfinite(tensor).all(), name
    assert 0.01 < tensors["lstm.weight_hh_l2"].std() < 1
    assert tensors["similarity_weight"] > 0  # the scale that GE2E learns


def test_what_is_not_there(checkpoint: Path) -> None:
    with pytest.raises(errors.FailedPrecondition):
        read_tensors(checkpoint, "nothing")


def test_a_file_that_breaks_off(checkpoint: Path, tmp_path: Path) -> None:
    data = checkpoint.read_bytes()
    rng = random.Random(7)
    for length in [0, 1, 14, 20, 150, *(rng.randrange(len(data)) for _ in range(10))]:
        (tmp_path / "cut.pt").write_bytes(data[:length])
        with pytest.raises(errors.FailedPrecondition):
            read_tensors(tmp_path / "cut.pt", "model_state")


@pytest.mark.parametrize(
    "state",
    [
        b"cos\nsystem\n(S'touch done'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"ctorch\nload\n.",
        b"ctorch._utils\n_rebuild_tensor_v2\n(NI0\n(I1\nt(I1\nttR.",
        b"(lp0\n.",
        b"not a pickle",
    ],
)
def test_a_checkpoint_commands_nothing(tmp_path: Path, state: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for data in (state, HEAD + state):
        (tmp_path / "bad.pt").write_bytes(data)
        with pytest.raises(errors.FailedPrecondition):
            read_tensors(tmp_path / "bad.pt", "model_state")
    assert not (tmp_path / "done").exists()
