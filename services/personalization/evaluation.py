"""How good a model is: what users did last is hidden, and looked for among what the model recommends.

The metrics are those of GetSolutionMetrics, as Amazon defines them ("Evaluating a solution version with metrics").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from services.personalization.interactions import Histories, Ints, Mask

#: Share of a user's interactions that is hidden, the newest.
HIDDEN = 0.1
DEPTHS = (5, 10, 25)
_DEEPEST = max(DEPTHS)


@dataclass(frozen=True, slots=True)
class Split:
    """``known`` is trained on; ``hidden[k]`` are distinct items of user ``users[k]`` that are not."""

    known: Histories
    users: Ints
    hidden: Sequence[Ints]


def eligible(histories: Histories, seed: int) -> Ints:
    """Users with two interactions or more, in an order drawn by lot."""
    return np.random.default_rng(seed).permutation(np.flatnonzero(np.diff(histories.offsets) >= 2))


def split(
    histories: Histories, users: Ints, seed: int, scattered: Ints | None = None, single: Ints | None = None
) -> Split:
    """Hide a tenth of the interactions of ``users``, one at least: the newest.

    Of ``scattered`` users any are hidden; of ``single`` users the newest one alone.
    """
    random = np.random.default_rng(seed)
    anywhere = set() if scattered is None else set(scattered.tolist())
    alone = set() if single is None else set(single.tolist())
    keep: Mask = np.ones(len(histories.items), bool)
    hidden = []
    for user in users.tolist():
        rows = histories.of(user)
        count = 1 if user in alone else max(1, int((rows.stop - rows.start) * HIDDEN))
        places = np.arange(rows.stop - count, rows.stop)
        if user in anywhere:
            places = random.permutation(np.arange(rows.start, rows.stop))[:count]
        keep[places] = False
        hidden.append(np.unique(histories.items[places]))
    return Split(histories.taken(keep), users, hidden)


def metrics(
    recommended: Callable[[Sequence[int]], Sequence[Ints]], users: Sequence[int], hidden: Sequence[Ints], items: int
) -> dict[str, float]:
    """The metrics of lists of recommendations against what was hidden.

    ``recommended`` gives for users their ``_DEEPEST`` best items or fewer, best first; ``items``: how many there are.
    """
    hits: list[npt.NDArray[np.bool_]] = []
    seen: set[int] = set()
    for begin in range(0, len(users), 256):
        for items_of, wanted in zip(recommended(users[begin : begin + 256]), hidden[begin : begin + 256], strict=True):
            top = items_of[:_DEEPEST]
            seen.update(top.tolist())
            hit = np.zeros(_DEEPEST, bool)
            hit[: len(top)] = np.isin(top, wanted)
            hits.append(hit)
    table = np.array(hits)
    found = {"coverage": len(seen) / max(1, items)}
    first = np.where(table.any(axis=1), 1.0 / (table.argmax(axis=1) + 1), 0.0)
    found[f"mean_reciprocal_rank_at_{_DEEPEST}"] = float(first.mean())
    discounts = 1.0 / np.log2(np.arange(2, _DEEPEST + 2))
    sizes = np.array([len(one) for one in hidden])
    for depth in DEPTHS:
        gained = (table[:, :depth] * discounts[:depth]).sum(axis=1)
        ideal = np.cumsum(discounts)[np.minimum(sizes, depth) - 1]
        found[f"normalized_discounted_cumulative_gain_at_{depth}"] = float((gained / ideal).mean())
    for depth in DEPTHS:
        found[f"precision_at_{depth}"] = float(table[:, :depth].mean())
    return found
