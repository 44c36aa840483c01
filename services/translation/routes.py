"""Ways from one language to another: the installed model with the best measured score, or two through English."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.models.catalog import CatalogEntry

#: The language through which everything else goes.
PIVOT = "en"


@dataclass(frozen=True, slots=True)
class Leg:
    """One step of a way: a model and the pair it is asked for. ``score``: the catalog's chrF, 0..100."""

    model_id: str
    source: str
    target: str
    score: float


def legs(models: Iterable[CatalogEntry]) -> list[Leg]:
    """What the models can do. Their options say it:

    ``pairs``: "en-de 51.2", a pair with its measured score; ``every_pair``: a score for all pairs of ``languages``;
    ``pair_files``: "en-es /path", a file that a pair needs beside the model.
    """
    found = []
    for model in models:
        needed = dict(_words(row) for row in _rows(model, "pair_files"))
        for row in _rows(model, "pairs"):
            pair, score = _words(row)
            if pair in needed and not Path(needed[pair]).is_file():
                continue
            source, _, target = pair.partition("-")
            found.append(Leg(model.id, source, target, float(score)))
        if "every_pair" in model.options:
            score_of_all = float(str(model.options["every_pair"]))
            found += [
                Leg(model.id, source, target, score_of_all)
                for source in model.languages
                for target in model.languages
                if source != target
            ]
    return found


def route(known: Sequence[Leg], source: str, target: str, preferred: Sequence[str] = ()) -> list[Leg]:
    """The best way; empty where there is none. ``preferred``: model ids of the settings, which win over scores."""
    direct = _best(known, source, target, preferred)
    if direct is not None:
        return [direct]
    first, second = _best(known, source, PIVOT, preferred), _best(known, PIVOT, target, preferred)
    return [first, second] if first is not None and second is not None else []


def languages(known: Sequence[Leg]) -> list[str]:
    """Every language that something here translates from or to."""
    return sorted({leg.source for leg in known} | {leg.target for leg in known})


def _best(known: Sequence[Leg], source: str, target: str, preferred: Sequence[str]) -> Leg | None:
    fitting = [leg for leg in known if leg.source == source and leg.target == target]
    order = {model_id: rank for rank, model_id in enumerate(preferred)}
    return min(fitting, key=lambda leg: (order.get(leg.model_id, len(order)), -leg.score), default=None)


def _rows(model: CatalogEntry, option: str) -> list[str]:
    rows = model.options.get(option, [])
    return rows if isinstance(rows, list) else [row.strip() for row in str(rows).split(",") if row.strip()]


def _words(row: str) -> tuple[str, str]:
    first, _, second = row.partition(" ")
    return first, second
