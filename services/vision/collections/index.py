"""Arrays that find near vectors. They name faces by number, and know nothing of the database.

    NearestFaces
     +- ExactFaces        every vector as it is, compared with each; for small collections
     +- QuantisedFaces    4 bits for two dimensions, in inverted lists; for large ones

Quantised faces are found by their approximate distance (product quantisation: Jegou, Douze, Schmid, "Product
Quantization for Nearest Neighbor Search", 2011; scanned with the processor's shuffles: Andre, Kermarrec, Le Scouarnec,
"Quicker ADC", 2019, in faiss), so whoever asks takes more candidates than wanted and ranks them by their true vectors.

The choice was measured on a million faces of 128 dimensions (bench/face_search.py): at equal time, inverted lists with
8 bits a dimension look into too few lists to find the nearest face, and a graph (HNSW) cannot forget faces.
"""

from __future__ import annotations

import contextlib
import math
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt

from services.vision.collections.faces import Numbers, Vector, Vectors

#: Codes that one search compares at most: about 3 ms on one core. In smaller collections no list is left out.
SCANNED = 500_000
#: Parts of a distance that are summed in 16 bits, each of them of 8.
_MOST_SUBSPACES = 256
_MOST_LISTS = 8192
#: Points that k-means sees for each centre; more do not make better centres.
_POINTS_A_LIST = 64
_LEAST_SAMPLE = 20_000
_ROUNDS = 10
_SEED = 1


class NearestFaces(ABC):
    """Vectors by number. Not thread-safe: many may search at once, only one may change it, see ``Gate``."""

    @abstractmethod
    def candidates(self, wanted: int) -> int:
        """How many to take for the ``wanted`` nearest to be among them, so that true distances can rank them."""

    @abstractmethod
    def __len__(self) -> int: ...

    @property
    @abstractmethod
    def memory_bytes(self) -> int:
        """What it holds, without the room it may have reserved."""

    @abstractmethod
    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        """``vectors`` has one row a number. A number is added once."""

    @abstractmethod
    def remove(self, numbers: Numbers) -> None:
        """Numbers that are not there are fine."""

    @abstractmethod
    def nearest(self, vector: Vector, count: int) -> Numbers:
        """At most ``count`` numbers, nearest first as far as it can tell. Raises ValueError for another dimension."""


class ExactFaces(NearestFaces):
    """All vectors in one matrix."""

    def __init__(self) -> None:
        self._numbers: Numbers = np.empty(0, np.int64)
        #: Has its dimension from the first vectors.
        self._vectors: Vectors = np.empty((0, 0), np.float32)
        self._squares: npt.NDArray[np.float32] = np.empty(0, np.float32)
        self._count = 0

    def candidates(self, wanted: int) -> int:
        return wanted + 16  # ties, and what rounding puts in the wrong order

    def __len__(self) -> int:
        return self._count

    @property
    def memory_bytes(self) -> int:
        return self._count * (int(self._vectors.shape[1]) * 4 + 12)

    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        if not self._count:
            self._vectors = np.empty((len(self._numbers), vectors.shape[1]), np.float32)
        end = self._count + len(numbers)
        if end > len(self._numbers):
            self._reserve(max(end, 2 * self._count, 64))
        self._numbers[self._count : end] = numbers
        self._vectors[self._count : end] = vectors
        self._squares[self._count : end] = np.einsum("ij,ij->i", vectors, vectors)
        self._count = end

    def _reserve(self, room: int) -> None:
        for name in ("_numbers", "_vectors", "_squares"):
            old = getattr(self, name)
            new = np.empty((room, *old.shape[1:]), old.dtype)
            new[: self._count] = old[: self._count]
            setattr(self, name, new)

    def remove(self, numbers: Numbers) -> None:
        kept = np.flatnonzero(~np.isin(self._numbers[: self._count], numbers))
        if len(kept) < self._count:
            for name in ("_numbers", "_vectors", "_squares"):
                setattr(self, name, getattr(self, name)[kept])
            self._count = len(kept)

    def nearest(self, vector: Vector, count: int) -> Numbers:
        if not self._count:
            return np.empty(0, np.int64)
        _check(vector, self._vectors.shape[1])
        # |x|^2 - 2xq orders like |x - q|^2; its rounding is why there are more candidates than wanted.
        distances = self._squares[: self._count] - 2.0 * (self._vectors[: self._count] @ vector)
        count = min(count, self._count)
        nearest = np.argpartition(distances, count - 1)[:count]
        found: Numbers = self._numbers[nearest[np.argsort(distances[nearest], kind="stable")]]
        return found


