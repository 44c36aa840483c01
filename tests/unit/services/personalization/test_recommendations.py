from __future__ import annotations

import numpy as np
import pytest

from services.personalization.catalogue import Catalogue
from services.personalization.engines.linear import LinearModel
from services.personalization.engines.popularity import Rates
from services.personalization.events import RecordedEvent
from services.personalization.interactions import Histories
from services.personalization.model import Counting, Model, Tuning
from services.personalization.recommendations import (
    EXPLORATION,
    PROMOTED,
    Exploration,
    Promotion,
    for_user,
    popular,
    ranking,
    related,
    trending,
)

ITEMS = 10


def model(repeat: float = 0.0) -> Model:
    """Ten items; who did n likes n + 1 most, then n + 2, and so on. One user, who did 0."""
    near = np.array([[-(float((j - i) % ITEMS) or 99.0) for j in range(ITEMS)] for i in range(ITEMS)], np.float32)
    return Model(
        "aws-user-personalization",
        ["known"],
        [f"item-{number}" for number in range(ITEMS)],
        ["view"],
        Histories(np.array([0, 1]), np.array([0]), np.array([0]), np.array([5.0])),
        np.ones(1, bool),
        np.arange(ITEMS, dtype=np.float64),
        Counting(),
        Tuning(None, 1.0, repeat),
        LinearModel("ease", near),
        None,
        0,
        5.0,
    )


def catalogue(new: int = 0) -> Catalogue:
    names = [f"item-{number}" for number in range(ITEMS)] + [f"new-{number}" for number in range(new)]
    return Catalogue(names, ITEMS, {}, {})


def only(*items: int, size: int = ITEMS) -> np.ndarray:
    mask = np.zeros(size, bool)
    mask[list(items)] = True
    return mask


def test_the_order_is_the_models_and_scores_add_up_to_one() -> None:
    found = for_user(model(), catalogue(), "known", [], None, ITEMS)
    assert [one.item for one in found] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]
    assert sum(one.score or 0.0 for one in found) == pytest.approx(1.0)


def test_a_live_event_is_one_more_summand() -> None:
    event = RecordedEvent(1, "known", "item-5", "view", None, 9.0)
    before = [one.item for one in for_user(model(), catalogue(), "known", [], None, 3)]
    after = [one.item for one in for_user(model(), catalogue(), "known", [event], None, 3)]
    assert (before, after) == ([1, 2, 3], [1, 6, 2])


def test_known_items_by_the_bonus_that_was_fitted() -> None:
    assert for_user(model(repeat=500.0), catalogue(), "known", [], None, 1)[0].item == 0
    assert for_user(model(repeat=-1e4), catalogue(), "known", [], None, ITEMS)[-1].item == 0


def test_a_mask_is_heeded_and_scores_stay_what_they_were() -> None:
    every = {one.item: one.score for one in for_user(model(), catalogue(), "known", [], None, ITEMS)}
    found = for_user(model(), catalogue(), "known", [], only(3, 7), 5)
    assert [(one.item, one.score) for one in found] == [(3, every[3]), (7, every[7])]


def test_nobody_gets_what_is_popular() -> None:
    found = for_user(model(), catalogue(), "nobody", [], None, 3)
    assert [one.item for one in found] == [9, 8, 7]
    assert found[0].score == pytest.approx(9 / 45)
    assert [(one.item, one.score) for one in popular(model(), None, 2)] == [(9, None), (8, None)]


def test_promotions_get_their_places() -> None:
    promotion = Promotion("week", only(8, 9), 2)
    found = for_user(model(), catalogue(), "known", [], None, 4, promotion=promotion)
    assert [one.item for one in found] == [1, 2, 8, 9]
    assert [one.reason for one in found] == ["", "", PROMOTED, PROMOTED]


def test_exploration_spares_the_first_place_and_always_gets_the_last() -> None:
    for seed in range(30):
        found = for_user(model(), catalogue(new=3), "known", [], None, 6, exploration=Exploration(1.0, 30.0), seed=seed)
        assert len(found) == len({one.item for one in found}) == 6
        assert found[0].item == 1 and not found[0].reason
        assert all((one.item >= ITEMS) == (one.reason == EXPLORATION) == (one.score is None) for one in found)
    assert found[-1].reason == EXPLORATION or sum(one.item >= ITEMS for one in found) == 3
    none = for_user(model(), catalogue(new=3), "known", [], None, 6, exploration=Exploration(0.0, 30.0))
    assert all(one.item < ITEMS for one in none)


def test_exploration_heeds_the_filter_and_the_age() -> None:
    passes = only(1, 2, 3, 11, size=13)
    found = for_user(model(), catalogue(new=3), "known", [], passes, 3, exploration=Exploration(1.0, 30.0))
    assert {one.item for one in found} <= {1, 2, 3, 11}
    old = Catalogue(catalogue(new=1).names, ITEMS, {"CREATION_TIMESTAMP": np.full(ITEMS + 1, -1e9)}, {})
    found = for_user(model(), old, "known", [], None, 3, exploration=Exploration(1.0, 30.0))
    assert all(one.item < ITEMS for one in found)


def test_related_items_are_others() -> None:
    found = related(model(), "item-4", None, ITEMS)
    assert [one.item for one in found] == [5, 6, 7, 8, 9, 0, 1, 2, 3]
    assert all(one.score is None for one in found)
    assert [one.item for one in related(model(), "never-seen", None, 2)] == [9, 8]


def test_a_ranking_keeps_every_item() -> None:
    found = ranking(model(), catalogue(new=1), "known", [], [9, ITEMS, 1, 5])
    assert [one.item for one in found] == [1, 5, 9, ITEMS]
    assert sum(one.score or 0.0 for one in found) == pytest.approx(1.0)
    assert found[-1].score is None


def test_what_does_not_grow_comes_by_popularity() -> None:
    short, long = np.zeros(ITEMS), np.zeros(ITEMS)
    short[2], long[6] = 5.0, 5.0
    found = trending(model(), Rates(60.0, 0.0, short, long), None, 3)
    assert [one.item for one in found] == [2, 9, 8]
