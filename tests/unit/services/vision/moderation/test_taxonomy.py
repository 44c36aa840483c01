"""The three levels, and which classes stand for which label."""

from __future__ import annotations

from typing import Any

import pytest

from services.vision.engines.imagenet_classifier import class_names
from services.vision.engines.nsfwjs import CLASSES
from services.vision.moderation.taxonomy import ModerationTaxonomy, moderation_taxonomy
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from tests.vision_models import SERVICE


def made(children: dict[str, list[str]], **classes: dict[str, list[str]]) -> ModerationTaxonomy:
    document: dict[str, Any] = {"levels": {"first": ["Alcohol"]}, "children": children, "classes": classes}
    return ModerationTaxonomy(document | {"content_types": {}})


def test_levels_are_counted_from_the_first() -> None:
    known = moderation_taxonomy()
    level = {name: concept.level for name, concept in known.concepts.items()}
    assert level["Explicit"] == 1 and level["Explicit Nudity"] == 2 and level["Exposed Female Nipple"] == 3
    assert sum(value == 1 for value in level.values()) == 10 and set(level.values()) == {1, 2, 3}
    lineage = [concept.name for concept in known.concepts["Air Crash"].lineage]
    assert lineage == ["Air Crash", "Crashes", "Visually Disturbing"]


def test_every_class_of_the_moderation_model_but_the_harmless_ones_has_a_label(models: ModelStore) -> None:
    known = moderation_taxonomy()
    assert {name for name in CLASSES if known.label_of("moderation", name) is None} == {"drawing", "neutral"}
    entry = Catalog.load([SERVICE]).get("mobilenet-v2-imagenet")
    assert entry is not None
    names = class_names((models.directory(entry) / "imagenet_labels.txt").read_text("utf-8"))
    assert known.classes("imagenet") <= set(names) and known.classes("moderation") <= set(CLASSES)
    assert {name for group in known.content_types.values() for name in group} <= set(CLASSES)


def test_a_label_under_two_others_is_refused() -> None:
    with pytest.raises(ValueError, match="under two"):
        made({"Alcohol": ["Use", "Drinks"], "Use": ["Beer"], "Drinks": ["Beer"]})


def test_a_label_under_none_is_refused() -> None:
    with pytest.raises(ValueError, match="Gambling"):
        made({"Alcohol": ["Use"]}, imagenet={"Gambling": ["slot"]})
