"""The labels that a picture can get: what they are kinds of, their other names, and which classes stand for them.

The taxonomy is ours, in the manner of Rekognition's: ``taxonomy.toml`` has the labels, ``classes.toml`` says which
classes of the models belong to which.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Concept:
    """What a label says, apart from any picture. ``parents`` are all its ancestors, nearest first."""

    name: str
    parents: tuple[str, ...]
    aliases: tuple[str, ...]
    categories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meaning:
    """The labels that a class stands for, and ``concepts``: these with all that they are kinds of."""

    labels: tuple[Concept, ...]
    concepts: tuple[Concept, ...]


class Taxonomy:
    """All labels by name, and the way from a model's classes to them."""

    def __init__(self, document: Mapping[str, Any], classes: Mapping[str, Any]) -> None:
        """``document`` and ``classes``: as the two TOML files have them.

        Raises ``ValueError`` where a label is its own ancestor, has no category, or is named twice, and where a class
        is given to a label that there is not.
        """
        children: Mapping[str, Sequence[str]] = document["children"]
        listed: Mapping[str, Sequence[str]] = document["categories"]
        aliases: Mapping[str, Sequence[str]] = document.get("aliases", {})
        self.categories = tuple(listed)
        names = dict.fromkeys([*children, *(name for kinds in children.values() for name in kinds)])
        names.update(dict.fromkeys(name for group in listed.values() for name in group))
        parents: dict[str, list[str]] = {name: [] for name in names}
        for parent, kinds in children.items():
            for name in kinds:
                parents[name].append(parent)
        own = {name: tuple(c for c, group in listed.items() if name in group) for name in names}
        ancestors = {name: _ancestors(name, parents) for name in names}
        self._concepts = {
            name: Concept(name, ancestors[name], tuple(aliases.get(name, ())), _categories(name, parents, own))
            for name in names
        }
        self._by_spelling = self._spellings(aliases)
        self._listed = {
            model: _labels_by_class(groups, names) for model, groups in classes.items() if model != "ignored"
        }
        self._meanings: dict[tuple[str, str], Meaning] = {}
        self._ignored = {model: frozenset(left_out) for model, left_out in classes.get("ignored", {}).items()}

    def _spellings(self, aliases: Mapping[str, Sequence[str]]) -> dict[str, str]:
        if unknown := set(aliases) - set(self._concepts):
            raise ValueError(f"aliases of labels that there are not: {sorted(unknown)}")
        spellings: dict[str, str] = {}
        for concept in self._concepts.values():
            for spelling in (concept.name, *concept.aliases):
                if spellings.setdefault(spelling.casefold(), concept.name) != concept.name:
                    raise ValueError(f"two labels are called {spelling}")
        return spellings

    def __iter__(self) -> Iterator[Concept]:
        return iter(self._concepts.values())

    def __len__(self) -> int:
        return len(self._concepts)

    def __getitem__(self, name: str) -> Concept:
        return self._concepts[name]

    def find(self, spelling: str) -> Concept | None:
        """The label of that name or alias, capitals aside."""
        name = self._by_spelling.get(spelling.strip().casefold())
        return self._concepts[name] if name is not None else None

    def knows(self, model: str, name: str) -> bool:
        """Whether the class ``name`` of ``model`` ("coco", "imagenet") has labels, or is left out on purpose."""
        return name in self._ignored.get(model, ()) or bool(self._labels_of(model, name))

    def listed_classes(self, model: str) -> frozenset[str]:
        """The classes of ``model`` that the mapping names."""
        return frozenset(self._listed.get(model, ())) | self._ignored.get(model, frozenset())

    def meaning(self, model: str, name: str) -> Meaning:
        """What a class of a model stands for.

        A class that the taxonomy does not know, of somebody's own model, is a label by itself in the model's words.
        """
        found = self._meanings.get((model, name))
        if found is None:
            found = self._meanings[model, name] = self._find_meaning(model, name)
        return found

    def _find_meaning(self, model: str, name: str) -> Meaning:
        if name in self._ignored.get(model, ()):
            return Meaning((), ())
        # Other people's files of ImageNet's classes have all the words for a class in one: "tench, Tinca tinca".
        names = self._labels_of(model, name) or self._labels_of(model, name.partition(",")[0])
        if not names:
            own = Concept(" ".join(word.capitalize() for word in name.split()), (), (), ())
            return Meaning((own,), (own,))
        reach = dict.fromkeys(each for label in names for each in (label, *self._concepts[label].parents))
        return Meaning(tuple(self._concepts[label] for label in names), tuple(self._concepts[label] for label in reach))

    def _labels_of(self, model: str, name: str) -> tuple[str, ...]:
        """Names of the labels that a class stands for; none where they are not known."""
        labels = self._listed.get(model, {}).get(name)
        if labels is not None:
            return labels
        found = self._by_spelling.get(name.casefold()) or self._by_spelling.get(name.replace("-", " ").casefold())
        return (found,) if found is not None else ()


def _ancestors(name: str, parents: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    nearest = list(parents[name])
    while nearest:
        found.update(dict.fromkeys(nearest))
        if name in found:
            raise ValueError(f"the label {name} is a kind of itself")
        nearest = [far for near in nearest for far in parents[near] if far not in found]
    return tuple(found)


def _categories(name: str, parents: Mapping[str, Sequence[str]], own: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Its own, or where it has none those of its parents."""
    if own[name]:
        return own[name]
    found = dict.fromkeys(category for parent in parents[name] for category in _categories(parent, parents, own))
    if not found:
        raise ValueError(f"the label {name} has no category")
    return tuple(found)


def _labels_by_class(groups: Mapping[str, Sequence[str]], names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    if unknown := set(groups) - set(names):
        raise ValueError(f"classes are given to labels that there are not: {sorted(unknown)}")
    by_class: dict[str, tuple[str, ...]] = {}
    for label, members in groups.items():
        for member in members:
            by_class[member] = (*by_class.get(member, ()), label)
    return by_class


@cache
def taxonomy() -> Taxonomy:
    """The one that the service uses; read once."""
    files = (_FOLDER / "taxonomy.toml", _FOLDER / "classes.toml")
    return Taxonomy(*(tomllib.loads(file.read_text("utf-8")) for file in files))
