"""Serving a sequential model, with an encoder that is simple enough to be told by hand: the newest vector as it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from services.personalization.engines.scorer import INDEXED_ITEMS, History
from services.personalization.engines.sequence import SequenceModel
from services.personalization.tasks import Sequences, TrainedSequences
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from shared.runtime.bindings import WorkerBinding
from tests.engines import KEPT


def newest(dimension: int) -> bytes:
    """An encoder [1, n, d] -> [1, d]: the last vector."""
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [helper.make_node("Gather", ["vectors", "place"], ["user"], axis=1)],
        "newest",
        [
            helper.make_tensor_value_info("vectors", number, [1, "n", dimension]),
            helper.make_tensor_value_info("barred", onnx.TensorProto.BOOL, ["n", "n"]),
        ],
        [helper.make_tensor_value_info("user", number, [1, dimension])],
        [helper.make_tensor("place", onnx.TensorProto.INT64, [], [-1])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    data: bytes = made.SerializeToString()
    return data


def made(items: int, dimension: int = 8, length: int = 5) -> tuple[SequenceModel, np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    vectors = random.normal(size=(items, dimension)).astype(np.float32)
    positions = random.normal(size=(length, dimension)).astype(np.float32)
    return SequenceModel(vectors, positions, newest(dimension)), vectors, positions


def history(*items: int) -> History:
    return History(np.array(items, np.int64), np.ones(len(items), np.float32))


@pytest.mark.parametrize("items", [(7,), (1, 2, 3), tuple(range(30))])
def test_the_order_counts_and_the_newest_has_the_last_position(items: tuple[int, ...]) -> None:
    model, vectors, positions = made(40)
    expected = (vectors[items[-1]] * 8**0.5 + positions[-1]) @ vectors.T
    assert model.scores([history(*items)])[0] == pytest.approx(expected, rel=1e-4)
    some = np.array([3, 9, 0])
    assert model.scores_of(history(*items), some) == pytest.approx(expected[some], rel=1e-4)
    found = model.candidates(history(*items), 6)
    assert found.items.tolist() == np.argsort(-expected)[:6].tolist()


def test_without_a_history_nothing_is_better_than_anything() -> None:
    model, _, _ = made(10)
    assert model.scores([history()])[0].tolist() == [0.0] * 10


def test_many_items_are_found_by_an_index_and_a_file_is_read_again() -> None:
    model, vectors, positions = made(INDEXED_ITEMS)
    assert model.indexed and model.items == INDEXED_ITEMS
    expected = np.argsort(-((vectors[5] * 8**0.5 + positions[-1]) @ vectors.T))[:20]
    found = model.candidates(history(4, 5), 20)
    assert len(set(found.items.tolist()) & set(expected.tolist())) >= 10
    assert (np.diff(found.scores) <= 0).all()
    again = SequenceModel.of_arrays(model.arrays())
    assert again.scores([history(4, 5)]) == pytest.approx(model.scores([history(4, 5)]))


@pytest.mark.slow
async def test_a_trained_model_foretells_what_always_follows() -> None:
    """Users go round in a circle of 20 items; runs where NONET_TEST_ENGINES has the environment."""
    catalog = Catalog.load()
    entry = catalog.get("sasrec")
    assert entry is not None and entry.environment is not None
    store = ModelStore(Path(KEPT))
    if not KEPT or not store.environment_installed(catalog.environments[entry.environment]):
        pytest.skip(f"NONET_TEST_ENGINES has no environment {entry.environment}")
    users, length, count = 300, 10, 20
    starts = np.random.default_rng(1).integers(0, count, users)
    items = ((starts[:, None] + np.arange(length)) % count).ravel().astype(np.int32)
    offsets = np.arange(0, users * length + 1, length)
    binding = await WorkerBinding.load(entry, Path(), "cpu", store.environment_python(entry.environment))
    try:
        for epochs in (None, 25):
            (found,) = await binding.run([Sequences(offsets, items, count, 16, 8, epochs)])
            assert isinstance(found, TrainedSequences)
            assert found.items.shape == (count, 16) and found.positions.shape == (8, 16)
            assert found.epochs == epochs or (epochs is None and found.epochs >= 1)
    finally:
        await binding.close()
    model = SequenceModel(found.items, found.positions, found.encoder)
    for begin in (0, 7, 15):
        past = [(begin + step) % count for step in range(6)]
        assert model.candidates(history(*past), 1).items.tolist() == [(begin + 6) % count]
