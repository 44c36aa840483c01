"""Recommendations held against what users did: the service's training beside bare EASE and the library implicit.

    NONET_SHARED=<shared folder> python -m bench.quality.recommendations [--implicit PYTHON] [--sequences PYTHON]

Data: MovieLens ml-latest-small, every rating an interaction. Two splits: a random quarter of each user's ratings
hidden (seed 1), and each user's last one. The measure is NDCG@10 over all users with hidden items; what a user is known
to have rated is not recommended, for none of the methods.

``ours`` is ``training.train`` with the hidden ratings left out: it chooses regularization and recency on interactions
that it hides itself from the rest. A random quarter says nothing about time, so there recency is switched off, as a
caller does it (recency_mask = false); of the linear models both are shown. ``--implicit``: an interpreter that has
implicit and scipy (``nonet engines install recommenders`` makes one); its methods run with several settings, and the
best *on the hidden ratings* counts, which flatters them. ``--sequences``: one that has torch (``nonet engines install
sequence-recommenders``); then sequential models are trained too, alone and beside the linear ones.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from services.personalization.csv_rows import TableReader
from services.personalization.engines import ease
from services.personalization.engines.scorer import Scorer
from services.personalization.fitting import TrainSequences
from services.personalization.interactions import Histories, Interactions, Ints, gather
from services.personalization.model import Counting, Tuning
from services.personalization.recipes import RECIPES
from services.personalization.schemas import Field, Schema
from services.personalization.tasks import Factorization, ItemFactors, Sequences, TrainedSequences
from services.personalization.training import Models, Plan, train
from shared.models.catalog import REPOSITORY_ROOT, Catalog
from shared.runtime.bindings import WorkerBinding

DEPTH = 10
HIDDEN_SHARE, SEED = 0.25, 1
REGULARIZATIONS = (50.0, 100.0, 200.0, 500.0, 1000.0)
_SCHEMA = Schema(
    "Interactions",
    (
        Field("USER_ID", "string", False, False, False),
        Field("ITEM_ID", "string", False, False, False),
        Field("RATING", "float", False, False, False),
        Field("TIMESTAMP", "long", False, False, False),
    ),
)
_IMPLICIT = """
import itertools, sys
import numpy as np, scipy.sparse as sparse
import implicit
from threadpoolctl import threadpool_limits
threadpool_limits(1, "blas")
data = np.load(sys.argv[1])
offsets, items, count = data["offsets"], data["items"], int(data["count"])
ones = np.ones(len(items), np.float32)
matrix = sparse.csr_matrix((ones, items, offsets), (len(offsets) - 1, count))
users = np.arange(matrix.shape[0])
found = {}
for factors, regularization, alpha in itertools.product((32, 64), (0.01,), (1.0, 10.0)):
    model = implicit.als.AlternatingLeastSquares(factors=factors, regularization=regularization, alpha=alpha,
                                                 iterations=15, random_state=1, use_gpu=False)
    model.fit(matrix, show_progress=False)
    found[f"ALS {factors} factors, regularization {regularization}, alpha {alpha}"] = model.recommend(
        users, matrix, N=10, filter_already_liked_items=True)[0]
for factors, rate in ((64, 0.02),):
    model = implicit.bpr.BayesianPersonalizedRanking(factors=factors, learning_rate=rate, iterations=100,
                                                     random_state=1, use_gpu=False)
    model.fit(matrix, show_progress=False)
    found[f"BPR {factors} factors, rate {rate}"] = model.recommend(
        users, matrix, N=10, filter_already_liked_items=True)[0]
for neighbours in (20, 100):
    model = implicit.nearest_neighbours.CosineRecommender(K=neighbours)
    model.fit(matrix.tocsr(), show_progress=False)
    found[f"cosine {neighbours} neighbours"] = model.recommend(
        users, matrix, N=10, filter_already_liked_items=True)[0]
