"""A trained model: what a campaign holds in memory, and the file that it is read from."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson

from services.personalization.engines.linear import LinearModel
from services.personalization.engines.popularity import Rates
from services.personalization.engines.scorer import History, Scorer
from services.personalization.engines.sequence import SASREC, SequenceModel
from services.personalization.events import RecordedEvent
from services.personalization.interactions import Histories, Interactions, Ints, Mask

#: Raised when files of older versions can no longer be read.
_FORMAT = 1
#: Weight of an interaction that is so many half-lives old that it does not matter any more.
_NOTHING = 1e-4


@dataclass(frozen=True, slots=True)
class Tuning:
    """What was chosen by how well it foretold hidden interactions.

    ``half_life``: after so many later interactions one counts half; None = all count alike.
    ``temperature`` and ``repeat``: a score s is exp(s / temperature + repeat), ``repeat`` for items the user knows.
    """

    half_life: float | None = None
    temperature: float = 1.0
    repeat: float = 0.0

    def weights(self, count: int) -> npt.NDArray[np.float32]:
        """Weights of ``count`` interactions, the oldest first [count]."""
        return _weights(self.half_life, count)

    def history(self, items: Ints) -> History:
        """A user's items, the oldest first, each counted where it came last."""
        # A dictionary keeps the order; sorting takes ten times as long for as few as a user has.
        distinct = np.array(list(dict.fromkeys(items[::-1].tolist()))[::-1], np.int64)
        return History(distinct, self.weights(len(distinct)))


@lru_cache(maxsize=4096)
def _weights(half_life: float | None, count: int) -> npt.NDArray[np.float32]:
    """``Tuning.weights``; everybody's, so nobody may change it."""
    ages = np.arange(count - 1, -1, -1)
    decayed = np.ones(count) if half_life is None else np.maximum(0.5 ** (ages / half_life), _NOTHING)
    weights = decayed.astype(np.float32)
    weights.flags.writeable = False
    return weights


@dataclass(frozen=True, slots=True)
class Counting:
    """Which events count for the model: of one type or of any, with a value of at least ``threshold`` or any."""

    event_type: str | None = None
    threshold: float | None = None

    def holds(self, event: RecordedEvent) -> bool:
        """Whether a live event counts."""
        if self.event_type is not None and event.event_type != self.event_type:
            return False
        return self.threshold is None or (event.event_value is not None and event.event_value >= self.threshold)


