"""The labels of moderation, in three levels, and which classes of the models stand for which."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ModerationConcept:
    """A label apart from any picture; ``parent`` is None on the first of the levels 1 to 3."""

    name: str
    parent: ModerationConcept | None
    level: int

    @property
    def lineage(self) -> Iterator[ModerationConcept]:
        """The label and its ancestors, nearest first."""
        concept: ModerationConcept | None = self
        while concept is not None:
            yield concept
            concept = concept.parent


class ModerationTaxonomy:
    """All labels by name, and the classes that stand for them."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        """``document``: as ``taxonomy.toml`` has it.

        Raises ``ValueError`` where a label stands under two, under none, or has classes and is not there.
        """
        self.concepts: dict[str, ModerationConcept] = {}
        children: Mapping[str, Sequence[str]] = document["children"]
        for name in document["levels"]["first"]:
            self._add(name, None, children)
        named = {*children, *(name for groups in document["classes"].values() for name in groups)}
        if unreached := named - set(self.concepts):
            raise ValueError(f"labels that stand under none of the first level: {sorted(unreached)}")
        #: Model ("moderation", "imagenet") -> class -> the label that it stands for.
        self._by_class = {
            model: {member: self.concepts[name] for name, members in groups.items() for member in members}
            for model, groups in document["classes"].items()
        }
        self.content_types: dict[str, frozenset[str]] = {
            name: frozenset(members) for name, members in document["content_types"].items()
        }

    def _add(self, name: str, parent: ModerationConcept | None, children: Mapping[str, Sequence[str]]) -> None:
        if name in self.concepts:
            raise ValueError(f"the label {name} stands under two others")
        concept = self.concepts[name] = ModerationConcept(name, parent, 1 if parent is None else parent.level + 1)
        for child in children.get(name, ()):
            self._add(child, concept, children)

    def classes(self, model: str) -> frozenset[str]:
        """The classes of ``model`` that stand for a label."""
        return frozenset(self._by_class[model])

    def label_of(self, model: str, name: str) -> ModerationConcept | None:
        """What the class ``name`` of ``model`` stands for; None where it says nothing of moderation."""
        return self._by_class[model].get(name)


@cache
def moderation_taxonomy() -> ModerationTaxonomy:
    """The one that the service uses; read once."""
    return ModerationTaxonomy(tomllib.loads(Path(__file__).with_name("taxonomy.toml").read_text("utf-8")))
