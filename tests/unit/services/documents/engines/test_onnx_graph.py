"""Taking the last layer off the recogniser's network changes nothing about what it says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from services.documents.engines.onnx_graph import without_head


@pytest.fixture(scope="module")
def network() -> bytes:
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the package rapidocr is not installed")
    return Path(next(iter(spec.submodule_search_locations)), "models", "PP-OCRv6_rec_small.onnx").read_bytes()


def test_head_and_body_make_the_whole(network: bytes) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    body, head = without_head(network)
    assert len(body) < len(network) - head.weight.nbytes + 4096
    picture = np.random.default_rng(7).uniform(-1, 1, (2, 3, 48, 96)).astype(np.float32)
    expected, features = (
        session.run(None, {session.get_inputs()[0].name: picture})[0]
        for session in (onnxruntime.InferenceSession(each, providers=["CPUExecutionProvider"])
                        for each in (network, body))
    )  # fmt: skip
    logits = features @ head.weight + head.bias
    odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
    np.testing.assert_allclose(odds / odds.sum(axis=-1, keepdims=True), expected, atol=1e-4)


def test_what_is_not_such_a_network_is_refused(network: bytes) -> None:
    body, _ = without_head(network)
    with pytest.raises(ValueError, match="the network ends in"):
        without_head(body)
