"""What a predictor is asked to do, checked: from CreateAutoPredictor and CreatePredictor alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from services.forecasting.domains import DOMAINS
from services.forecasting.frequencies import Boundary, Frequency
from services.forecasting.tasks import ALGORITHMS, MEAN
from shared import errors

MOST_STEPS: Final = 500
DEFAULT_TYPES: Final = ("0.1", "0.5", "0.9")
MOST_WINDOWS: Final = 5
#: Values of all series together that models are fitted to in seconds.
FEW_VALUES: Final = 20_000
DEFAULT_METRIC: Final = "AverageWeightedQuantileLoss"
_FILLINGS = frozenset({"zero", "value", "median", "mean", "min", "max", "nan"})
_TARGET_RULES: Final[Mapping[str, frozenset[str]]] = {
    "aggregation": frozenset({"sum", "avg", "first", "min", "max"}),
    "frontfill": frozenset({"none", "zero"}),
    "middlefill": _FILLINGS,
    "backfill": _FILLINGS,
}
_RELATED_RULES: Final[Mapping[str, frozenset[str]]] = {
    "aggregation": frozenset({"sum", "avg", "first", "min", "max"}),
    "middlefill": _FILLINGS - {"nan"},
    "backfill": _FILLINGS - {"nan"},
    "futurefill": _FILLINGS - {"nan"},
}
_ALGORITHM_PREFIX = "arn:aws:forecast:::algorithm/"


@dataclass(frozen=True, slots=True)
class PredictorSettings:
    """Checked. ``dimensions``: beyond the item; ``offset``: steps from the newest window's begin to the end."""

    auto: bool
    horizon: int
    frequency: str
    types: tuple[str, ...]
    dimensions: tuple[str, ...]
    metric: str
    windows: int
    offset: int
    boundary: tuple[int, int, int] = (0, 0, 0)
    algorithm: str = ""
    holidays: str = ""
    #: By attribute: aggregation, fillings and their values.
    transformations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For a resource's facts; ``of_json`` reads it."""
        return asdict(self)

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> PredictorSettings:
        """What ``as_json`` gave."""
        lists = {name: tuple(values[name]) for name in ("types", "dimensions", "boundary")}
        return cls(**{**values, **lists})

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The quantiles among the types, ascending; the usual three where there are none (to choose models by)."""
        return quantiles(self.types) or (0.1, 0.5, 0.9)

    def cuts(self, count: int, longest: int) -> tuple[int, ...]:
        """Where backtest windows begin, steps before the end, ascending, for ``count`` series of ``longest`` at most.

        Those beyond ``windows`` serve the choice of models only: one, and a second where few values make it cheap.
        """
        choosing = 2 if count * longest <= FEW_VALUES and not self.algorithm else 1
        wanted = (self.offset + self.horizon * number for number in range(self.windows + choosing))
        return tuple(cut for cut in wanted if longest - cut > self.horizon) or (self.offset,)


def quantiles(types: Iterable[str]) -> tuple[float, ...]:
    """The quantiles among forecast types, ascending, each once."""
    return tuple(sorted({float(one) for one in types if one != MEAN}))


def forecast_types(given: Iterable[str], default: Iterable[str]) -> tuple[str, ...]:
    """Checked forecast types, each once. Raises ``InvalidArgument``."""
    types = tuple(dict.fromkeys(given)) or tuple(default)
    if any(one != MEAN and not 0 < float(one) < 1 for one in types):
        raise errors.InvalidArgument("ForecastTypes are mean and quantiles from 0.01 to 0.99.")
    return types


def check_horizon(horizon: int) -> int:
    """Raises ``InvalidArgument`` outside 1..500; a third of the series' length is the other bound, once it is known."""
    if not 1 <= horizon <= MOST_STEPS:
        raise errors.InvalidArgument(
            f"The ForecastHorizon is 1 to {MOST_STEPS} steps, and at most a third of the target time series' length."
        )
    return horizon


def check_frequency(text: str, data_frequency: str) -> Frequency:
    """The frequency of forecasts, which must not be finer than the data's. Raises ``InvalidArgument``."""
    try:
        frequency, data = Frequency.parse(text), Frequency.parse(data_frequency)
    except ValueError as error:
        raise errors.InvalidArgument(f"{error}.") from None
    if frequency.minutes < data.minutes:
        raise errors.InvalidArgument(
            f"The ForecastFrequency {text} is finer than the target time series' DataFrequency {data_frequency}."
        )
    return frequency


