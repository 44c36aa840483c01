"""Which of the labels that a picture gets are wanted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.vision.labels.taxonomy import Concept
from shared import errors


class LabelFilters:
    """Names (or aliases) of labels, and categories, that are included or excluded, capitals aside.

    All four hold at once; an inclusion without any names includes everything.
    """

    def __init__(
        self,
        label_inclusion: Sequence[str] = (),
        label_exclusion: Sequence[str] = (),
        category_inclusion: Sequence[str] = (),
        category_exclusion: Sequence[str] = (),
    ) -> None:
        """Raises ``InvalidArgument`` where a name is both included and excluded."""
        self._included_labels, self._excluded_labels = _apart(label_inclusion, label_exclusion, "label")
        self._included_categories, self._excluded_categories = _apart(
            category_inclusion, category_exclusion, "category"
        )

    def admits(self, concept: Concept) -> bool:
        """Whether a label passes."""
        names = (concept.name, *concept.aliases)
        return _admits(names, self._included_labels, self._excluded_labels) and _admits(
            concept.categories, self._included_categories, self._excluded_categories
        )


def _apart(included: Iterable[str], excluded: Iterable[str], what: str) -> tuple[frozenset[str], frozenset[str]]:
    ins, outs = _folded(included), _folded(excluded)
    if ins & outs:
        raise errors.InvalidArgument(f"Name a {what} in the inclusion filter or in the exclusion filter, not in both.")
    return ins, outs


def _admits(names: Iterable[str], included: frozenset[str], excluded: frozenset[str]) -> bool:
    if not included and not excluded:
        return True
    folded = _folded(names)
    return (not included or not folded.isdisjoint(included)) and folded.isdisjoint(excluded)


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.strip().casefold() for name in names)
