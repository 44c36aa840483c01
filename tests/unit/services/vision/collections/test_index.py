"""The arrays: exact and quantised, against comparison with every vector."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.vision.collections.faces import Numbers, Vectors
from services.vision.collections.index import ExactFaces, Gate, NearestFaces, QuantisedFaces
from tests.unit.services.vision.collections.people import DIMENSIONS, people, pictures

COUNT = 3000


def numbered(vectors: Vectors, first: int = 1) -> Numbers:
    return np.arange(first, first + len(vectors), dtype=np.int64)


def quantised(vectors: Vectors) -> QuantisedFaces:
    return QuantisedFaces.train(vectors, len(vectors), threads=1)


def arrays(vectors: Vectors) -> list[NearestFaces]:
    return [ExactFaces(), quantised(vectors)]


def test_the_nearest_is_among_the_candidates() -> None:
    enrolled = people(COUNT)
    for array in arrays(enrolled):
        array.add(numbered(enrolled), enrolled)
        assert len(array) == COUNT and array.memory_bytes > 0
        queries = pictures(enrolled[::30], 0.4)
        for at, query in zip(range(1, COUNT + 1, 30), queries, strict=True):
            found = array.nearest(query, array.candidates(1))
            assert at in found
            assert len(found) == array.candidates(1) == len(set(found.tolist()))


def test_the_exact_one_orders_by_distance() -> None:
    enrolled = people(50)
    array = ExactFaces()
    array.add(numbered(enrolled), enrolled)
    query = people(1, seed=9)[0]
    expected = np.argsort(np.linalg.norm(enrolled - query, axis=1)) + 1
    assert array.nearest(query, 50).tolist() == expected.tolist()
    assert array.nearest(query, 500).tolist() == expected.tolist()
    assert array.nearest(query, 3).tolist() == expected[:3].tolist()


def test_an_empty_array_finds_nothing() -> None:
    for array in arrays(people(100)):
        assert array.nearest(people(1)[0], 5).tolist() == []
        array.remove(np.array([1, 2, 3], np.int64))
        array.remove(np.empty(0, np.int64))
        assert len(array) == 0


def test_another_dimension_is_refused() -> None:
    for array in arrays(people(100)):
        array.add(numbered(people(5)), people(5))
        with pytest.raises(ValueError, match=f"{DIMENSIONS} dimensions"):
            array.nearest(np.zeros(DIMENSIONS + 1, np.float32), 1)


def test_too_few_vectors_train_nothing() -> None:
    with pytest.raises(ValueError):
        QuantisedFaces.train(people(15), 15, threads=1)


def test_removals_and_additions_leave_no_trace() -> None:
    """Each round gives a third of the places to other faces; all of those that are there must still be found.

    faiss leaves codes of removed faces in place and lays new ones over them; without ``_blank`` this fails.
    """
    enrolled = people(COUNT)
    random = np.random.default_rng(5)
    for array in arrays(enrolled):
        array.add(numbered(enrolled), enrolled)
        there = dict(zip(range(1, COUNT + 1), enrolled, strict=True))
        following = COUNT + 1
        for turn in range(6):
            gone = random.choice(list(there), COUNT // 3, replace=False)
            array.remove(gone)
            for number in gone.tolist():
                del there[number]
            new = people(COUNT // 3, seed=100 + turn)
            array.add(numbered(new, following), new)
            there.update(zip(range(following, following + len(new)), new, strict=True))
            following += len(new)
        assert len(array) == COUNT == len(there)
        missed = [number for number, vector in there.items() if number not in array.nearest(vector, 20)]
        assert not missed


def test_single_faces_come_and_go() -> None:
    enrolled = people(400)
    array = quantised(enrolled)
    array.add(numbered(enrolled), enrolled)
    for at, vector in enumerate(people(300, seed=3), 1000):
        array.add(np.array([at], np.int64), vector[np.newaxis])
        assert array.nearest(vector, 1).tolist() == [at]
        array.remove(np.array([at], np.int64))
        assert at not in array.nearest(vector, 401)
    assert len(array) == 400


def test_bytes_hold_everything() -> None:
    enrolled = people(500)
    array = quantised(enrolled)
    array.add(numbered(enrolled), enrolled)
    array.remove(np.arange(1, 100, dtype=np.int64))
    again = QuantisedFaces.from_bytes(array.to_bytes(), array.trained_for)
    assert (len(again), again.trained_for, again.memory_bytes) == (401, 500, array.memory_bytes)
    more = people(50, seed=4)
    again.add(numbered(more, 1000), more)
    assert all(at in again.nearest(vector, 5) for at, vector in enumerate(more, 1000))
    with pytest.raises(RuntimeError):
        QuantisedFaces.from_bytes(b"not an index at all", 1)


@pytest.mark.parametrize("dimensions", [1, 2, 3, 7, 128, 254, 512])
def test_any_dimension_has_codes(dimensions: int) -> None:
    vectors = np.random.default_rng(0).standard_normal((200, dimensions)).astype(np.float32)
    array = quantised(vectors)
    array.add(numbered(vectors), vectors)
    assert 1 in array.nearest(vectors[0], array.candidates(1))


def test_a_large_collection_looks_into_some_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.vision.collections.index.SCANNED", COUNT // 4)
    enrolled = people(COUNT)
    array = quantised(enrolled)
    array.add(numbered(enrolled), enrolled)
    # A face itself lies in the list of the nearest centre, which is always looked into.
    assert all(at in array.nearest(enrolled[at - 1], array.candidates(1)) for at in range(1, COUNT, 50))
    found = array.nearest(enrolled[0], COUNT)
    assert 0 < len(found) < COUNT / 2


@settings(deadline=None, max_examples=60)
@given(st.lists(st.one_of(st.integers(1, 30), st.just(0)), max_size=40), st.integers(0, 1000))
def test_the_exact_one_does_what_a_dictionary_does(steps: list[int], seed: int) -> None:
    """A number adds so many faces; 0 removes every other one."""
    array, there, following = ExactFaces(), dict[int, np.ndarray](), 1
    for step in steps:
        if step:
            new = people(step, seed + following)
            array.add(numbered(new, following), new)
            there.update(zip(range(following, following + step), new, strict=True))
            following += step
        else:
            gone = list(there)[::2]
            array.remove(np.array([*gone, 999_999], np.int64))
            for number in gone:
                del there[number]
    query = people(1, seed)[0]
    expected = sorted(there, key=lambda number: float(np.linalg.norm(there[number] - query)))
    assert len(array) == len(there)
    assert set(array.nearest(query, 10**6).tolist()) == set(there)
    assert set(expected[:3]) <= set(array.nearest(query, array.candidates(3)).tolist())


def test_a_gate_lets_in_readers_together_and_a_writer_alone() -> None:
    gate = Gate()
    together = threading.Barrier(4)
    inside = {"readers": 0, "writers": 0}
    wrong: list[dict[str, int]] = []
    counting = threading.Lock()

    def be(what: str) -> None:
        with counting:
            inside[what] += 1
            if inside["writers"] > 1 or (inside["writers"] and inside["readers"]):
                wrong.append(dict(inside))
        time.sleep(0.0005)
        with counting:
            inside[what] -= 1

    def read() -> None:
        with gate.reading():
            together.wait(20)  # passes only when all three are inside at once
        for _ in range(50):
            with gate.reading():
                be("readers")

    def write() -> None:
        for _ in range(50):
            with gate.writing():
                be("writers")

    readers = [threading.Thread(target=read) for _ in range(3)]
    for thread in readers:
        thread.start()
    together.wait(20)  # a writer that waits keeps later readers out, so it comes when they have met
    writers = [threading.Thread(target=write) for _ in range(2)]
    for thread in writers:
        thread.start()
    for thread in (*readers, *writers):
        thread.join(30)
        assert not thread.is_alive()
    assert not wrong