@dataclass(frozen=True, slots=True)
class Model:
    """``counts`` [items]: interactions of each; ``last_event``: number of the newest live event that is in it."""

    recipe: str
    users: Sequence[str]
    items: Sequence[str]
    event_types: Sequence[str]
    #: Every interaction, for filters; ``counted`` are those that the model learns from.
    histories: Histories
    counted: Mask
    counts: npt.NDArray[np.float64]
    counting: Counting
    tuning: Tuning
    engine: Scorer | None
    rates: Rates | None
    last_event: int
    #: Unix seconds of the newest interaction.
    newest: float
    user_numbers: Mapping[str, int] = field(init=False)
    item_numbers: Mapping[str, int] = field(init=False)
    #: Items by how many interactions they have, most first.
    popular: Ints = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "user_numbers", {name: number for number, name in enumerate(self.users)})
        object.__setattr__(self, "item_numbers", {name: number for number, name in enumerate(self.items)})
        object.__setattr__(self, "popular", np.argsort(-self.counts, kind="stable"))

    @classmethod
    def of(
        cls,
        recipe: str,
        data: Interactions,
        counted: Mask,
        counts: npt.NDArray[np.float64],
        counting: Counting,
        tuning: Tuning,
        engine: Scorer | None,
        rates: Rates | None,
        last_event: int,
    ) -> Model:
        """A model of interactions, with what an engine made of them."""
        newest = float(data.histories.times.max()) if len(data) else 0.0
        return cls(
            recipe, data.users, data.items, data.event_types, data.histories, counted, counts, counting, tuning,
            engine, rates, last_event, newest,
        )  # fmt: skip

    def interacted(self, user: str, live: Sequence[RecordedEvent]) -> tuple[Ints, Ints]:
        """Items that a user interacted with at all and those that count, both as numbers, the oldest first.

        Live items that the model does not know are left out: it can say nothing about them.
        """
        number = self.user_numbers.get(user)
        rows = slice(0, 0) if number is None else self.histories.of(number)
        items, counted = self.histories.items[rows], self.counted[rows]
        known = [(self.item_numbers[one.item_id], one) for one in live if one.item_id in self.item_numbers]
        every = np.array([item for item, _ in known], np.int64)
        good = np.array([item for item, one in known if self.counting.holds(one)], np.int64)
        return np.concatenate([items, every]), np.concatenate([items[counted], good])

    def to_bytes(self) -> bytes:
        """The model as a file: numpy's npz without pickles."""
        header = {
            "format": _FORMAT,
            "recipe": self.recipe,
            "counting": [self.counting.event_type, self.counting.threshold],
            "tuning": [self.tuning.half_life, self.tuning.temperature, self.tuning.repeat],
            "engine": None if self.engine is None else self.engine.engine,
            "rates": None if self.rates is None else [self.rates.window_s, self.rates.moment],
            "last_event": self.last_event,
            "newest": self.newest,
        }
        arrays: dict[str, npt.NDArray[Any]] = {
            "header": _packed(header),
            "users": _packed(list(self.users)),
            "items": _packed(list(self.items)),
            "event_types": _packed(list(self.event_types)),
            "history.offsets": self.histories.offsets,
            "history.items": self.histories.items.astype(np.int32),
            "history.kinds": self.histories.kinds.astype(np.int32),
            "history.times": self.histories.times,
            "counted": self.counted,
            "counts": self.counts,
        }
        if self.engine is not None:
            arrays |= {f"engine.{name}": array for name, array in self.engine.arrays().items()}
        if self.rates is not None:
            arrays |= {"rates.short": self.rates.short, "rates.long": self.rates.long}
        file = io.BytesIO()
        np.savez(file, allow_pickle=False, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Model:
        """Read what ``to_bytes`` wrote. Raises ValueError for a file of another format."""
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        header = _unpacked(arrays["header"])
        if header["format"] != _FORMAT:
            raise ValueError(f"a model of format {header['format']}")
        engine = {name.removeprefix("engine."): array for name, array in arrays.items() if name.startswith("engine.")}
        rates = header["rates"]
        return cls(
            header["recipe"],
            _unpacked(arrays["users"]),
            _unpacked(arrays["items"]),
            _unpacked(arrays["event_types"]),
            Histories(
                arrays["history.offsets"],
                arrays["history.items"].astype(np.int64),
                arrays["history.kinds"].astype(np.int64),
                arrays["history.times"],
            ),
            arrays["counted"],
            arrays["counts"],
            Counting(*header["counting"]),
            Tuning(*header["tuning"]),
            _engine(header["engine"], engine),
            None if rates is None else Rates(rates[0], rates[1], arrays["rates.short"], arrays["rates.long"]),
            header["last_event"],
            header["newest"],
        )


def _engine(name: str | None, arrays: Mapping[str, npt.NDArray[Any]]) -> Scorer | None:
    if name is None:
        return None
    return SequenceModel.of_arrays(arrays) if name == SASREC else LinearModel.of_arrays(name, arrays)


def digest(data: bytes) -> str:
    """The hash that a campaign's model is known by."""
    return hashlib.sha256(data).hexdigest()


def _packed(value: Any) -> npt.NDArray[Any]:
    return np.frombuffer(orjson.dumps(value), np.uint8)


def _unpacked(array: npt.NDArray[Any]) -> Any:
    return orjson.loads(array.tobytes())
