from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.faces.similarity import distance_of, similarity
from shared.models.catalog import Catalog, CatalogEntry, Tier
from tests.vision_models import SERVICE


def model(**options: float) -> CatalogEntry:
    return CatalogEntry(
        id="embedder",
        task="embed-face",
        engine="some.module:load",
        tier=Tier.CATALOG,
        licence="MIT",
        description="",
        memory_bytes=1,
        options=dict(options),
    )


MODELS = st.builds(lambda match, spread: model(match_distance=match, match_spread=spread * match), st.floats(0.05, 50), st.floats(0.02, 0.3))  # fmt: skip


def test_the_model_of_the_catalog_has_its_networks_decision_distance() -> None:
    entry = Catalog.load([SERVICE]).get("faceapi-recognition")
    assert entry is not None
    assert similarity(0.6, entry) == pytest.approx(80)
    assert distance_of(80, entry) == pytest.approx(0.6)
    assert similarity(0.39, entry) > 99 and similarity(0.69, entry) < 35 and similarity(1.0, entry) < 0.1


@given(MODELS)
def test_the_ends_and_the_match(entry: CatalogEntry) -> None:
    match = float(entry.options["match_distance"])  # type: ignore[arg-type]
    assert similarity(0, entry) == pytest.approx(100)
    assert similarity(match, entry) == pytest.approx(80)
    assert similarity(1e6, entry) == 0
    assert distance_of(0, entry) == math.inf and distance_of(100, entry) == 0


@given(MODELS, st.floats(0, 3), st.floats(0, 3))
def test_it_falls_with_distance(entry: CatalogEntry, one: float, other: float) -> None:
    match = float(entry.options["match_distance"])  # type: ignore[arg-type]
    near, far = sorted((one * match, other * match))
    assert similarity(near, entry) >= similarity(far, entry)
    assert 0 <= similarity(far, entry) <= 100


@given(MODELS, st.floats(0.01, 99))
def test_each_is_the_others_inverse(entry: CatalogEntry, wanted: float) -> None:
    assert similarity(distance_of(wanted, entry), entry) == pytest.approx(wanted, rel=1e-6)


def test_a_model_without_the_options_is_refused() -> None:
    with pytest.raises(ValueError, match="match_spread"):
        similarity(0.5, model(match_distance=0.6))
