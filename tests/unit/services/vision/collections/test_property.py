"""Any order of additions, removals, searches, restarts and upkeep, on two replicas, against comparison with each face.

Quantised indexes may, by their nature, miss a neighbour that is far away; so what is asked of them is what the product
promises: a face that is there is found by its own picture, and what is found is there, at its true distance.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.vision.collections import changes
from services.vision.collections.follower import IndexPolicy
from services.vision.collections.search import FaceSearch
from services.vision.collections.store import FaceCollections
from shared import errors
from shared.storage.database import Database
from shared.storage.resources import ResourceStore
from tests.unit.services.vision.collections.people import ACCOUNT, NAME, new_faces, people, pictures

POLICY = IndexPolicy(exact_faces=40, snapshot_changes=30, retrain_factor=2.0)
REPLICAS = st.integers(0, 1)
FAR = 4.0


class Replica:
    """A process: its own connections, its own indexes on its own disk."""

    def __init__(self, folder: Path, number: int) -> None:
        self._indexes = folder / f"indexes-{number}"
        self.database = Database.open(f"sqlite:///{folder}/nonet.db", durable=False)
        self.open()

    def open(self) -> None:
        self.search = FaceSearch(self.database, self._indexes, POLICY)
        self.collections = FaceCollections(self.database, ResourceStore(self.database), self.search.discard)


class CollectionMachine(RuleBasedStateMachine):
    """The reference is a dictionary of vectors."""

    def __init__(self) -> None:
        super().__init__()
        self._patches = pytest.MonkeyPatch()
        self._patches.setattr(changes, "BATCH", 8)  # what is read in one go: many goes for small collections
        self._folder = tempfile.TemporaryDirectory()
        self._loop = asyncio.new_event_loop()
        self._replicas = [Replica(Path(self._folder.name), number) for number in (0, 1)]
        self._there: dict[str, np.ndarray] = {}
        self._gone: list[np.ndarray] = []
        self._seed = 0

    def teardown(self) -> None:
        for replica in self._replicas:
            self._do(replica.search.close())
            replica.database.close()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()
        self._folder.cleanup()
        self._patches.undo()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)

    @initialize(replica=REPLICAS)
    def create(self, replica: int) -> None:
        self._do(self._replicas[replica].collections.create_collection(ACCOUNT, NAME))

    @rule(replica=REPLICAS, count=st.sampled_from([1, 2, 7, 30, 60]))
    def add(self, replica: int, count: int) -> None:
        self._seed += 1
        vectors = people(count, self._seed)
        added = self._do(self._replicas[replica].collections.add(ACCOUNT, NAME, new_faces(vectors)))
        self._there.update((face.face_id, vector) for face, vector in zip(added, vectors, strict=True))

    @precondition(lambda self: self._there)
    @rule(replica=REPLICAS, part=st.sampled_from([0.0, 0.1, 0.5, 1.0]), seed=st.integers(0, 99))
    def remove(self, replica: int, part: float, seed: int) -> None:
        count = max(1, int(part * len(self._there)))
        ids = [str(one) for one in np.random.default_rng(seed).choice(sorted(self._there), count, replace=False)]
        assert self._do(self._replicas[replica].collections.delete(ACCOUNT, NAME, [*ids, "nobody"])) == ids
        self._gone = [self._there.pop(face_id) for face_id in ids][:3]

    @precondition(lambda self: self._there)
    @rule(replica=REPLICAS, seed=st.integers(0, 99), count=st.integers(1, 12))
    def find(self, replica: int, seed: int, count: int) -> None:
        ids = sorted(self._there)
        wanted = ids[seed % len(ids)]
        query = pictures(self._there[wanted][np.newaxis], 0.3, 7000 + seed)[0]
        found = self._do(self._replicas[replica].search.search(ACCOUNT, NAME, query, count, FAR))
        distances = {face_id: float(np.linalg.norm(vector - query)) for face_id, vector in self._there.items()}
        assert [face.face_id for face, _ in found][:1] == [min(distances, key=lambda one: distances[one])]
        assert len(found) == min(count, len(self._there))
        assert [distance for _, distance in found] == sorted(distance for _, distance in found)
        for face, distance in found:
            assert abs(distances[face.face_id] - distance) < 1e-5
        if len(self._there) <= POLICY.exact_faces // 2:  # whatever the index, all are candidates
            nearest = sorted(distances.values())[:count]
            assert np.allclose([distance for _, distance in found], nearest, atol=1e-5)

    @precondition(lambda self: self._gone)
    @rule(replica=REPLICAS)
    def miss(self, replica: int) -> None:
        for vector in self._gone:
            assert not self._do(self._replicas[replica].search.search(ACCOUNT, NAME, vector, 5, 0.01))

    @rule(replica=REPLICAS)
    def save(self, replica: int) -> None:
        self._do(self._replicas[replica].search.save())

    @rule(replica=REPLICAS, cleanly=st.booleans())
    def restart(self, replica: int, cleanly: bool) -> None:
        if cleanly:
            self._do(self._replicas[replica].search.close())
        else:
            self._do(self._replicas[replica].search.settled())
        self._replicas[replica].open()

    @rule(replica=REPLICAS)
    def settle(self, replica: int) -> None:
        self._do(self._replicas[replica].search.settled())

    @rule(replica=REPLICAS)
    def forget(self, replica: int) -> None:
        while self._do(self._replicas[replica].collections.forget_removed(-60)):
            pass

    @rule(replica=REPLICAS)
    def make_again(self, replica: int) -> None:
        collections = self._replicas[replica].collections
        self._do(collections.delete_collection(ACCOUNT, NAME))
        try:
            self._do(collections.list(ACCOUNT, NAME))
        except errors.NotFound:
            pass
        else:
            raise AssertionError("it is still there")
        self._do(collections.create_collection(ACCOUNT, NAME))
        self._gone, self._there = list(self._there.values())[:3], {}

    @invariant()
    def counted(self) -> None:
        if self._seed:
            described = self._do(self._replicas[0].collections.describe_collection(ACCOUNT, NAME))
            assert described.face_count == len(self._there)


TestCollections = CollectionMachine.TestCase
TestCollections.settings = settings(
    max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
