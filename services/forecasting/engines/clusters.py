"""Fitting series on a cluster of Dask by statsforecast's own backend (fugue), in place of this machine's processes.

Series go to the cluster and forecasts come back; its workers need statsforecast, and none of our code. Where a model
cannot be fitted to a series, statsforecast's seasonal naive forecast stands in for it there, and is weighed as such.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from services.forecasting.engines import local
from services.forecasting.engines.workspace import Floats
from shared import errors

#: "dask" = processes of this machine; "dask:tcp://host:8786" = the scheduler there; "" = no cluster.
VARIABLE = "NONET_FORECASTING_CLUSTER"

#: A series to be fitted: its number, its values without gaps, and names of models.
Piece = tuple[int, Floats, Sequence[str]]


def address() -> str:
    """The address that the setting names; "" for Dask on this machine, None without a cluster.

    Raises ``Unimplemented`` for another kind of cluster.
    """
    kind, _, where = os.environ.get(VARIABLE, "").partition(":")
    if kind and kind != "dask":
        raise errors.Unimplemented(f"{VARIABLE} is dask or dask:ADDRESS: no other cluster has been tried here.")
    return where


def wanted() -> bool:
    """Whether the setting names a cluster."""
    return bool(os.environ.get(VARIABLE, ""))


class DaskCluster:
    """A connection to Dask. Raises ``FailedPrecondition`` where its packages are missing, ``Unavailable``."""

    def __init__(self, where: str) -> None:
        try:
            import dask.dataframe  # type: ignore[import-not-found, unused-ignore]
            import distributed  # type: ignore[import-not-found, unused-ignore]
        except ImportError:
            raise errors.FailedPrecondition(
                f"{VARIABLE} asks for Dask, which this engine has not. Run: nonet engines install forecasting-dask"
            ) from None
        self._frames = dask.dataframe
        try:
            self._client = distributed.Client(where or None, dashboard_address=None)
        except (OSError, TimeoutError):
            raise errors.Unavailable(f"Dask's scheduler {where} does not answer.") from None

    def close(self) -> None:
        """End the connection, and the processes where they are ours."""
        self._client.close()

    def forecast(
        self, pieces: Sequence[Piece], seasons: Sequence[int], horizon: int, quantiles: Sequence[float]
    ) -> list[tuple[int, dict[str, Floats]]]:
        """Forecasts [1 + quantiles, horizon] of each series by model; those of all-unknown values are left out."""
        groups: dict[tuple[Any, ...], list[Piece]] = {}
        for piece in pieces:
            groups.setdefault(_shape(piece, seasons), []).append(piece)
        found: dict[int, dict[str, Floats]] = {}
        for group in groups.values():
            for index, by_model in self._together(group, seasons, horizon, quantiles):
                found[index] = by_model
        return sorted(found.items())

    def _together(
        self, pieces: Sequence[Piece], seasons: Sequence[int], horizon: int, quantiles: Sequence[float]
    ) -> list[tuple[int, dict[str, Floats]]]:
        """Series that the same models are fitted to."""
        import numpy as np
        import pandas as pd  # type: ignore[import-not-found, import-untyped, unused-ignore]
        from statsforecast import StatsForecast  # type: ignore[import-not-found, unused-ignore]

        names = list(pieces[0][2])
        length = len(pieces[0][1])
        models = [local.named_model(name, length, seasons, horizon) for name in names]
        frame = pd.DataFrame(
            {
                "unique_id": np.concatenate([np.full(len(values), str(index)) for index, values, _ in pieces]),
                "ds": np.concatenate([np.arange(len(values)) for _, values, _ in pieces]),
                "y": np.concatenate([values for _, values, _ in pieces]),
            }
        )
        partitions = max(1, min(len(pieces), 4 * len(self._client.ncores())))
        library = StatsForecast(
            models=models, freq=1, fallback_model=local.named_model("seasonal-naive", length, seasons, horizon)
        )
        asked: dict[str, Any] = {"level": levels} if (levels := local.levels(quantiles)) else {}
        answer = library.forecast(
            df=self._frames.from_pandas(frame, npartitions=partitions), h=horizon, **asked
        ).compute()
        by_series: Mapping[str, Any] = dict(iter(answer.sort_values(["unique_id", "ds"]).groupby("unique_id")))
        results = []
        for index, _, _ in pieces:
            part = by_series[str(index)]
            columns = {name: {"mean": part[name].to_numpy()} for name in names}
            for name in names:
                for column in part.columns:
                    if column.startswith((f"{name}-lo-", f"{name}-hi-")):
                        columns[name][column.removeprefix(f"{name}-")] = part[column].to_numpy()
            rows = {name: local.rows_of(columns[name], quantiles) for name in names}
            results.append((index, {name: one for name, one in rows.items() if one is not None}))
        return results


def _shape(piece: Piece, seasons: Sequence[int]) -> tuple[Any, ...]:
    """What decides which models, with which settings, are fitted to a series."""
    _, values, names = piece
    return tuple(names), tuple(2 * one + 2 <= len(values) for one in seasons), len(values) > local.EXACT_ARIMA