def check_windows(windows: int | None, offset: int | None, horizon: int) -> tuple[int, int]:
    """Number and offset of backtest windows. Raises ``InvalidArgument``."""
    windows = 1 if windows is None else windows
    offset = horizon if offset is None else offset
    if not 1 <= windows <= MOST_WINDOWS:
        raise errors.InvalidArgument(f"NumberOfBacktestWindows is 1 to {MOST_WINDOWS}.")
    if offset < horizon:
        raise errors.InvalidArgument("The BackTestWindowOffset is at least the ForecastHorizon.")
    return windows, offset


def check_dimensions(given: Iterable[str], domain: str, attributes: Iterable[str]) -> tuple[str, ...]:
    """Forecast dimensions beyond the item. Raises ``InvalidArgument`` for what the target dataset has not."""
    item, target = DOMAINS[domain].item, DOMAINS[domain].target
    chosen = tuple(name for name in dict.fromkeys(given) if name != item)
    wrong = [name for name in chosen if name not in set(attributes) - {target, "timestamp"}]
    if wrong:
        raise errors.InvalidArgument(f"The target time series has no dimension {', '.join(wrong)}.")
    return chosen


def check_transformations(
    given: Mapping[str, Mapping[str, str]], target: str, related: Iterable[str]
) -> dict[str, dict[str, str]]:
    """Aggregations and fillings by attribute. Raises ``InvalidArgument`` for a rule or attribute that is not known."""
    names = set(related)
    for attribute, rules in given.items():
        if attribute != target and attribute not in names:
            raise errors.InvalidArgument(f"No dataset of the group has an attribute {attribute} that can be filled.")
        known = _TARGET_RULES if attribute == target else _RELATED_RULES
        for rule, value in rules.items():
            base = rule.removesuffix("_value")
            if rule != base and base in known and rules.get(base) == "value":
                _number(rule, value)
            elif rule not in known:
                raise errors.InvalidArgument(f"{attribute} has no transformation {rule}: {', '.join(sorted(known))}.")
            elif value not in known[rule]:
                raise errors.InvalidArgument(f"{rule} is one of {', '.join(sorted(known[rule]))}.")
            elif value == "value" and f"{rule}_value" not in rules:
                raise errors.InvalidArgument(f"{rule} with a value needs {rule}_value.")
    return {attribute: dict(rules) for attribute, rules in given.items()}


def check_additional(given: Iterable[tuple[str, Mapping[str, Iterable[str]]]]) -> str:
    """The country of the holidays among additional datasets, "" without.

    Raises ``InvalidArgument``, ``Unimplemented`` (the weather).
    """
    country = ""
    for name, configuration in given:
        if name == "weather":
            raise errors.Unimplemented("There is no weather index here: it is a data set of Amazon's. Leave it out.")
        if name != "holiday":
            raise errors.InvalidArgument("Additional datasets are holiday and weather.")
        codes = list(configuration.get("CountryCode", []))
        if set(configuration) != {"CountryCode"} or len(codes) != 1 or len(codes[0]) != 2 or not codes[0].isalpha():
            raise errors.InvalidArgument("The holiday dataset takes one CountryCode of two letters.")
        country = codes[0].upper()
    return country


def check_algorithm(arn: str) -> str:
    """The algorithm of an ARN. Raises ``InvalidArgument``."""
    name = arn.removeprefix(_ALGORITHM_PREFIX)
    if name not in ALGORITHMS or not arn.startswith(_ALGORITHM_PREFIX):
        raise errors.InvalidArgument("AlgorithmArn is not one of Amazon Forecast's algorithms.")
    return name


def check_boundary(frequency: Frequency, month: str, day: int, weekday: str, hour: int | None) -> tuple[int, int, int]:
    """Offsets of the intervals' begins: months, days, hours. Raises ``InvalidArgument``."""
    try:
        boundary = Boundary.of(frequency, month, day, weekday, hour)
    except ValueError as error:
        raise errors.InvalidArgument(f"{error}.") from None
    return boundary.months, boundary.days, boundary.hours


def _number(rule: str, value: str) -> None:
    try:
        float(value)
    except ValueError:
        raise errors.InvalidArgument(f"{rule} is a number.") from None
