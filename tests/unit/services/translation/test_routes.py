from __future__ import annotations

from pathlib import Path
from typing import Any

from services.translation.routes import Leg, languages, legs, route
from shared.models.catalog import CatalogEntry, Tier


def entry(model_id: str, known: tuple[str, ...] = (), **options: Any) -> CatalogEntry:
    return CatalogEntry(
        id=model_id, task="translate-text", engine="a:b", tier=Tier.HEAVY, licence="none", description="", memory_bytes=1,
        languages=known, options=options,
    )  # fmt: skip


def test_pairs_with_scores() -> None:
    assert legs([entry("a", pairs=["en-de 51.5", "de-en 50"]), entry("b", pairs="en-fr 3, fr-en 4")]) == [
        Leg("a", "en", "de", 51.5), Leg("a", "de", "en", 50.0), Leg("b", "en", "fr", 3.0), Leg("b", "fr", "en", 4.0),
    ]  # fmt: skip


def test_every_pair_of_the_languages() -> None:
    found = legs([entry("nllb", ("de", "en", "fr"), every_pair="40")])
    assert len(found) == 6
    assert {leg.score for leg in found} == {40.0}


def test_a_pair_whose_file_is_not_there_is_none(tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    model = entry("a", pairs=["en-es 1", "es-en 2"], pair_files=[f"en-es {tmp_path}/here", f"es-en {tmp_path}/gone"])
    assert [(leg.source, leg.target) for leg in legs([model])] == [("en", "es")]


KNOWN = [
    Leg("small", "en", "de", 40.0),
    Leg("large", "en", "de", 60.0),
    Leg("small", "fr", "en", 40.0),
    Leg("es", "fr", "es", 20.0),
]


def test_the_best_score_wins_unless_the_settings_say_otherwise() -> None:
    assert [leg.model_id for leg in route(KNOWN, "en", "de")] == ["large"]
    assert [leg.model_id for leg in route(KNOWN, "en", "de", ["small"])] == ["small"]


def test_through_english_where_there_is_no_direct_way() -> None:
    assert [leg.model_id for leg in route(KNOWN, "fr", "de")] == ["small", "large"]
    assert [leg.model_id for leg in route(KNOWN, "fr", "es")] == ["es"]
    assert route(KNOWN, "de", "fr") == []
    assert route(KNOWN, "es", "de") == []


def test_languages() -> None:
    assert languages(KNOWN) == ["de", "en", "es", "fr"]
