"""The taxonomy hangs together, and every class of both models has its place in it."""

from __future__ import annotations

from typing import Any

import pytest

from services.vision.engines.coco import NAMES
from services.vision.engines.imagenet_classifier import class_names
from services.vision.labels.taxonomy import Taxonomy, taxonomy
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from tests.vision_models import SERVICE


def made(children: dict[str, list[str]], classes: dict[str, Any] | None = None, **more: Any) -> Taxonomy:
    return Taxonomy({"children": children, "categories": {"Animals": ["Animal"]}, **more}, classes or {})


@pytest.fixture(scope="module")
def imagenet(models: ModelStore) -> list[str]:
    entry = Catalog.load([SERVICE]).get("mobilenet-v2-imagenet")
    assert entry is not None
    return class_names((models.directory(entry) / "imagenet_labels.txt").read_text("utf-8"))


def test_every_class_of_both_models_is_mapped_or_left_out_on_purpose(imagenet: list[str]) -> None:
    known = taxonomy()
    assert len(NAMES) == 80 and len(imagenet) == 1001
    assert [name for name in NAMES if not known.knows("coco", name)] == []
    assert [name for name in imagenet if not known.knows("imagenet", name)] == []
    assert sum(bool(known.meaning("imagenet", name).labels) for name in imagenet) == 999


def test_every_label_can_be_given_by_some_class(imagenet: list[str]) -> None:
    known = taxonomy()
    given = {concept for name in NAMES for concept in known.meaning("coco", name).concepts}
    given |= {concept for name in imagenet for concept in known.meaning("imagenet", name).concepts}
    assert [concept.name for concept in known if concept not in given] == []


def test_every_listed_class_is_one_of_its_model(imagenet: list[str]) -> None:
    assert taxonomy().listed_classes("coco") <= set(NAMES)
    assert taxonomy().listed_classes("imagenet") <= set(imagenet)


def test_kinds_of_things_are_told_apart_for_each_class_of_the_detector() -> None:
    # The quality of the detector can only be measured through labels that stand for one class each.
    labels = [taxonomy().meaning("coco", name).labels for name in NAMES]
    assert all(len(each) == 1 for each in labels) and len(set(labels)) == 80


def test_ancestors_come_nearest_first_and_once() -> None:
    known = made({"Animal": ["Pet", "Mammal"], "Mammal": ["Dog"], "Pet": ["Dog"], "Dog": ["Beagle"]})
    assert known["Beagle"].parents == ("Dog", "Mammal", "Pet", "Animal")
    assert known["Animal"].parents == ()


def test_categories_are_a_labels_own_or_else_its_parents() -> None:
    known = Taxonomy(
        {
            "children": {"Animal": ["Dog"], "Toy": ["Kite"], "Dog": ["Beagle"]},
            "categories": {"Animals": ["Animal"], "Play": ["Toy"], "Sports": ["Kite"]},
        },
        {},
    )
    assert known["Beagle"].categories == ("Animals",)
    assert known["Kite"].categories == ("Sports",)


def test_a_label_that_is_a_kind_of_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="a kind of itself"):
        made({"Animal": ["Dog"], "Dog": ["Beagle"], "Beagle": ["Dog"]})


def test_a_label_without_a_category_is_refused() -> None:
    with pytest.raises(ValueError, match="no category"):
        made({"Animal": ["Dog"], "Toy": ["Kite"]})


def test_a_class_given_to_no_label_of_ours_is_refused() -> None:
    with pytest.raises(ValueError, match="Unicorn"):
        made({"Animal": ["Dog"]}, {"coco": {"Unicorn": ["horse"]}})


def test_two_labels_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two labels"):
        made({"Animal": ["Dog", "Wolf"]}, aliases={"Wolf": ["dog"]})


def test_an_alias_of_no_label_is_refused() -> None:
    with pytest.raises(ValueError, match="Unicorn"):
        made({"Animal": ["Dog"]}, aliases={"Unicorn": ["Horse"]})


def test_a_class_means_the_label_of_its_name_or_those_that_are_listed() -> None:
    known = made({"Animal": ["Dog", "Flat Coat"]}, {"coco": {"Dog": ["hound"], "Animal": ["hound"]}})
    assert [label.name for label in known.meaning("coco", "dog").labels] == ["Dog"]
    assert [label.name for label in known.meaning("coco", "flat-coat").labels] == ["Flat Coat"]
    assert {label.name for label in known.meaning("coco", "hound").labels} == {"Dog", "Animal"}
    assert {label.name for label in known.meaning("coco", "dog").concepts} == {"Dog", "Animal"}


def test_an_unknown_class_is_a_label_in_the_models_own_words() -> None:
    meaning = taxonomy().meaning("coco", "garden gnome")
    (label,) = meaning.labels
    assert label.name == "Garden Gnome" and label.parents == () and meaning.concepts == (label,)


def test_names_of_imagenet_with_all_their_words_are_understood() -> None:
    assert taxonomy().meaning("imagenet", "tench, Tinca tinca") == taxonomy().meaning("imagenet", "tench")
