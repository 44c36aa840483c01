"""The ForecastQuery service: reading one series of a forecast."""

from __future__ import annotations

from nonet.forecast_query.v1 import forecast_query_pb2 as pb
from services.forecasting.service import Workshop
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call


class ForecastQueryService:
    """nonet.forecast_query.v1.ForecastQuery. Requests have been checked against the contract before they come here."""

    def __init__(self, platform: Platform) -> None:
        self._forecasts = Workshop(platform).forecasts

    async def query_forecast(self, request: pb.QueryForecastRequest, call: Call) -> pb.QueryForecastResponse:
        """One series' predictions: the mean and quantiles that the forecast has, at each of its times."""
        if request.next_token:
            raise errors.InvalidPaginationToken("A forecast comes whole: there are no further pages.")
        found = await self._forecasts.query(
            call.account, request.forecast_arn, dict(request.filters), request.start_date, request.end_date
        )
        forecast = pb.Forecast()
        for label, points in found.items():
            forecast.predictions[label].values.extend(
                pb.DataPoint(timestamp=time, value=value) for time, value in points
            )
        return pb.QueryForecastResponse(forecast=forecast)