class QuantisedFaces(NearestFaces):
    """Codes in inverted lists; use ``train`` or ``from_bytes``.

    ``trained_for`` is the size of the collection that it was laid out for.
    """

    def __init__(self, lists: Any, trained_for: int) -> None:
        # An IndexIVFPQFastScan; the stubs of faiss do not know the arrays that its methods take.
        self._lists = lists
        self._blocks: Any = faiss.downcast_InvertedLists(lists.invlists)
        self._packer: Any = lists.get_CodePacker()
        self.trained_for = trained_for

    @classmethod
    def train(cls, sample: Vectors, count: int, threads: int) -> QuantisedFaces:
        """An empty one for about ``count`` faces like those of ``sample``, on so many threads.

        Raises ValueError for fewer than 16 vectors: a code of 4 bits has as many centres.
        """
        if len(sample) < 16:
            raise ValueError("there are fewer vectors than centres")
        faiss.omp_set_num_threads(threads)
        dimensions = sample.shape[1]
        number = min(_list_count(count), len(sample))
        centres = faiss.IndexFlatL2(dimensions)
        lists: Any = faiss.IndexIVFPQFastScan(centres, dimensions, number, _subspaces(dimensions), 4)
        # Codes of the vectors themselves, not of what is left after the list's centre: one table serves all lists.
        lists.by_residual = False
        for clustering in (lists.cp, lists.pq.cp):
            clustering.niter, clustering.seed = _ROUNDS, _SEED
            clustering.min_points_per_centroid = 1
            clustering.max_points_per_centroid = _POINTS_A_LIST
        lists.pq.cp.max_points_per_centroid = _LEAST_SAMPLE // 16
        lists.train(np.ascontiguousarray(sample))
        return cls(lists, count)

    @staticmethod
    def sample_size(count: int) -> int:
        """How many vectors ``train`` makes use of, for a collection of ``count`` faces."""
        return min(count, max(_LEAST_SAMPLE, _list_count(count) * _POINTS_A_LIST))

    @classmethod
    def from_bytes(cls, data: bytes, trained_for: int) -> QuantisedFaces:
        """What ``to_bytes`` gave; bytes that were changed since can crash the process. Raises RuntimeError, faiss's."""
        return cls(faiss.deserialize_index(np.frombuffer(data, np.uint8)), trained_for)

    def to_bytes(self) -> bytes:
        """A copy of everything, as faiss writes it."""
        written: npt.NDArray[np.uint8] = faiss.serialize_index(self._lists)
        return written.tobytes()

    def candidates(self, wanted: int) -> int:
        return 2 * wanted + 128

    def __len__(self) -> int:
        return int(self._lists.ntotal)

    @property
    def memory_bytes(self) -> int:
        centres = int(self._lists.nlist) * int(self._lists.d) * 4
        return len(self) * (int(self._lists.pq.M) // 2 + 8) + centres

    def add(self, numbers: Numbers, vectors: Vectors) -> None:
        self._lists.add_with_ids(np.ascontiguousarray(vectors), numbers)

    def remove(self, numbers: Numbers) -> None:
        if not len(numbers):
            return
        before = self._sizes()
        self._lists.remove_ids(numbers)
        after = self._sizes()
        for at in np.flatnonzero(after < before):
            self._blank(int(at), int(after[at]), int(before[at]))

    def _sizes(self) -> npt.NDArray[np.int64]:
        return np.array([self._blocks.list_size(at) for at in range(int(self._lists.nlist))])

    def _blank(self, at: int, begin: int, end: int) -> None:
        """Clear the codes of list ``at`` that its last block still has behind the list's end.

        faiss 1.15 leaves them there, and when the place is used again it lays the new code over the old one
        (a bitwise or), so that faces that were added after removals would be found no more.
        """
        block, size = begin // self._packer.nvec, int(self._packer.block_size)
        if begin % self._packer.nvec == 0:
            return  # that block is gone as a whole
        codes = faiss.rev_swig_ptr(self._blocks.get_codes(at), (block + 1) * size).reshape(-1, size)
        blank = np.zeros(self._packer.code_size, np.uint8)
        for place in range(begin, min(end, (block + 1) * self._packer.nvec)):
            self._packer.pack_1(blank, place, codes)

    def nearest(self, vector: Vector, count: int) -> Numbers:
        _check(vector, int(self._lists.d))
        lists = int(self._lists.nlist)
        looked_into = lists if len(self) <= SCANNED else max(1, lists * SCANNED // len(self))
        parameters: Any = faiss.SearchParametersIVF()
        parameters.nprobe = looked_into
        _, found = self._lists.search(vector[np.newaxis], min(count, max(1, len(self))), params=parameters)
        numbers: Numbers = found[0][found[0] >= 0]
        return numbers


def _check(vector: Vector, dimensions: int) -> None:
    if vector.shape != (dimensions,):
        raise ValueError(f"the collection's vectors have {dimensions} dimensions")


def _list_count(count: int) -> int:
    """The power of two next to the square root: as many lists as faces in a list."""
    return int(min(_MOST_LISTS, max(16, 2 ** round(math.log2(max(1, count)) / 2))))


def _subspaces(dimensions: int) -> int:
    """Two dimensions a code where they can be paired."""
    most = min(max(1, dimensions // 2), _MOST_SUBSPACES)
    return next(number for number in range(most, 0, -1) if dimensions % number == 0)


def half_the_cores() -> int:
    """Threads for work that must not keep requests waiting."""
    return max(1, (os.cpu_count() or 1) // 2)


class Gate:
    """Lets many readers in, or one writer; who waits to write goes before later readers. For threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._readers = 0
        self._writing = False
        self._waiting_writers = 0

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._writing and not self._waiting_writers)
            self._readers += 1
        try:
            yield
        finally:
            with self._changed:
                self._readers -= 1
                self._changed.notify_all()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        with self._changed:
            self._waiting_writers += 1
            try:
                self._changed.wait_for(lambda: not self._writing and not self._readers)
            finally:
                self._waiting_writers -= 1
            self._writing = True
        try:
            yield
        finally:
            with self._changed:
                self._writing = False
                self._changed.notify_all()
