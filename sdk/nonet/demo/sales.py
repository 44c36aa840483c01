"""Forecast: two years of weekly habits and seasons in, quantiles out. Needs the engine environment ``forecasting``."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nonet.cli.forecast_plot import svg
from nonet.demo.stage import Stage, settled, timed

ROLE = "arn:aws:iam::000000000000:role/demo"
FIRST_DAY = datetime(2024, 6, 3)
DAYS, HORIZON, SHOWN = 728, 28, 120
FORMULA = "level + 0.03 a day + 25 sin(2 pi day / 7) + 15 sin(2 pi day / 364) + noise of deviation 6"
LEVELS = {"bread": 120.0, "milk": 80.0}
ATTRIBUTES = (("item_id", "string"), ("timestamp", "timestamp"), ("demand", "float"))

Series = list[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Forecast:
    """A forecast that can be asked, and how it came about."""

    arn: str
    seconds: float
    accuracy: dict[str, Any]


def sales() -> dict[str, Series]:
    """Item -> sales of ``DAYS`` days by ``FORMULA``: invented, which the report says, and the same on every call."""
    noise = random.Random(1)
    return {
        item: [
            (
                FIRST_DAY + timedelta(days=day),
                level
                + 0.03 * day
                + 25 * math.sin(2 * math.pi * day / 7)
                + 15 * math.sin(2 * math.pi * day / 364)
                + noise.gauss(0, 6),
            )
            for day in range(DAYS)
        ]
        for item, level in LEVELS.items()
    }


def make(stage: Stage) -> Forecast:
    """Import the sales, train a predictor, and make a forecast."""
    forecast, s3 = stage.client("forecast"), stage.client("s3")
    started = time.monotonic()
    rows = [f"{item},{day:%Y-%m-%d},{value:.1f}" for item, series in sales().items() for day, value in series]
    s3.create_bucket(Bucket="shop")
    s3.put_object(Bucket="shop", Key="sales.csv", Body="\n".join([",".join(name for name, _ in ATTRIBUTES), *rows]))
    schema = {"Attributes": [{"AttributeName": name, "AttributeType": kind} for name, kind in ATTRIBUTES]}
    dataset = forecast.create_dataset(
        DatasetName="sales", Domain="RETAIL", DatasetType="TARGET_TIME_SERIES", DataFrequency="D", Schema=schema
    )["DatasetArn"]
    group = forecast.create_dataset_group(DatasetGroupName="shop", Domain="RETAIL", DatasetArns=[dataset])[
        "DatasetGroupArn"
    ]
    source = {"S3Config": {"Path": "s3://shop/sales.csv", "RoleArn": ROLE}}
    job = forecast.create_dataset_import_job(
        DatasetImportJobName="sales", DatasetArn=dataset, TimestampFormat="yyyy-MM-dd", DataSource=source
    )["DatasetImportJobArn"]
    settled("CreateDatasetImportJob", lambda: _status(forecast.describe_dataset_import_job(DatasetImportJobArn=job)))
    predictor = forecast.create_auto_predictor(
        PredictorName="daily", ForecastHorizon=HORIZON, ForecastFrequency="D", DataConfig={"DatasetGroupArn": group}
    )["PredictorArn"]
    settled("CreateAutoPredictor", lambda: _status(forecast.describe_auto_predictor(PredictorArn=predictor)))
    results = forecast.get_accuracy_metrics(PredictorArn=predictor)["PredictorEvaluationResults"]
    arn = forecast.create_forecast(ForecastName="june", PredictorArn=predictor)["ForecastArn"]
    settled("CreateForecast", lambda: _status(forecast.describe_forecast(ForecastArn=arn)))
    return Forecast(arn, time.monotonic() - started, results[0]["TestWindows"][-1]["Metrics"]["ErrorMetrics"][0])


def _status(answer: dict[str, Any]) -> str:
    return f"{answer['Status']} {answer.get('Message', '')}".strip()


def show(stage: Stage, made: Forecast) -> None:
    title = f"Forecast: {DAYS} days of two items, made by a formula; the next {HORIZON} days"
    stage.report.title(title)
    stage.report.line(f"  sales = {FORMULA}")
    stage.report.row("CreateAutoPredictor", f"WAPE {made.accuracy['WAPE']:.3f} on days held back", made.seconds, {})
    answer, seconds = timed(
        lambda: stage.client("forecastquery").query_forecast(ForecastArn=made.arn, Filters={"item_id": "bread"})
    )
    predictions: dict[str, Series] = {
        label: [(datetime.fromisoformat(point["Timestamp"]), point["Value"]) for point in points]
        for label, points in answer["Forecast"]["Predictions"].items()
    }
    stage.report.row("QueryForecast", f"bread: {', '.join(sorted(predictions))}", seconds, answer)
    for low, middle, high in list(zip(*(predictions[label] for label in ("p10", "p50", "p90")), strict=True))[:7]:
        stage.report.line(f"  {middle[0]:%a %d %B}  {low[1]:6.1f} {middle[1]:6.1f} {high[1]:6.1f}")
    plot = svg("bread: history, median, and the band from p10 to p90", sales()["bread"][-SHOWN:], predictions)
    stage.report.keep("forecast.svg", plot.encode(), "Sales of bread: what was, and what is expected")
