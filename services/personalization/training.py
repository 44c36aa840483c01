"""Training: what is fitted, chosen and measured for each recipe.

Of some users the newest interactions are hidden. What foretells those of the *choosing* users best is chosen; the
metrics are of the *measured* users, who had no say; the model that is kept is then fitted to everything.
"""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from services.personalization import evaluation
from services.personalization.engines import ease, popularity
from services.personalization.engines.linear import LinearModel
from services.personalization.engines.scorer import Scorer
from services.personalization.evaluation import Split
from services.personalization.fitting import (
    Epochs,
    Factorize,
    Fit,
    Fitter,
    Settings,
    TrainSequences,
    first_settings,
    further_settings,
)
from services.personalization.interactions import Histories, Interactions, Ints
from services.personalization.model import Counting, Model, Tuning
from services.personalization.recipes import Purpose, Recipe
from shared import errors

#: Amazon's minimum for a custom solution.
LEAST_INTERACTIONS, LEAST_USERS = 1000, 25

_HALF_LIVES = (None, 100.0, 30.0, 10.0, 3.0)
_TEMPERATURES = tuple(2.0**power for power in range(-8, 3))
#: Where nobody ever does a thing twice, known items come last.
_NEVER = -1e4
_REPEATS = (-8.0, -4.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0)
_SEED = 1
#: Shares of the users whose newest interactions are hidden: to measure by, as Amazon does it, and to choose by.
_MEASURED, _CHOOSING = 0.1, 0.6
_MOST_CHOOSING = 1000
#: Interactions up to which a sequential model is tried unasked: some minutes of two processors.
MOST_UNASKED = 200_000

Progress = Callable[[float], Awaitable[None]]


class Models(enum.StrEnum):
    """Which models are tried; of several the one that foretells hidden interactions best is taken."""

    #: Sequential ones too, where their engine is installed and data are few enough.
    ANY = "auto"
    LINEAR = "linear"
    SEQUENTIAL = "sequential"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a solution asks for. ``window_s``: over which trends are looked for, seconds."""

    recipe: Recipe
    counting: Counting
    recency: bool = True
    window_s: float = 2 * 3600.0
    models: Models = Models.ANY


@dataclass(frozen=True, slots=True)
class Trained:
    """A model and its metrics, by the names of GetSolutionMetrics."""

    model: Model
    metrics: Mapping[str, float]


def check_enough(data: Interactions, plan: Plan) -> None:
    """Raises ``InvalidArgument`` with Amazon's minimum where there is too little to learn from."""
    counted = data.of_events(plan.counting.event_type, plan.counting.threshold)
    users = np.bincount(data.histories.owners()[counted], minlength=data.histories.users)
    total, active = int(counted.sum()), int((users >= 2).sum())
    if total < LEAST_INTERACTIONS or active < LEAST_USERS:
        raise errors.InvalidArgument(
            f"There are {total} interactions that count, and {active} users with two or more. A solution needs "
            f"at least {LEAST_INTERACTIONS} interactions of at least {LEAST_USERS} users with two or more each."
        )


async def train(
    data: Interactions,
    plan: Plan,
    last_event: int,
    factorize: Factorize,
    progress: Progress,
    train_sequences: TrainSequences | None = None,
) -> Trained:
    """Train, choose and measure, in threads.

    ``factorize`` trains where EASE is too small, ``train_sequences`` where sequential models are to be tried (None =
    that cannot be done here); ``progress`` hears shares 0..1, and may raise to end it.

    Raises:
        InvalidArgument: there is too little data.
        EngineNotInstalled: an engine that the plan or a large catalogue needs is not there.
    """
    check_enough(data, plan)
    trainer = _Trainer(data, plan, last_event)
    if plan.recipe.purpose in (Purpose.POPULAR, Purpose.TRENDING):
        return await asyncio.to_thread(trainer.by_popularity)
    fitter = Fitter(trainer.items, factorize, train_sequences)
    split = await asyncio.to_thread(trainer.hidden)
    known = await asyncio.to_thread(split.known.distinct)
    best: _Choice | None = None
    waiting, done = trainer.settings(fitter), 0
    further = plan.models is not Models.SEQUENTIAL
    while waiting:
        fit = await fitter.fit(known, waiting.pop(0))
        best = await asyncio.to_thread(trainer.better, best, fit, split)
        if further and not waiting:
            waiting, further = further_settings(best.fit.settings), False
        done += 1
        await progress(done / (done + len(waiting) + (4 if further else 2)))
    assert best is not None
    tuning, metrics = await asyncio.to_thread(trainer.measured, split, best)
    everything = await asyncio.to_thread(trainer.histories.distinct)
    final = await fitter.fit(everything, best.fit.settings)
    await progress((done + 1) / (done + 2))
    return Trained(trainer.model(final.engine, tuning), metrics)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A fit, its recency, and how well it foretells the choosing users' hidden interactions."""

    fit: Fit
    tuning: Tuning
    value: float


