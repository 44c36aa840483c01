"""What of a picture some people should not see, in the labels of the moderation taxonomy."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.vision.moderation.taxonomy import ModerationConcept, ModerationTaxonomy, moderation_taxonomy
from services.vision.tasks import CLASSIFY_IMAGE, MODERATE_IMAGE, ImageClass
from shared import errors
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Picture

#: Vocabularies of the taxonomy that the engines of the two tasks speak.
_VOCABULARIES = {MODERATE_IMAGE: "moderation", CLASSIFY_IMAGE: "imagenet"}


@dataclass(frozen=True, slots=True)
class ModerationLabel:
    """``parent_name`` is "" on level 1; ``confidence``: 0..100."""

    name: str
    parent_name: str
    level: int
    confidence: float


@dataclass(frozen=True, slots=True)
class ModerationAnswer:
    """Labels, surest first, a parent before its children; ``models``: ids of those that looked at the picture."""

    labels: tuple[ModerationLabel, ...]
    #: Name ("Illustrated") and confidence, 0..100.
    content_types: tuple[tuple[str, float], ...]
    models: tuple[str, ...]


class Moderator:
    """Asks the moderation model, and where one is installed the classifier of whole pictures too."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._taxonomy = moderation_taxonomy()

    async def moderate(
        self, picture: Picture, min_confidence: float = 50.0, priority: Priority = Priority.INTERACTIVE
    ) -> ModerationAnswer:
        """The labels and content types of ``picture`` that are at least that sure (0..100).

        A label's confidence is the sum of the probabilities of the classes under it; of two models' the greater.

        Raises:
            ModelNotInstalled: there is no moderation model.
            ResourceExhausted: there is no memory for a model, or too many pictures wait.
        """
        (own, model), other = await asyncio.gather(
            self._classes(MODERATE_IMAGE, picture, priority), self._classes_if_any(CLASSIFY_IMAGE, picture, priority)
        )
        scores = [confidences(own, _VOCABULARIES[MODERATE_IMAGE], self._taxonomy)]
        models = [model]
        if other is not None:
            scores.append(confidences(other[0], _VOCABULARIES[CLASSIFY_IMAGE], self._taxonomy))
            models.append(other[1])
        return ModerationAnswer(
            _labels(scores, min_confidence), _content_types(own, min_confidence, self._taxonomy), tuple(models)
        )

    async def _classes(self, task: str, picture: Picture, priority: Priority) -> tuple[Sequence[ImageClass], str]:
        lease = await self._runtime.lease(task)
        async with lease:
            (results,) = await lease.run([picture], priority)
        return results, lease.model.id

    async def _classes_if_any(
        self, task: str, picture: Picture, priority: Priority
    ) -> tuple[Sequence[ImageClass], str] | None:
        try:
            return await self._classes(task, picture, priority)
        except errors.ModelNotInstalled:
            return None


def confidences(
    classes: Sequence[ImageClass], vocabulary: str, known: ModerationTaxonomy
) -> dict[ModerationConcept, float]:
    """Confidence (0..100) of each label that one model's classes support, ancestors included."""
    scores: dict[ModerationConcept, float] = defaultdict(float)
    for each in classes:
        found = known.label_of(vocabulary, each.name)
        for concept in found.lineage if found is not None else ():
            scores[concept] += 100 * each.score
    return {concept: min(100.0, score) for concept, score in scores.items()}


def _labels(scores: Sequence[Mapping[ModerationConcept, float]], min_confidence: float) -> tuple[ModerationLabel, ...]:
    best: dict[ModerationConcept, float] = {}
    for each in scores:
        for concept, score in each.items():
            best[concept] = max(score, best.get(concept, 0.0))
    passing = [(concept, score) for concept, score in best.items() if score >= min_confidence]
    passing.sort(key=lambda pair: (-pair[1], pair[0].level, pair[0].name))
    return tuple(
        ModerationLabel(concept.name, concept.parent.name if concept.parent else "", concept.level, score)
        for concept, score in passing
    )


def _content_types(
    classes: Sequence[ImageClass], min_confidence: float, known: ModerationTaxonomy
) -> tuple[tuple[str, float], ...]:
    found = [
        (name, min(100.0, sum(100 * each.score for each in classes if each.name in members)))
        for name, members in known.content_types.items()
    ]
    return tuple((name, score) for name, score in found if score >= min_confidence)
