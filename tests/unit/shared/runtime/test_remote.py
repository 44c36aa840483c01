"""Models in another process: the codec, and the binding with its other end."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cbor2
import grpc
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from shared import errors
from shared.auth.principals import PrincipalTable, new_principal
from shared.rpc import upstream
from shared.rpc.upstream import Upstream
from shared.runtime.codec import MARK, decode, encode
from shared.runtime.remote import RemoteBinding, RuntimeHandlers
from shared.runtime.runtime import Runtime
from tests.unit.shared.runtime import engines
from tests.unit.shared.runtime.test_runtime import entry, make


class Colour(enum.Enum):
    RED = "red"


@dataclass(frozen=True)
class Point:
    x: float
    colour: Colour
    inside: tuple[int, ...]


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), st.floats(allow_nan=False), st.text(), st.binary())
VALUES = st.recursive(
    st.one_of(SCALARS, st.builds(Point, st.floats(allow_nan=False), st.just(Colour.RED), st.tuples(st.integers(0, 9)))),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.tuples(inner, inner), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=12,
)


@given(VALUES)
def test_what_goes_in_comes_out(value) -> None:
    assert decode(encode(value)) == value


@given(hnp.arrays(st.sampled_from([np.uint8, np.float32, np.int64, np.bool_]), hnp.array_shapes(max_dims=4, max_side=5)))
def test_arrays_travel(array) -> None:
    back = decode(encode({"a": array}))["a"]
    assert back.dtype == array.dtype and back.shape == array.shape
    assert np.array_equal(back, array, equal_nan=array.dtype.kind == "f")


@given(st.binary(max_size=100))
def test_garbage_is_refused_or_harmless(data: bytes) -> None:
    with contextlib.suppress(errors.MalformedRequest):
        decode(data)


@pytest.mark.parametrize(
    "value",
    [
        {MARK: "dataclass", "class": "subprocess:Popen", "members": {"args": "true"}},
        {MARK: "dataclass", "class": "shared.models.store:subprocess.Popen", "members": {"args": "true"}},
        {MARK: "dataclass", "class": "shared.runtime.codec:decode", "members": {}},
        {MARK: "dataclass", "class": "services.nobody:Item", "members": {}},
        {MARK: "enum", "class": "tests.unit.shared.runtime.test_remote:Point", "name": "RED"},
        {MARK: "array", "dtype": "O", "shape": [1], "data": b"12345678"},
        {MARK: "error", "class": "SystemExit", "message": "", "code": None},
        {MARK: "guess"},
    ],
)
def test_only_our_own_dataclasses_are_made(value) -> None:
    with pytest.raises(errors.MalformedRequest):
        decode(cbor2.dumps(value))


def test_what_cannot_travel_says_so() -> None:
    with pytest.raises(TypeError):
        encode(object())


@pytest.fixture
async def back(tmp_path: Path) -> AsyncIterator[tuple[Runtime, str]]:
    """A process with the model, as far as the front can tell."""
    runtime = make(tmp_path, entry("m", max_batch_size=8))
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((RuntimeHandlers(runtime, PrincipalTable((), "000000000000").admit_gateway),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    yield runtime, f"127.0.0.1:{port}"
    await server.stop(0)
    await runtime.close()


async def test_a_remote_model_answers_and_its_errors_keep_their_class(tmp_path: Path, back) -> None:
    runtime, address = back
    front = make(tmp_path / "front", entry("m", memory_bytes=10**9), budget=1, remote_models={"m": partial(RemoteBinding, Upstream(address), "m")})
    async with await front.lease("double") as lease:
        assert await lease.run([1, 2, 3]) == [2, 4, 6]
        with pytest.raises(errors.InvalidArgument, match="negative"):
            await lease.run([-1])
        assert await lease.run_each([5, -1]) == [10, ANY_INVALID]
    assert engines.loads == ["m"]
    assert [model for model, _, _ in runtime.loaded()] == ["m"]
    await front.close()


async def test_nobody_there_is_unavailable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "CONNECT_SECONDS", 0.1)
    front = make(tmp_path, entry("m"), remote_models={"m": partial(RemoteBinding, Upstream("127.0.0.1:9"), "m")})
    async with await front.lease("double") as lease:
        with pytest.raises(errors.Unavailable):
            await lease.run([1])
    await front.close()


def test_only_gateways_are_admitted() -> None:
    alice, alice_key = new_principal("alice", "000000000001")
    gateway, gateway_key = new_principal("front", "000000000001")
    table = PrincipalTable([alice, gateway.model_copy(update={"gateway": True})], "000000000000")
    table.admit_gateway({"authorization": f"Bearer {gateway_key}"})
    with pytest.raises(errors.PermissionDenied):
        table.admit_gateway({"authorization": f"Bearer {alice_key}"})
    with pytest.raises(errors.Unauthenticated):
        table.admit_gateway({})


class _AnyInvalid:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, errors.InvalidArgument)


ANY_INVALID = _AnyInvalid()
