from __future__ import annotations

import numpy as np
import pytest

from services.personalization.engines.linear import History
from services.personalization.evaluation import eligible, metrics, split
from services.personalization.events import RecordedEvent
from services.personalization.interactions import Histories, Interactions
from services.personalization.model import Counting, Model, Tuning
from services.personalization.recipes import RECIPES
from services.personalization.tasks import Factorization, ItemFactors
from services.personalization.training import Plan, Trained, train


def drawn(users: int = 120, items: int = 60, length: int = 14, repeats: bool = True) -> Interactions:
    """Users who love one third of the items."""
    random = np.random.default_rng(5)
    rows = []
    for user in range(users):
        loved = user % 3 * (items // 3)
        chosen = loved + (random.random(3 * length) ** 2 * (items // 3)).astype(np.int64)
        if not repeats:
            chosen = np.array(list(dict.fromkeys(chosen.tolist())))
        rows.append(chosen[:length])
    counts = [len(row) for row in rows]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    codes = np.concatenate(rows)
    times = np.concatenate([np.arange(count) * 60.0 for count in counts])
    histories = Histories(offsets, codes, np.zeros(len(codes), np.int64), times)
    names = [f"user-{user}" for user in range(users)], [f"item-{item}" for item in range(items)]
    return Interactions(*names, ["view"], histories, np.ones(len(codes)))


async def _no_factors(work: Factorization) -> ItemFactors:
    raise AssertionError("EASE is enough")


async def _silent(share: float) -> None:
    assert 0 <= share <= 1


async def fitted(data: Interactions, recipe: str = "aws-user-personalization", recency: bool = True) -> Trained:
    return await train(data, Plan(RECIPES[recipe], Counting(), recency), 7, _no_factors, _silent)


@pytest.mark.parametrize("recipe", sorted(RECIPES))
async def test_every_recipe_trains_and_its_file_is_read_again(recipe: str) -> None:
    trained = await fitted(drawn(), recipe)
    model = Model.from_bytes(trained.model.to_bytes())
    assert (model.recipe, model.last_event, model.tuning) == (recipe, 7, trained.model.tuning)
    assert model.items == trained.model.items and model.counts.tolist() == trained.model.counts.tolist()
    if model.engine is not None:
        history = History(np.array([1, 2]), np.ones(2, np.float32))
        assert model.engine.scores([history]) == pytest.approx(trained.model.engine.scores([history]))  # type: ignore[union-attr]


async def test_who_never_does_a_thing_twice_is_not_told_to() -> None:
    assert (await fitted(drawn(repeats=False))).model.tuning.repeat < -1000
    assert (await fitted(drawn(repeats=True))).model.tuning.repeat > -1000


async def test_recency_can_be_switched_off() -> None:
    assert (await fitted(drawn(), recency=False)).model.tuning.half_life is None


async def test_hidden_interactions_are_not_trained_on() -> None:
    """With the items drawn by lot nothing can be foretold: a model that peeked would find what was hidden."""
    random = np.random.default_rng(1)
    users, length, items = 300, 10, 500
    codes = random.integers(0, items, users * length)
    offsets = np.arange(0, users * length + 1, length)
    histories = Histories(offsets, codes, np.zeros(len(codes), np.int64), np.tile(np.arange(length) * 1.0, users))
    data = Interactions(
        [str(user) for user in range(users)],
        [str(item) for item in range(items)],
        ["view"],
        histories,
        np.ones(len(codes)),
    )
    found = (await fitted(data)).metrics
    assert found["precision_at_25"] < 0.02


def test_the_newest_tenth_is_hidden() -> None:
    data = drawn(length=20, users=30)
    found = split(data.histories, eligible(data.histories, 1), 1)
    assert len(found.users) == 30
    for user, hidden in zip(found.users.tolist(), found.hidden, strict=True):
        rows = data.histories.of(user)
        assert set(hidden.tolist()) == set(data.histories.items[rows][-2:].tolist())
        assert found.known.items[found.known.of(user)].tolist() == data.histories.items[rows][:-2].tolist()


def test_anything_is_hidden_where_time_plays_no_part() -> None:
    data = drawn(length=20, users=30)
    users = eligible(data.histories, 1)
    found = split(data.histories, users, 1, scattered=users[:15])
    newest = [set(data.histories.items[data.histories.of(user)][-2:].tolist()) for user in users.tolist()]
    same = [set(hidden.tolist()) == wanted for hidden, wanted in zip(found.hidden, newest, strict=True)]
    assert all(same[15:]) and not any(same[:5]) and sum(same[:15]) < 3
    assert len(found.known.items) == len(data.histories.items) - 60


def test_metrics_by_hand() -> None:
    lists = {0: np.array([4, 5, 6]), 1: np.array([7, 1, 2])}
    found = metrics(lambda users: [lists[user] for user in users], [0, 1], [np.array([5]), np.array([8, 9])], 10)
    assert found["coverage"] == pytest.approx(0.6)
    assert found["mean_reciprocal_rank_at_25"] == pytest.approx((1 / 2 + 0) / 2)
    assert found["normalized_discounted_cumulative_gain_at_5"] == pytest.approx((1 / np.log2(3)) / 2)
    assert found["precision_at_5"] == pytest.approx((1 / 5) / 2)


def test_distinct_items_stay_where_they_came_last() -> None:
    histories = Histories(np.array([0, 4, 6]), np.array([1, 2, 1, 3, 2, 2]), np.zeros(6, np.int64), np.arange(6.0))
    distinct = histories.distinct()
    assert distinct.offsets.tolist() == [0, 3, 4]
    assert distinct.items.tolist() == [2, 1, 3, 2]


def test_a_history_weighs_the_newest_most() -> None:
    history = Tuning(half_life=1.0).history(np.array([5, 3, 5, 9]))
    assert history.items.tolist() == [3, 5, 9]
    assert history.weights.tolist() == pytest.approx([0.25, 0.5, 1.0])


async def test_live_events_join_the_history() -> None:
    trained = (
        await train(
            drawn(), Plan(RECIPES["aws-user-personalization"], Counting(threshold=1.0)), 0, _no_factors, _silent
        )
    ).model
    live = [
        RecordedEvent(1, "new", "item-3", "view", 5.0, 1.0),
        RecordedEvent(2, "new", "item-4", "view", 0.5, 2.0),
        RecordedEvent(3, "new", "never-heard-of", "view", 5.0, 3.0),
    ]
    every, counted = trained.interacted("new", live)
    assert (every.tolist(), counted.tolist()) == ([3, 4], [3])