np.savez(sys.argv[2], **found)
"""


def ratings() -> Interactions:
    """Every rating as an interaction."""
    shared = Path(os.environ.get("NONET_SHARED", REPOSITORY_ROOT.parent / "shared"))
    lines = (shared / "data" / "recsys" / "ml-latest-small" / "ratings.csv").read_text().splitlines()
    table = TableReader(_SCHEMA)
    table.read(io.BytesIO("\n".join(["USER_ID,ITEM_ID,RATING,TIMESTAMP", *lines[1:]]).encode()))
    return gather([table.table()], [])


def hidden_rows(histories: Histories, last: bool) -> npt.NDArray[np.bool_]:
    """Which rows are hidden."""
    random = np.random.default_rng(SEED)
    hidden = np.zeros(len(histories.items), bool)
    for user in range(histories.users):
        rows = histories.of(user)
        if last:
            hidden[rows.stop - 1] = True
        else:
            every = np.arange(rows.start, rows.stop)
            hidden[random.permutation(every)[: round(len(every) * HIDDEN_SHARE)]] = True
    return hidden


def ndcg(recommended: Callable[[int], Ints], histories: Histories, hidden: npt.NDArray[np.bool_]) -> float:
    """The mean over users with hidden items."""
    discounts = 1 / np.log2(np.arange(2, DEPTH + 2))
    values = []
    for user in range(histories.users):
        rows = histories.of(user)
        wanted = histories.items[rows][hidden[rows]]
        if len(wanted):
            hits = np.isin(recommended(user)[:DEPTH], wanted)
            values.append((hits * discounts[: len(hits)]).sum() / discounts[: len(wanted)].sum())
    return float(np.mean(values))


def by_model(model: Scorer, tuning: Tuning, known: Histories) -> Callable[[int], Ints]:
    """The best unknown items of a model for each user."""

    def recommended(user: int) -> Ints:
        history = tuning.history(known.items[known.of(user)])
        scores = model.scores([history])[0]
        scores[history.items] = -np.inf
        return np.argsort(-scores)[:DEPTH]

    return recommended


def sequence_trainer(python: str) -> TrainSequences:
    """Trains sequential models in the interpreter ``python``, each of the same data once: several plans ask for it."""
    trained: dict[tuple[bytes, int | None], TrainedSequences] = {}

    async def train_sequences(work: Sequences) -> TrainedSequences:
        key = work.items.tobytes(), work.epochs
        if key not in trained:
            entry = Catalog.load().get("sasrec")
            assert entry is not None
            binding = await WorkerBinding.load(entry, Path(), "cpu", python)
            try:
                (found,) = await binding.run([work])
            finally:
                await binding.close()
            assert isinstance(found, TrainedSequences)
            trained[key] = found
        return trained[key]

    return train_sequences


async def ours(
    data: Interactions,
    hidden: npt.NDArray[np.bool_],
    recency: bool,
    models: Models,
    train_sequences: TrainSequences | None,
) -> tuple[Scorer, Tuning]:
    """What the service would train of the known rows."""
    known = Interactions(data.users, data.items, data.event_types, data.histories.taken(~hidden), data.values[~hidden])

    async def no_factors(work: Factorization) -> ItemFactors:
        raise AssertionError("the data fit EASE")

    async def silent(share: float) -> None:
        return None

    plan = Plan(RECIPES["aws-user-personalization"], Counting(), recency, models=models)
    trained = await train(known, plan, 0, no_factors, silent, train_sequences)
    assert trained.model.engine is not None
    return trained.model.engine, trained.model.tuning


def implicits(python: str, known: Histories, count: int) -> dict[str, npt.NDArray[np.int64]]:
    """Ten items a user, of each method and setting of the library."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "in.npz"), Path(folder, "out.npz")
        np.savez(source, offsets=known.offsets, items=known.items.astype(np.int32), count=np.array(count))
        subprocess.run([python, "-c", _IMPLICIT, str(source), str(target)], check=True)
        with np.load(target) as found:
            return {name: found[name].astype(np.int64) for name in found.files}


def measure(python: str | None, sequences: str | None) -> dict[str, dict[str, float]]:
    """NDCG@10 of every method on both splits."""
    data = ratings()
    trainer = None if sequences is None else sequence_trainer(sequences)
    results: dict[str, dict[str, float]] = {}
    for split in ("random quarter", "last item"):
        hidden = hidden_rows(data.histories, split == "last item")
        known = data.histories.taken(~hidden)
        found: dict[str, float] = {}
        popular = np.argsort(-np.bincount(known.items, minlength=len(data.items)), kind="stable")

        def most_popular(user: int, known: Histories = known, popular: Ints = popular) -> Ints:
            mine = known.items[known.of(user)]
            top = popular[: len(mine) + DEPTH]
            return top[~np.isin(top, mine)]

        found["popularity"] = ndcg(most_popular, data.histories, hidden)
        for value in REGULARIZATIONS:
            model = ease.fit(known.distinct(), len(data.items), ease.Settings(value))
            found[f"EASE, lambda {value:g}"] = ndcg(by_model(model, Tuning(), known), data.histories, hidden)
        plans = [(recency, Models.LINEAR) for recency in (True, False)]
        plans += [] if trainer is None else [(split == "last item", one) for one in (Models.SEQUENTIAL, Models.ANY)]
        for recency, models in plans:
            engine, tuning = asyncio.run(ours(data, hidden, recency, models, trainer))
            name = f"ours, models {models}, recency {'on' if recency else 'off'}: {engine.engine}"
            found[name] = ndcg(by_model(engine, tuning, known), data.histories, hidden)
        if python is not None:
            for name, lists in implicits(python, known.distinct(), len(data.items)).items():
                found[name] = ndcg(lambda user, lists=lists: lists[user], data.histories, hidden)  # type: ignore[misc]
        results[split] = found
        print(f"{split}: NDCG@{DEPTH}")
        for name, value in sorted(found.items(), key=lambda pair: -pair[1]):
            print(f"  {value:.4f}  {name}", flush=True)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--implicit", help="interpreter that has implicit")
    parser.add_argument("--sequences", help="interpreter that has torch")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    results = measure(chosen.implicit, chosen.sequences)
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
