from __future__ import annotations

import math

import numpy as np
import onnx
import pytest

from services.personalization import training
from services.personalization.engines.scorer import History
from services.personalization.evaluation import eligible, metrics, split
from services.personalization.events import RecordedEvent
from services.personalization.fitting import TrainSequences
from services.personalization.interactions import Histories, Interactions
from services.personalization.model import Counting, Model, Tuning
from services.personalization.recipes import RECIPES
from services.personalization.tasks import Factorization, ItemFactors, Sequences, TrainedSequences
from services.personalization.training import Models, Plan, Trained, train


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


def circling(users: int = 150, items: int = 30, length: int = 8) -> Interactions:
    """Everybody goes round in one circle: only the order says what comes next."""
    starts = np.random.default_rng(2).integers(0, items, users)
    codes = ((starts[:, None] + np.arange(length)) % items).ravel()
    offsets = np.arange(0, users * length + 1, length)
    histories = Histories(offsets, codes, np.zeros(len(codes), np.int64), np.tile(np.arange(length) * 1.0, users))
    names = [str(user) for user in range(users)], [str(item) for item in range(items)]
    return Interactions(*names, ["view"], histories, np.ones(len(codes)))


def following(asked: list[Sequences], right: bool) -> TrainSequences:
    """A stand-in for the engine: the newest item points at the one after it (``right``), or at the far side."""

    async def train_sequences(work: Sequences) -> TrainedSequences:
        asked.append(work)
        count = work.item_count
        # Points on a circle, turned by one step: the encoder gives the newest vector, the position turns it.
        angles = 2 * np.pi * np.arange(count) / count
        vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
        return TrainedSequences(
            vectors, np.zeros((work.length, 2), np.float32), turned(2 * np.pi / count if right else np.pi), 3
        )

    return train_sequences


def turned(angle: float) -> bytes:
    """An encoder that turns the newest vector."""
    helper, number = onnx.helper, onnx.TensorProto.FLOAT
    turn = [math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle)]
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["vectors", "place"], ["last"], axis=1),
            helper.make_node("MatMul", ["last", "turn"], ["user"]),
        ],
        "turned",
        [
            helper.make_tensor_value_info("vectors", number, [1, "n", 2]),
            helper.make_tensor_value_info("barred", onnx.TensorProto.BOOL, ["n", "n"]),
        ],
        [helper.make_tensor_value_info("user", number, [1, 2])],
        [
            helper.make_tensor("place", onnx.TensorProto.INT64, [], [-1]),
            helper.make_tensor("turn", number, [2, 2], turn),
        ],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    data: bytes = made.SerializeToString()
    return data


@pytest.mark.parametrize(
    ("models", "right", "engine"),
    [
        (Models.ANY, True, "sasrec"),
        (Models.ANY, False, "ease"),
        (Models.LINEAR, True, "ease"),
        (Models.SEQUENTIAL, False, "sasrec"),
    ],
)
async def test_the_model_that_foretells_best_is_taken(models: Models, right: bool, engine: str) -> None:
    asked: list[Sequences] = []
    plan = Plan(RECIPES["aws-user-personalization-v2"], Counting(), models=models)
    trained = await train(circling(), plan, 0, _no_factors, _silent, following(asked, right))
    model = trained.model.engine
    assert model is not None and model.engine == engine
    # Tried with what is not hidden until it stops getting better, then with everything for as long as that took.
    assert [work.epochs for work in asked] == [None, 3][: (2 if engine == "sasrec" else 0 if models == "linear" else 1)]
    if asked:
        assert len(asked[0].items) < 150 * 8
    if len(asked) > 1:
        assert len(asked[1].items) == 150 * 8
    again = Model.from_bytes(trained.model.to_bytes())
    assert again.engine is not None and again.engine.engine == engine
    history = History(np.array([4, 5, 6]), np.ones(3, np.float32))
    assert again.engine.scores([history]) == pytest.approx(model.scores([history]), rel=1e-4)
    if models is Models.ANY and right:
        assert again.engine.candidates(history, 1).items.tolist() == [7]


async def test_sequential_models_are_not_tried_unasked_where_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "MOST_UNASKED", 10)
    asked: list[Sequences] = []
    plan = Plan(RECIPES["aws-user-personalization-v2"], Counting())
    trained = await train(circling(), plan, 0, _no_factors, _silent, following(asked, True))
    assert not asked and trained.model.engine is not None and trained.model.engine.engine == "ease"


def test_the_likelihood_of_hidden_items_is_that_of_a_softmax_over_all() -> None:
    random = np.random.default_rng(3)
    scores = random.normal(0, 3, (4, 30)).astype(np.float32)
    known = [np.array(items, np.int64) for items in ([0, 1, 2], [5], [], [7, 8])]
    hidden = [np.array(items, np.int64) for items in ([2, 9], [6], [1, 2], [7, 8])]
    found = training._losses(scores, known, hidden, 0.5, (-1e4, -2.0, 0.0, 3.0))
    for repeat, loss in found.items():
        expected = []
        for row, own, wanted in zip(scores, known, hidden, strict=True):
            logits = row.astype(np.float64) / 0.5
            logits[own] += repeat
            expected.append(np.logaddexp.reduce(logits) - logits[wanted].mean())
        assert loss == pytest.approx(float(np.mean(expected)), rel=1e-5), repeat