class _Trainer:
    """The steps of one training that need only a processor."""

    def __init__(self, data: Interactions, plan: Plan, last_event: int) -> None:
        self.plan = plan
        self.items = len(data.items)
        self._data = data
        self._counted = data.of_events(plan.counting.event_type, plan.counting.threshold)
        self.histories = data.histories.taken(self._counted)
        #: Whether EASE can do it.
        self.small = ease.fits(self.histories.users, self.items)
        self._last_event = last_event
        self._measured = 0

    def settings(self, fitter: Fitter) -> list[Settings]:
        """What is tried first. Sequential models look at more than one item, so they relate none to one."""
        sequential: list[Settings] = [Epochs(None)] if self.plan.recipe.purpose is not Purpose.RELATED else []
        if self.plan.models is Models.SEQUENTIAL:
            return sequential
        unasked = fitter.sequential and len(self.histories.items) <= MOST_UNASKED
        return [*(sequential if self.plan.models is Models.ANY and unasked else []), *first_settings(self.small)]

    def hidden(self) -> Split:
        """Interactions of the measured users, hidden together with some of the choosing users.

        Of the measured the newest tenth, as Amazon does it. Of the choosing the newest one, for what comes next is what
        is asked for; or any tenth, where the caller says that time is no matter.
        """
        users = evaluation.eligible(self.histories, _SEED)
        self._measured = max(1, round(len(users) * _MEASURED))
        choosing = users[self._measured :][: max(1, min(_MOST_CHOOSING, round(len(users) * _CHOOSING)))]
        everybody = np.concatenate([users[: self._measured], choosing])
        if self.plan.recency:
            return evaluation.split(self.histories, everybody, _SEED, single=choosing)
        return evaluation.split(self.histories, everybody, _SEED, scattered=choosing)

    def better(self, best: _Choice | None, fit: Fit, split: Split) -> _Choice:
        """The better of two by the choosing users, each with the recency that suits it."""
        choosing = np.arange(self._measured, len(split.users))
        recency = self.plan.recency and self.plan.recipe.purpose is not Purpose.RELATED
        half_lives = _HALF_LIVES if recency and isinstance(fit.engine, LinearModel) else (None,)
        repeat = 0.0 if _repeats(split, choosing) else _NEVER
        for half_life in half_lives:
            tuning = Tuning(half_life, repeat=repeat)
            value = self._metrics(fit.engine, tuning, split, choosing)["normalized_discounted_cumulative_gain_at_10"]
            if best is None or value > best.value:
                best = _Choice(fit, tuning, value)
        assert best is not None
        return best

    def measured(self, split: Split, choice: _Choice) -> tuple[Tuning, Mapping[str, float]]:
        """The tuning of a choice, and its metrics by the users who had no say."""
        order = np.arange(len(split.users))
        measured, choosing = order[: self._measured], order[self._measured :]
        engine = choice.fit.engine
        tuning = self._calibrated(engine, choice.tuning, split, choosing, _repeats(split, choosing))
        return tuning, self._metrics(engine, tuning, split, measured)

    def _metrics(self, model: Scorer, tuning: Tuning, split: Split, chosen: Ints) -> dict[str, float]:
        def recommended(users: Sequence[int]) -> list[Ints]:
            return [_top(row) for row in self._logits(model, tuning, split, users)]

        users = [int(split.users[index]) for index in chosen]
        return evaluation.metrics(recommended, users, [split.hidden[index] for index in chosen], self.items)

    def _logits(self, model: Scorer, tuning: Tuning, split: Split, users: Sequence[int]) -> npt.NDArray[np.float32]:
        """What is ranked by, of all items [users, items]."""
        known = [split.known.items[split.known.of(user)] for user in users]
        if self.plan.recipe.purpose is Purpose.RELATED:
            known = [items[-1:] for items in known]
        histories = [tuning.history(items) for items in known]
        logits = model.scores(histories) / np.float32(tuning.temperature)
        for row, history in zip(logits, histories, strict=True):
            if self.plan.recipe.purpose is Purpose.RELATED:
                row[history.items] = -np.inf
            else:
                row[history.items] += tuning.repeat
        return logits

    def _calibrated(self, model: Scorer, tuning: Tuning, split: Split, choosing: Ints, repeats: bool) -> Tuning:
        """The temperature and the bonus for known items under which the hidden items are likeliest."""
        if self.plan.recipe.purpose is Purpose.RELATED:
            return tuning
        some = choosing[:300]
        users = [int(split.users[index]) for index in some]
        plain = self._logits(model, replace(tuning, temperature=1.0, repeat=0.0), split, users)
        known = [np.unique(split.known.items[split.known.of(user)]) for user in users]
        hidden = [split.hidden[index] for index in some]
        best = (np.inf, tuning)
        for temperature in _TEMPERATURES:
            losses = _losses(plain, known, hidden, temperature, _REPEATS if repeats else (_NEVER,))
            for repeat, loss in losses.items():
                if loss < best[0]:
                    best = (loss, Tuning(tuning.half_life, temperature, repeat))
        return best[1]

    def by_popularity(self) -> Trained:
        """The model of counts, or of growth, and its metrics."""
        items = self.items
        users = evaluation.eligible(self.histories, _SEED)
        split = evaluation.split(self.histories, users[: max(1, round(len(users) * _MEASURED))], _SEED)
        trending = self.plan.recipe.purpose is Purpose.TRENDING
        window = self.plan.window_s

        def ranking(histories: Histories) -> npt.NDArray[np.float64]:
            if trending:
                return popularity.rates(histories.items, histories.times, items, window).growth
            return popularity.counts(histories.items, items)

        top = np.argsort(-ranking(split.known), kind="stable")[: max(evaluation.DEPTHS)]
        measured = evaluation.metrics(
            lambda users: [top] * len(users), [int(user) for user in split.users], split.hidden, items
        )
        rates = popularity.rates(self.histories.items, self.histories.times, items, window) if trending else None
        return Trained(replace(self.model(None, Tuning()), rates=rates), measured)

    def model(self, engine: Scorer | None, tuning: Tuning) -> Model:
        """What is kept."""
        counts = popularity.counts(self.histories.items, self.items)
        return Model.of(
            self.plan.recipe.name, self._data, self._counted, counts, self.plan.counting, tuning, engine, None,
            self._last_event,
        )  # fmt: skip


