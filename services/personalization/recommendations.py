"""What is recommended: candidates of the model, through the filter, with new items and promoted ones put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.personalization.catalogue import Catalogue, Mask
from services.personalization.engines.popularity import Rates
from services.personalization.engines.scorer import History, among
from services.personalization.events import RecordedEvent
from services.personalization.interactions import Ints
from services.personalization.model import Model

#: Reasons in Amazon's words.
PROMOTED, EXPLORATION, POPULAR = "Promoted item", "Exploration", "Popular item"
#: Candidates that are scored where there are too many items to score all: beside the user's own history where few are
#: asked for and any will do, and where a filter or a promotion may take most of them away.
FEW_CANDIDATES, CANDIDATES = 250, 1000
#: What few are.
FEW = 100
#: Newest distinct items that a user's vector is made of.
MOST_HISTORY = 1000
SECONDS_A_DAY = 24 * 3600.0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recommended:
    """``item``: position in the catalogue. ``score`` 0..1, None = there is none. ``reason`` "" = relevance."""

    item: int
    score: float | None
    reason: str = ""
    promotion: str = ""


@dataclass(frozen=True, slots=True)
class Exploration:
    """``weight`` 0..1: the chance of the last place to go to a new item; ``days``: how old that may be.

    The chance grows evenly from none at the first place, so that what is most relevant stays on top.
    """

    weight: float
    days: float


@dataclass(frozen=True, slots=True)
class Promotion:
    """``mask``: which items are promoted; ``count``: places that they get."""

    name: str
    mask: Mask
    count: int


def for_user(
    model: Model,
    catalogue: Catalogue,
    user: str,
    live: Sequence[RecordedEvent],
    passes: Mask | None,
    count: int,
    exploration: Exploration | None = None,
    promotion: Promotion | None = None,
    seed: int = 0,
) -> list[Recommended]:
    """Items for a user, best first, at most ``count``. ``passes`` [items]: what the filter lets through, None = all.

    A user without any interaction that counts gets popular items, scored by their share of all interactions.
    """
    ranked = _ranked_for_user(model, user, live, passes is None and promotion is None and count <= FEW)
    found = _through(model, ranked, passes, count)
    if promotion is not None:
        found = _promoted(model, ranked, found, passes, promotion, count)
    if exploration is not None and exploration.weight > 0:
        found = _explored(model, catalogue, found, passes, exploration, seed)
    return found


def related(model: Model, item: str, passes: Mask | None, count: int) -> list[Recommended]:
    """Items that users of an item interact with as well, without scores; popular ones where the item is not known."""
    number = model.item_numbers.get(item)
    if number is None or model.engine is None:
        return [replace(one, score=None) for one in _through(model, _popular(model), passes, count)]
    candidates = model.engine.candidates(History(np.array([number]), np.ones(1, np.float32)), _depth(model))
    items = candidates.items[candidates.items != number]
    allowed = np.ones(len(model.items), bool) if passes is None else passes[: len(model.items)].copy()
    allowed[number] = False
    ranked = _Ranked(items, None, complete=model.engine.items <= _depth(model))
    return _through(model, ranked, allowed, count)


def popular(model: Model, passes: Mask | None, count: int) -> list[Recommended]:
    """Items with most interactions, without scores."""
    return [replace(one, score=None) for one in _through(model, _popular(model), passes, count)]


def trending(model: Model, rates: Rates, passes: Mask | None, count: int) -> list[Recommended]:
    """Items whose interactions grow fastest, without scores; after those that grow, popular ones."""
    growth = rates.growth
    order = np.lexsort((-model.counts, -np.maximum(growth, 0.0)))
    return _through(model, _Ranked(order, None, complete=True), passes, count)


def ranking(
    model: Model, catalogue: Catalogue, user: str, live: Sequence[RecordedEvent], items: Sequence[int]
) -> list[Recommended]:
    """Positions of the catalogue in the order in which the user may like them; scores of those known add up to 1.

    Items that the model does not know follow in the order given, without scores. A user without interactions gets them
    by popularity.
    """
    known = np.array([item for item in items if item < len(model.items)], np.int64)
    new = [Recommended(item, None) for item in items if item >= len(model.items)]
    if not len(known):
        return new
    _, counted = model.interacted(user, live)
    if model.engine is not None and len(counted):
        history = model.tuning.history(counted[-MOST_HISTORY:])
        logits = model.engine.scores_of(history, known) / np.float32(model.tuning.temperature)
        logits = logits + np.where(among(known, history.items), model.tuning.repeat, 0.0)
        scores = _softmax(logits.astype(np.float64))
    else:
        logits = model.counts[known]
        scores = logits / max(1.0, logits.sum())
    order = np.argsort(-logits, kind="stable")
    return [Recommended(int(known[place]), float(scores[place])) for place in order] + new


@dataclass(frozen=True, slots=True)
class _Ranked:
    """Items best first with their scores (None = without). ``complete``: these are all items of the model."""

    items: Ints
    scores: Floats | None
    complete: bool


def _depth(model: Model, fewest: int = CANDIDATES) -> int:
    """How many candidates are looked at: all where they are scored anyway."""
    assert model.engine is not None
    return min(CANDIDATES, fewest) if model.engine.indexed else model.engine.items


def _ranked_for_user(model: Model, user: str, live: Sequence[RecordedEvent], few: bool) -> _Ranked:
    _, counted = model.interacted(user, live)
    if model.engine is None or not len(counted):
        return _popular(model)
    history = model.tuning.history(counted[-MOST_HISTORY:])
    depth = _depth(model, FEW_CANDIDATES + len(history.items) if few else CANDIDATES)
    candidates = model.engine.candidates(history, depth)
    logits = candidates.scores.astype(np.float64) / model.tuning.temperature
    if model.tuning.repeat:
        logits += np.where(among(candidates.items, history.items), model.tuning.repeat, 0.0)
        order = np.argsort(-logits, kind="stable")
        return _Ranked(candidates.items[order], _softmax(logits[order]), depth >= model.engine.items)
    return _Ranked(candidates.items, _softmax(logits), depth >= model.engine.items)


def _popular(model: Model) -> _Ranked:
    counts = model.counts[model.popular]
    return _Ranked(model.popular, counts / max(1.0, counts.sum()), complete=True)


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max())
    result: Floats = powers / powers.sum()
    return result


def _through(model: Model, ranked: _Ranked, passes: Mask | None, count: int) -> list[Recommended]:
    """The first ``count`` that pass; popular items fill up where the candidates were not all items."""
    if passes is None:
        places = np.arange(min(count, len(ranked.items)))
    else:
        places = np.flatnonzero(passes[ranked.items])[:count]
    scores = ranked.scores
    found = [
        Recommended(int(ranked.items[place]), None if scores is None else float(scores[place]))
        for place in places.tolist()
    ]
    if len(found) < count and not ranked.complete:
        there = {one.item for one in found}
        order = model.popular if passes is None else model.popular[passes[model.popular]]
        for item in order[: count + len(there)].tolist():
            if len(found) == count:
                break
            if item not in there:
                found.append(Recommended(item, None, POPULAR))
    return found


def _promoted(
    model: Model,
    ranked: _Ranked,
    found: list[Recommended],
    passes: Mask | None,
    promotion: Promotion,
    count: int,
) -> list[Recommended]:
    """The best promoted items and the best of all others, together in the order of relevance."""
    mask = promotion.mask if passes is None else promotion.mask & passes
    chosen = [
        replace(one, reason=PROMOTED, promotion=promotion.name)
        for one in _through(model, ranked, mask, promotion.count)
    ]
    there = {one.item for one in chosen}
    others = [one for one in found if one.item not in there][: count - len(chosen)]
    # Items without a score come last, in the order in which they were found.
    return sorted([*chosen, *others], key=lambda one: -1.0 if one.score is None else one.score, reverse=True)


def _explored(
    model: Model,
    catalogue: Catalogue,
    found: list[Recommended],
    passes: Mask | None,
    exploration: Exploration,
    seed: int,
) -> list[Recommended]:
    """New items in some places: the rest moves down, and the last fall out."""
    new = catalogue.unknown(model.newest - exploration.days * SECONDS_A_DAY)
    if passes is not None:
        new = new[passes[new]]
    if not len(new) or not found:
        return found
    random = np.random.default_rng(seed)
    drawn = random.random(len(found) - 1) < exploration.weight * np.linspace(0.0, 1.0, len(found))[1:]
    chosen = iter(random.permutation(new)[: int(drawn.sum())].tolist())
    rest = iter(found)
    result = [next(rest)]
    for explore in drawn:
        item = next(chosen, None) if explore else None
        result.append(next(rest) if item is None else Recommended(item, None, EXPLORATION))
    return result
