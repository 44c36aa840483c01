"""What a distance between two embeddings is worth as Rekognition's Similarity, and back.

Two options of the embedding model's catalog entry decide, because they belong to its vectors:

- ``match_distance``: the distance (Euclidean) up to which the model's authors call two faces one person. It has
  similarity 80, the threshold that Rekognition's operations use by default.
- ``match_spread``: how fast similarity falls around it; after each further spread the odds against are e times as
  great.

In between lies a logistic curve, scaled to be 100 at distance 0: strictly falling, so thresholds order faces as the
distances do. It is a scale, not a probability that two faces are one person's: that would depend on who is compared.
"""

from __future__ import annotations

import math

from shared.models.catalog import CatalogEntry

#: Similarity at ``match_distance``.
MATCH = 80.0


def _curve(model: CatalogEntry) -> tuple[float, float]:
    """(spread, weight) of ``100 * (1 + weight) / (1 + weight * exp(distance / spread))``."""
    try:
        match, spread = float(model.options["match_distance"]), float(model.options["match_spread"])  # type: ignore[arg-type]
    except KeyError as missing:
        raise ValueError(f"the catalog entry {model.id} lacks the option {missing}") from None
    share = MATCH / 100
    return spread, (1 - share) / (share * math.exp(match / spread) - 1)


def similarity(distance: float, model: CatalogEntry) -> float:
    """0..100, for a distance of two vectors of ``model``.

    Raises ``ValueError`` for a model whose catalog entry lacks the two options.
    """
    spread, weight = _curve(model)
    exponent = distance / spread
    if exponent > 700:  # the exponential would overflow; the similarity is nothing by then
        return 0.0
    return 100 * (1 + weight) / (1 + weight * math.exp(exponent))


def distance_of(similarity: float, model: CatalogEntry) -> float:
    """The greatest distance with at least ``similarity``: infinite for 0, 0 for 100.

    Raises ``ValueError`` for a model whose catalog entry lacks the two options.
    """
    spread, weight = _curve(model)
    if similarity <= 0:
        return math.inf
    return max(0.0, spread * math.log((100 * (1 + weight) / similarity - 1) / weight)) if similarity < 100 else 0.0