def _losses(
    scores: npt.NDArray[np.float32],
    known: Sequence[Ints],
    hidden: Sequence[Ints],
    temperature: float,
    repeats: Sequence[float],
) -> dict[float, float]:
    """Mean negative log likelihood of users' hidden items, by the bonus for what they know.

    ``scores`` [users, items]; ``known`` and ``hidden``: distinct items of each user. The sum over all items is one
    over those that are not known, which no bonus changes, and one over the few that are.
    """
    totals: dict[float, list[float]] = {repeat: [] for repeat in repeats}
    for row, own, wanted in zip(scores, known, hidden, strict=True):
        logits = row / np.float32(temperature)
        likelihood, again = float(logits[wanted].mean()), float(np.isin(wanted, own).mean())
        of_known = _log_sum(logits[own])
        logits[own] = -np.inf
        of_others = _log_sum(logits)
        for repeat, losses in totals.items():
            losses.append(float(np.logaddexp(of_others, repeat + of_known)) - likelihood - repeat * again)
    return {repeat: float(np.mean(losses)) for repeat, losses in totals.items()}


def _log_sum(logits: npt.NDArray[np.float32]) -> float:
    """log(sum(exp(logits))); minus infinity for none."""
    top = logits.max(initial=-np.inf)
    if top == -np.inf:
        return -np.inf
    return float(top) + float(np.log(np.exp(logits - top).sum()))


def _top(scores: npt.NDArray[np.float32]) -> Ints:
    """The items that metrics look at, best first; sorting all would take most of a training of many items."""
    deepest = min(max(evaluation.DEPTHS), len(scores))
    items = np.argpartition(-scores, deepest - 1)[:deepest]
    return items[np.argsort(-scores[items], kind="stable")].astype(np.int64)


def _repeats(split: Split, chosen: Ints) -> bool:
    """Whether users interact again with what they know, in one of a hundred hidden interactions or more."""
    again = total = 0
    for index in chosen:
        known = split.known.items[split.known.of(int(split.users[index]))]
        again += int(np.isin(split.hidden[index], known).sum())
        total += len(split.hidden[index])
    return again >= 0.01 * total
