"""From a group of datasets to predictions, through boto3."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.answers import Recorder
from tests.contract.forecasting.conftest import ROLE, ended, unique

pytestmark = pytest.mark.slow


def test_the_predictor_says_what_it_was_asked_for(forecast: Recorder, predictor: str, group: str) -> None:
    answer = forecast.ask("describe_auto_predictor", PredictorArn=predictor)
    assert answer["ForecastHorizon"] == 14 and answer["ForecastFrequency"] == "D"
    assert answer["ForecastTypes"] == ["0.1", "0.5", "0.9", "mean"]
    assert answer["DataConfig"]["DatasetGroupArn"] == group
    assert len(answer["DatasetImportJobArns"]) == 1
    with pytest.raises(ClientError, match="InvalidInputException"):
        forecast.ask("describe_predictor", PredictorArn=predictor)


def test_the_metrics_are_those_of_a_good_forecast(forecast: Recorder, predictor: str) -> None:
    answer = forecast.ask("get_accuracy_metrics", PredictorArn=predictor)
    assert answer["IsAutoPredictor"] and answer["OptimizationMetric"] == "AverageWeightedQuantileLoss"
    windows = answer["PredictorEvaluationResults"][0]["TestWindows"]
    assert [window["EvaluationType"] for window in windows] == ["COMPUTED", "SUMMARY"]
    metrics = windows[0]["Metrics"]
    losses = {one["Quantile"]: one["LossValue"] for one in metrics["WeightedQuantileLosses"]}
    assert set(losses) == {0.1, 0.5, 0.9}
    assert metrics["AverageWeightedQuantileLoss"] == pytest.approx(sum(losses.values()) / 3)
    errors = {one["ForecastType"]: one for one in metrics["ErrorMetrics"]}
    # The noise has a deviation of 3 around a season of 30: who knows the season errs by little more than the noise.
    assert 2 < errors["mean"]["RMSE"] < 4.5
    assert errors["mean"]["MASE"] < 1
    assert windows[0]["ItemCount"] == 4


def test_a_query_gives_the_quantiles_of_one_item(
    forecastquery: Recorder, made_forecast: str
) -> None:
    answer = forecastquery.ask("query_forecast", ForecastArn=made_forecast, Filters={"item_id": "item2"})
    predictions = answer["Forecast"]["Predictions"]
    assert set(predictions) == {"p10", "p50", "p90", "mean"}
    times = [point["Timestamp"] for point in predictions["p50"]]
    assert times[0] == "2024-04-30T00:00:00" and times[-1] == "2024-05-13T00:00:00" and len(times) == 14
    for day, (low, middle, high) in enumerate(zip(*(predictions[one] for one in ("p10", "p50", "p90")), strict=True)):
        assert low["Value"] < middle["Value"] < high["Value"]
        assert middle["Value"] == pytest.approx(120 + 30 * math.sin(2 * math.pi * (120 + day) / 7), abs=8)


def test_a_query_may_ask_for_some_days(forecastquery: Recorder, made_forecast: str) -> None:
    answer = forecastquery.ask(
        "query_forecast", ForecastArn=made_forecast, Filters={"item_id": "item0"}, StartDate="2024-05-02T00:00:00",
        EndDate="2024-05-04T00:00:00",
    )  # fmt: skip
    times = [point["Timestamp"] for point in answer["Forecast"]["Predictions"]["mean"]]
    assert times == ["2024-05-02T00:00:00", "2024-05-03T00:00:00", "2024-05-04T00:00:00"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Filters": {"item_id": "nobody"}}, "ResourceNotFoundException"),
        ({"Filters": {"item": "item0"}}, "InvalidInputException"),
        ({"StartDate": "tomorrow"}, "InvalidInputException"),
        ({"StartDate": "2030-01-01T00:00:00"}, "InvalidInputException"),
        ({"StartDate": "2024-05-04T00:00:00", "EndDate": "2024-05-02T00:00:00"}, "InvalidInputException"),
        ({"NextToken": "x"}, "InvalidNextTokenException"),
        ({"ForecastArn": "arn:aws:forecast:us-east-1:000000000000:forecast/none"}, "ResourceNotFoundException"),
    ],
)
def test_queries_that_fail(
    forecastquery: Recorder, made_forecast: str, changes: dict[str, Any], code: str
) -> None:
    request = {"ForecastArn": made_forecast, "Filters": {"item_id": "item0"}, **changes}
    with pytest.raises(ClientError, match=code):
        forecastquery.ask("query_forecast", **request)


def test_an_export_has_every_series(
    forecast: Recorder, made_forecast: str, put: Callable[..., str], s3: Any
) -> None:
    folder = put(b"", "exports/.keep").removesuffix("/.keep")
    name = unique()
    arn = forecast.ask(
        "create_forecast_export_job", ForecastExportJobName=name, ForecastArn=made_forecast,
        Destination={"S3Config": {"Path": folder, "RoleArn": ROLE}},
    )["ForecastExportJobArn"]  # fmt: skip
    assert ended(lambda: forecast.ask("describe_forecast_export_job", ForecastExportJobArn=arn))["Status"] == "ACTIVE"
    bucket = folder.removeprefix("s3://").partition("/")[0]
    text = s3.get_object(Bucket=bucket, Key=f"exports/{name}_part0.csv")["Body"].read().decode()
    lines = text.splitlines()
    assert lines[0] == "item_id,date,p10,p50,p90,mean"
    assert len(lines) == 1 + 4 * 14
    assert lines[1].startswith("item0,2024-04-30T00:00:00Z,")
    listed = forecast.ask("list_forecast_export_jobs", Filters=[{"Key": "ForecastArn", "Condition": "IS", "Value": made_forecast}])
    assert [one["ForecastExportJobName"] for one in listed["ForecastExportJobs"]] == [name]
