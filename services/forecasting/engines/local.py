"""Models that see one series at a time: statsforecast's, behind names of our own.

Each gives the mean and the quantiles of its own prediction intervals. What a model cannot fit (too short, constant, a
numerical failure) it leaves out: the others of the series stand in.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

_LOG = logging.getLogger("nonet.forecasting")

Floats = npt.NDArray[np.float64]

#: Exponential smoothing tries its seasonal forms up to this season; longer ones are what MSTL is for.
LONGEST_ETS_SEASON = 12
#: ARIMA takes five times as long as all others together (half a second a series), and far longer for long seasons: it
#: is tried for few and short series.
LONGEST_ARIMA, LONGEST_ARIMA_SEASON, MOST_ARIMA_SERIES = 400, 12, 100
#: Series up to this length are fitted without approximation.
EXACT_ARIMA = 100
#: A series with a larger share of zeros is intermittent demand.
INTERMITTENT_SHARE = 0.4


def candidates(values: Floats, seasons: Sequence[int], count: int) -> list[str]:
    """Names of the models that are worth their time for a series [length], one of ``count``."""
    length, season = len(values), seasons[0]
    names = ["seasonal-naive"]
    fitting = [one for one in seasons if one > 1 and length >= 2 * one + 2]
    if len(fitting) > 1:
        # Models of one season lose by far to those of several (bench/quality/forecasts.py), and take as long.
        return [*names, "mstl-ets"]
    if length >= 8:
        names.append("theta")
        if season <= LONGEST_ETS_SEASON:
            names.append("ets")
    if fitting and fitting[0] > 4:
        names.append("mstl-ets")
    if count <= MOST_ARIMA_SERIES and length <= LONGEST_ARIMA and season <= LONGEST_ARIMA_SEASON and length >= 16:
        names.append("arima")
    if length >= 8 and np.mean(values == 0) > INTERMITTENT_SHARE:
        names.append("croston")
    return names


def forecast(
    name: str, values: Floats, seasons: Sequence[int], horizon: int, quantiles: Sequence[float]
) -> Floats | None:
    """Forecast [1 + quantiles, horizon] of a series [length]: the mean, then the quantiles (0..1) in order.

    None: the model cannot be fitted to this series.
    """
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            model = named_model(name, len(values), seasons, horizon)
            found: Mapping[str, Any] = model.forecast(y=values, h=horizon, level=levels(quantiles) or None)
        except Exception as failure:
            # The library raises bare exceptions ("no model able to be fitted"), so any of them leaves the model out of
            # this series' mixture; the log names it, in case it is a defect.
            _LOG.warning("%s cannot be fitted to a series of %d values: %s", name, len(values), type(failure).__name__)
            return None
    return rows_of(found, quantiles)


def named_model(name: str, length: int, seasons: Sequence[int], horizon: int) -> Any:
    """The library's model for a series of ``length`` values, which names its columns as we do."""
    season = seasons[0] if length >= 2 * seasons[0] + 2 else 1
    model = _FACTORIES[name](season, [one for one in seasons if one > 1 and length >= 2 * one + 2], length, horizon)
    model.alias = name
    return model


def levels(quantiles: Sequence[float]) -> list[float]:
    """The central intervals that have the quantiles at their ends, per cent."""
    return sorted({_level(quantile) for quantile in quantiles} - {0.0})


def rows_of(found: Mapping[str, Any], quantiles: Sequence[float]) -> Floats | None:
    """The rows of a model's answer, columns "mean", "lo-80.0", "hi-80.0" and so on; None where one is not finite."""
    rows = [found["mean"]]
    for quantile in quantiles:
        level = _level(quantile)
        rows.append(found["mean"] if level == 0.0 else found[f"{'lo' if quantile < 0.5 else 'hi'}-{level}"])
    answer = np.asarray(rows, dtype=np.float64)
    if not np.isfinite(answer).all():
        return None
    # Rounding alone may cross neighbours.
    answer[1:] = np.sort(answer[1:], axis=0)
    return answer


def flat(values: Floats, horizon: int, quantiles: Sequence[float]) -> Floats:
    """The last value for ever [1 + quantiles, horizon]: for a series so short that nothing tells how it spreads."""
    return np.full((1 + len(quantiles), horizon), values[-1])


def _level(quantile: float) -> float:
    """The central interval, in per cent, one end of which is the quantile."""
    return round(abs(1 - 2 * quantile) * 100, 6)


def _seasonal_naive(season: int, seasons: Sequence[int], length: int, horizon: int) -> Any:
    from statsforecast.models import Naive, SeasonalNaive  # type: ignore[import-not-found, unused-ignore]

    return SeasonalNaive(season_length=season) if season > 1 else Naive()


def _ets(season: int, seasons: Sequence[int], length: int, horizon: int) -> Any:
    from statsforecast.models import AutoETS  # type: ignore[import-not-found, unused-ignore]

    return AutoETS(season_length=season if season <= LONGEST_ETS_SEASON else 1)


def _theta(season: int, seasons: Sequence[int], length: int, horizon: int) -> Any:
    from statsforecast.models import DynamicOptimizedTheta  # type: ignore[import-not-found, unused-ignore]

    return DynamicOptimizedTheta(season_length=season)


def _arima(season: int, seasons: Sequence[int], length: int, horizon: int) -> Any:
    from statsforecast.models import AutoARIMA  # type: ignore[import-not-found, unused-ignore]

    return AutoARIMA(season_length=season, approximation=length > EXACT_ARIMA)


def _croston(season: int, seasons: Sequence[int], length: int, horizon: int) -> Any:
    from statsforecast.models import CrostonOptimized  # type: ignore[import-not-found, unused-ignore]
    from statsforecast.utils import ConformalIntervals  # type: ignore[import-not-found, unused-ignore]

    return CrostonOptimized(prediction_intervals=ConformalIntervals(n_windows=2, h=horizon))


def _mstl_ets(season: int, seasons: Sequence[int], length: int, horizon: int) -> Any:
    from statsforecast.models import MSTL, AutoETS  # type: ignore[import-not-found, unused-ignore]

    return MSTL(season_length=list(seasons), trend_forecaster=AutoETS(model="ZZN"))


_FACTORIES: Mapping[str, Callable[[int, Sequence[int], int, int], Any]] = {
    "seasonal-naive": _seasonal_naive,
    "ets": _ets,
    "theta": _theta,
    "arima": _arima,
    "croston": _croston,
    "mstl-ets": _mstl_ets,
}

#: All models that see one series at a time.
NAMES = tuple(_FACTORIES)
