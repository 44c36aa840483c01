"""What the engine of this service takes and gives. Files lie in a workspace: a folder of one job on this machine.

ReadTable -> a checked table in a file;  PrepareSeries -> series in the workspace, which FitSeries forecasts a few at a
time and FitGlobal all at once;  CombineForecasts -> the choice of models and its metrics, or the forecast itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.forecasting.frequencies import Boundary, Frequency

#: The tasks' names in the catalog: what does everything, and those that fit the algorithms that it has not.
FORECAST_SERIES, FORECAST_PROPHET, FORECAST_GLUONTS = "forecast-series", "forecast-by-prophet", "forecast-by-gluonts"
#: Name of the mean among a predictor's forecast types; the others are quantiles, "0.01" to "0.99".
MEAN = "mean"
#: Models that learn from all series at once (engines/boosting.py).
GLOBAL_MODELS = ("lightgbm", "lightgbm-differences")


@dataclass(frozen=True, slots=True)
class Algorithm:
    """What stands for an algorithm of the AWS API: a model, and the task of the engine that fits it."""

    model: str
    task: str


#: By the last part of AlgorithmArn. Amazon's CNN-QR is a causal convolutional network with quantiles; gluonts has one
#: of that kind for torch, WaveNet (van den Oord et al. 2016), whose quantiles are those of drawn paths.
ALGORITHMS: Mapping[str, Algorithm] = {
    "ARIMA": Algorithm("arima", FORECAST_SERIES),
    "ETS": Algorithm("ets", FORECAST_SERIES),
    "Prophet": Algorithm("prophet", FORECAST_PROPHET),
    "NPTS": Algorithm("npts", FORECAST_GLUONTS),
    "Deep_AR_Plus": Algorithm("deepar", FORECAST_GLUONTS),
    "CNN-QR": Algorithm("wavenet", FORECAST_GLUONTS),
}
#: Models of those that learn from all series at once.
LEARNING_FROM_ALL = ("deepar", "wavenet")


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. ``kind``: string, integer, float, timestamp or geolocation; empty cells are bad rows where
    it is ``required``."""

    name: str
    kind: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class ReadTable:
    """Read files of one format (CSV or PARQUET) into ``output`` (Parquet), rows that cannot be read left out."""

    paths: tuple[str, ...]
    file_format: str
    columns: tuple[Column, ...]
    #: "yyyy-MM-dd", "yyyy-MM-dd HH:mm:ss", or "" for either.
    timestamp_format: str
    output: str


@dataclass(frozen=True, slots=True)
class ColumnStatistics:
    """FieldStatistics of the AWS API; numbers are of the rows that were read."""

    count: int
    distinct: int
    null: int
    nan: int
    low: str = ""
    high: str = ""
    average: float | None = None
    deviation: float | None = None


@dataclass(frozen=True, slots=True)
class TableReport:
    """What was read. ``bad_rows``: how many were left out, by reason; ``problem``: why nothing is taken ("" = fine)."""

    rows: int
    bad_rows: Mapping[str, int]
    statistics: Mapping[str, ColumnStatistics]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Related:
    """A column of the related series: its kind, aggregation (mean, sum, min, max, first) and fillings."""

    name: str
    kind: str
    transformations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PrepareSeries:
    """Make series of tables: aggregate to the frequency, align, fill.

    ``transformations`` of the target: aggregation, frontfill, middlefill, backfill and their values.
    ``dimensions``: item_id, then the forecast dimensions. ``holidays``: a country's code, "" = none.
    """

    workspace: str
    targets: tuple[str, ...]
    target: str
    dimensions: tuple[str, ...]
    frequency: Frequency
    boundary: Boundary
    horizon: int
    transformations: Mapping[str, str]
    related_tables: tuple[str, ...] = ()
    related: tuple[Related, ...] = ()
    metadata_tables: tuple[str, ...] = ()
    metadata: tuple[str, ...] = ()
    holidays: str = ""


@dataclass(frozen=True, slots=True)
class SeriesReport:
    """``count`` series that end together at ``end`` (ISO 8601), the longest of ``longest`` values."""

    count: int
    longest: int
    start: str
    end: str
    #: Remarks for the caller.
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FitSeries:
    """Forecast series ``first`` to ``last`` (exclusive) of the workspace with the models that see one at a time.

    ``cut``: values at the end that the models may not see (a backtest), 0 for the forecast itself. ``models``: those of
    each series by its key, ``others`` for series without; both empty = all that suit a series. ``algorithm``: the one
    of the API's that does it alone ("ARIMA", "ETS"). ``stand_in_for``: a model that another engine fits; the simplest
    one forecasts the series that it could not be fitted to.
    """

    workspace: str
    first: int
    last: int
    cut: int
    quantiles: tuple[float, ...]
    algorithm: str = ""
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    others: tuple[str, ...] = ()
    stand_in_for: str = ""


@dataclass(frozen=True, slots=True)
class FitGlobal:
    """Forecast all series of the workspace with a model that learns from all of them, one of ``GLOBAL_MODELS``."""

    workspace: str
    cut: int
    name: str


@dataclass(frozen=True, slots=True)
class FitAlgorithm:
    """Forecast series ``first`` to ``last`` (exclusive) with ``model``, one of another engine's (``ALGORITHMS``).

    Models that learn from all series take them all at once. ``frequency``: as the API writes it.
    """

    workspace: str
    first: int
    last: int
    cut: int
    quantiles: tuple[float, ...]
    model: str
    frequency: str


@dataclass(frozen=True, slots=True)
class ChooseModels:
    """Choose each series' models by the backtests with ``cuts`` (ascending), and measure the choice.

    ``tested``: in how many of the newest windows it is measured; 0 = in all but the oldest, or in the only one.
    """

    workspace: str
    cuts: tuple[int, ...]
    quantiles: tuple[float, ...]
    metric: str
    tested: int = 0


@dataclass(frozen=True, slots=True)
class WindowMetrics:
    """Metrics of one backtest window, as GetAccuracyMetrics defines them (metrics.py). ``errors`` by forecast type:
    WAPE, RMSE, MASE, MAPE; an undefined one is None."""

    start: str
    end: str
    items: int
    losses: tuple[tuple[float, float], ...]
    average_loss: float
    rmse: float
    errors: tuple[tuple[str, Mapping[str, float | None]], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """``weights`` of models by series key (its dimensions' values joined by NUL); ``others`` for series that were not
    there. The last of ``windows`` is the summary of all."""

    weights: Mapping[str, Mapping[str, float]]
    others: Mapping[str, float]
    windows: tuple[WindowMetrics, ...]


@dataclass(frozen=True, slots=True)
class MakeForecast:
    """Combine the forecasts with cut 0 by ``choice``, series ``first`` to ``last`` (exclusive)."""

    workspace: str
    first: int
    last: int
    weights: Mapping[str, Mapping[str, float]]
    others: Mapping[str, float]
    quantiles: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SeriesForecast:
    """One series: the values of its dimensions, the times (ISO 8601, no zone) and the rows mean and quantiles."""

    dimensions: Mapping[str, str]
    times: tuple[str, ...]
    mean: tuple[float, ...]
    quantiles: tuple[tuple[float, ...], ...]
