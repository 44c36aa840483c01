"""What a picture shows: an object detector and a classifier of whole pictures, told in the labels of the taxonomy."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.vision.colours import DominantColour, crop, dominant_colours
from services.vision.labels.filters import LabelFilters
from services.vision.labels.taxonomy import Concept, Taxonomy, taxonomy
from services.vision.tasks import CLASSIFY_IMAGE, DETECT_OBJECTS, FoundObject, ImageClass
from shared import errors
from shared.media.boxes import Box
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Picture, Pixels

#: Vocabularies of the taxonomy that the two tasks' engines speak.
_OBJECTS, _CLASSES = "coco", "imagenet"
#: Objects at least this sure (0..1) are the foreground of a picture.
_FOREGROUND = 0.5


@dataclass(frozen=True, slots=True)
class LabelWish:
    """``max_labels``: None for all. ``min_confidence``: 0..100. ``instance_colours``: how many of each instance."""

    max_labels: int | None = 1000
    min_confidence: float = 55.0
    filters: LabelFilters = field(default_factory=LabelFilters)
    instance_colours: int = 0


@dataclass(frozen=True, slots=True)
class Instance:
    """One object of a label: where it is (pixels), how sure that is (0..100), and the colours within its box."""

    box: Box
    confidence: float
    dominant_colours: tuple[DominantColour, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """``confidence``: 0..100. ``parents``: all ancestors. Instances: surest first, of things that were counted."""

    name: str
    confidence: float
    instances: tuple[Instance, ...]
    parents: tuple[str, ...]
    aliases: tuple[str, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelAnswer:
    """Labels, surest first and then by name; ``models``: ids of those that looked at the picture.

    ``foreground``: boxes (pixels) of the objects that were found, whatever labels were wished for.
    """

    labels: tuple[Label, ...]
    models: tuple[str, ...]
    foreground: tuple[Box, ...] = ()


class Labeler:
    """Labels pictures with whichever of the two models are installed."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._taxonomy = taxonomy()

    async def labels(self, picture: Picture, wish: LabelWish, priority: Priority = Priority.INTERACTIVE) -> LabelAnswer:
        """The labels of ``picture``.

        A label's confidence is the greater of two: the score of the surest object under it, and the probability that
        the picture belongs to one of the classes under it, which is the sum of theirs. So no label is less sure than
        one that is a kind of it.

        Raises:
            ModelNotInstalled: there is neither a detector nor a classifier.
            ResourceExhausted: there is no memory for a model, or too many pictures wait.
        """
        objects, classes = await asyncio.gather(
            self._look(DETECT_OBJECTS, picture, priority), self._look(CLASSIFY_IMAGE, picture, priority)
        )
        if objects.missing is not None and classes.missing is not None:
            raise objects.missing
        labels = merged(objects.results, classes.results, wish, self._taxonomy)
        if wish.instance_colours:
            labels = await asyncio.to_thread(_coloured, labels, picture.pixels, wish.instance_colours)
        models = tuple(look.model for look in (objects, classes) if look.model)
        foreground = tuple(found.box for found in objects.results if found.score >= _FOREGROUND)
        return LabelAnswer(tuple(labels), models, foreground)

    async def _look(self, task: str, picture: Picture, priority: Priority) -> _Look:
        try:
            lease = await self._runtime.lease(task)
        except errors.ModelNotInstalled as missing:
            return _Look(missing=missing)
        async with lease:
            (results,) = await lease.run([picture], priority)
        return _Look(results, lease.model.id)


@dataclass(frozen=True, slots=True)
class _Look:
    """What one of the models says of a picture, or that there is no model."""

    results: Sequence[Any] = ()
    model: str = ""
    missing: errors.ModelNotInstalled | None = None


def merged(
    objects: Sequence[FoundObject], classes: Sequence[ImageClass], wish: LabelWish, known: Taxonomy
) -> list[Label]:
    """The labels of a picture of which a detector and a classifier say this, without the instances' colours."""
    surest: dict[Concept, float] = defaultdict(float)
    instances: dict[Concept, list[Instance]] = defaultdict(list)
    for found in objects:
        meaning = known.meaning(_OBJECTS, found.name)
        for concept in meaning.concepts:
            surest[concept] = max(surest[concept], found.score)
        if 100 * found.score >= wish.min_confidence:
            for concept in meaning.labels:
                instances[concept].append(Instance(found.box, 100 * found.score))
    probabilities: dict[Concept, float] = defaultdict(float)
    for each in classes:
        for concept in known.meaning(_CLASSES, each.name).concepts:
            probabilities[concept] += each.score
    labels = []
    for concept in {**surest, **probabilities}:
        # Sums of rounded numbers may come out a little over 1.
        confidence = 100 * min(1.0, max(surest.get(concept, 0.0), probabilities.get(concept, 0.0)))
        if confidence >= wish.min_confidence and wish.filters.admits(concept):
            boxes = tuple(sorted(instances.get(concept, ()), key=lambda instance: -instance.confidence))
            labels.append(Label(concept.name, confidence, boxes, concept.parents, concept.aliases, concept.categories))
    labels.sort(key=lambda label: (-label.confidence, label.name))
    return labels if wish.max_labels is None else labels[: wish.max_labels]


def _coloured(labels: Sequence[Label], pixels: Pixels, most: int) -> list[Label]:
    return [
        replace(
            label,
            instances=tuple(
                replace(instance, dominant_colours=tuple(dominant_colours(crop(pixels, instance.box), most)))
                for instance in label.instances
            ),
        )
        for label in labels
    ]
