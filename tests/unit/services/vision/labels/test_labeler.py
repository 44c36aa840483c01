"""Labels out of what a detector and a classifier say; then with the real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.engines.coco import NAMES
from services.vision.labels.filters import LabelFilters
from services.vision.labels.labeler import Label, Labeler, LabelWish, merged
from services.vision.labels.taxonomy import taxonomy
from services.vision.tasks import FoundObject, ImageClass
from shared import errors
from shared.media.boxes import Box
from shared.models.store import ModelStore
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Picture
from tests.unit.services.vision.pictures import coco, plain, puppies
from tests.unit.services.vision.runtimes import runtime_with

DETECTOR, CLASSIFIER = "picodet-s-coco", "mobilenet-v2-imagenet"
BOX = Box(10, 20, 110, 220)
ALL = LabelWish(min_confidence=0)


def by_name(labels: list[Label]) -> dict[str, Label]:
    return {label.name: label for label in labels}


def test_an_object_is_an_instance_of_its_label_and_makes_its_ancestors_as_sure() -> None:
    found = [FoundObject("dog", 0.9, BOX), FoundObject("dog", 0.6, BOX), FoundObject("cat", 0.7, BOX)]
    labels = by_name(merged(found, [], LabelWish(), taxonomy()))
    assert [instance.confidence for instance in labels["Dog"].instances] == pytest.approx([90, 60])
    assert labels["Dog"].instances[0].box == BOX
    assert labels["Animal"].confidence == pytest.approx(90) and labels["Animal"].instances == ()
    assert labels["Feline"].confidence == pytest.approx(70)
    assert {"Animal", "Canine", "Pet", "Mammal"} == set(labels["Dog"].parents)


def test_probabilities_of_breeds_add_up_to_that_of_a_dog() -> None:
    classes = [ImageClass("beagle", 0.4), ImageClass("whippet", 0.3), ImageClass("tabby", 0.1)]
    labels = by_name(merged([], classes, ALL, taxonomy()))
    assert labels["Beagle"].confidence == pytest.approx(40)
    assert labels["Hound"].confidence == labels["Dog"].confidence == pytest.approx(70)
    # Dog and cat are both pets, and each class counts once however many ways lead to a label.
    assert labels["Pet"].confidence == labels["Animal"].confidence == pytest.approx(80)


def test_the_surer_of_the_two_models_counts() -> None:
    labels = by_name(merged([FoundObject("dog", 0.5, BOX)], [ImageClass("beagle", 0.8)], ALL, taxonomy()))
    assert labels["Dog"].confidence == pytest.approx(80)
    assert [instance.confidence for instance in labels["Dog"].instances] == pytest.approx([50])


def test_unsure_labels_and_instances_are_left_out() -> None:
    found = [FoundObject("dog", 0.9, BOX), FoundObject("dog", 0.5, BOX), FoundObject("cat", 0.5, BOX)]
    labels = by_name(merged(found, [], LabelWish(min_confidence=55), taxonomy()))
    assert len(labels["Dog"].instances) == 1 and "Cat" not in labels


def test_the_number_of_labels_is_bounded_after_filtering() -> None:
    classes = [ImageClass("beagle", 0.9)]
    filters = LabelFilters(["Beagle", "Hound"])
    labels = merged([], classes, LabelWish(max_labels=1, filters=filters), taxonomy())
    assert [label.name for label in labels] == ["Beagle"]
    assert merged([], classes, LabelWish(max_labels=0), taxonomy()) == []
    assert len(merged([], classes, LabelWish(max_labels=None), taxonomy())) > 2


SCORES = st.floats(0, 1, allow_nan=False)
OBJECTS = st.lists(st.builds(FoundObject, st.sampled_from(NAMES), SCORES, st.just(BOX)), max_size=8)


@given(OBJECTS, st.lists(st.sampled_from(["beagle", "tabby", "seashore", "pizza", "cab"]), unique=True), st.data())
def test_no_label_is_less_sure_than_a_kind_of_it_and_all_are_in_order(
    found: list[FoundObject], names: list[str], data: st.DataObject
) -> None:
    classes = [ImageClass(name, data.draw(SCORES) / 5) for name in names]
    labels = merged(found, classes, ALL, taxonomy())
    confidence = {label.name: label.confidence for label in labels}
    for label in labels:
        assert 0 <= label.confidence <= 100
        assert all(confidence[parent] >= label.confidence - 1e-9 for parent in label.parents)
    assert [(-label.confidence, label.name) for label in labels] == sorted(
        (-label.confidence, label.name) for label in labels
    )
    assert sum(len(label.instances) for label in labels) == len(found)


@pytest.fixture
async def runtime(tmp_path: Path, models: ModelStore) -> AsyncIterator[Runtime]:
    both = runtime_with(tmp_path / "both", models, DETECTOR, CLASSIFIER)
    yield both
    await both.close()


async def test_puppies_are_golden_retrievers_and_animals(runtime: Runtime, shared_directory: Path) -> None:
    picture = puppies(shared_directory)
    answer = await Labeler(runtime).labels(picture, LabelWish(instance_colours=3))
    labels = by_name(list(answer.labels))
    assert answer.models == (DETECTOR, CLASSIFIER)
    assert {"Golden Retriever", "Retriever", "Dog", "Pet", "Animal"} <= set(labels)
    assert labels["Dog"].categories == ("Animals and Pets",)
    (dog,) = labels["Dog"].instances
    assert 0 <= dog.box.left < dog.box.right <= picture.pixels.shape[1]
    assert dog.box in answer.foreground
    assert dog.dominant_colours[0].simplified_name in ("brown", "orange", "yellow", "white")


async def test_a_wish_for_everything_gives_unsure_boxes_too(runtime: Runtime, shared_directory: Path) -> None:
    labeler, picture = Labeler(runtime), coco(shared_directory, 139)
    many = await labeler.labels(picture, LabelWish(max_labels=None, min_confidence=0))
    few = await labeler.labels(picture, LabelWish())
    assert sum(len(label.instances) for label in many.labels) > 40
    assert all(instance.confidence >= 55 for label in few.labels for instance in label.instances)
    assert [label.name for label in few.labels] == [label.name for label in many.labels if label.confidence >= 55]
    assert few.foreground == many.foreground


@pytest.mark.parametrize(("model", "label", "instances"), [(DETECTOR, "Dog", 1), (CLASSIFIER, "Golden Retriever", 0)])
async def test_one_model_alone_answers(
    model: str, label: str, instances: int, tmp_path: Path, models: ModelStore, shared_directory: Path
) -> None:
    runtime = runtime_with(tmp_path / "one", models, model)
    answer = await Labeler(runtime).labels(puppies(shared_directory), LabelWish())
    await runtime.close()
    assert answer.models == (model,)
    assert len(by_name(list(answer.labels))[label].instances) == instances


async def test_without_a_model_the_message_names_the_command(tmp_path: Path, models: ModelStore) -> None:
    runtime = runtime_with(tmp_path / "none", models)
    with pytest.raises(errors.ModelNotInstalled, match="nonet models pull"):
        await Labeler(runtime).labels(Picture(plain((200, 100, 50))), LabelWish())
    await runtime.close()
