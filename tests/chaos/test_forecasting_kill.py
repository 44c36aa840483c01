"""kill -9 in the middle of an import and of a training: after a restart both end, and nothing is there in halves."""

from __future__ import annotations

import math
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.test_documents_kill import client, suite
from tests.contract.forecasting.conftest import ROLE, SCHEMA, weekly
from tests.engines import KEPT, link_engine

PATIENCE_SECONDS = 300
ITEMS, DAYS = 8, 120
IMPORTED_ROWS = 400_000


def wait_until(ask: Callable[[], str], wanted: Callable[[str], bool]) -> str:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not wanted(status := ask()):
        assert time.monotonic() < deadline, status
        time.sleep(0.02)
    return status


def is_over(status: str) -> bool:
    return status in ("ACTIVE", "CREATE_FAILED", "CREATE_STOPPED")


def make_dataset(forecast: Any, name: str) -> str:
    return str(
        forecast.create_dataset(
            DatasetName=name, Domain="CUSTOM", DatasetType="TARGET_TIME_SERIES", DataFrequency="D", Schema=SCHEMA
        )["DatasetArn"]
    )


def start_import(forecast: Any, dataset: str, name: str, key: str) -> str:
    source = {"S3Config": {"Path": f"s3://sales/{key}", "RoleArn": ROLE}}
    return str(
        forecast.create_dataset_import_job(DatasetImportJobName=name, DatasetArn=dataset, DataSource=source)[
            "DatasetImportJobArn"
        ]
    )


@pytest.mark.slow
def test_an_import_and_a_training_survive_kill_9(tmp_path: Path, database_url: str) -> None:
    if database_url.startswith("postgresql") and not KEPT:
        pytest.skip("a minute more; with NONET_TEST_ENGINES it runs on PostgreSQL too")
    link_engine(tmp_path, "forecasting")
    with suite(tmp_path, database_url) as (process, endpoint):
        s3, forecast = client("s3", endpoint), client("forecast", endpoint)
        s3.create_bucket(Bucket="sales")
        s3.put_object(Bucket="sales", Key="small.csv", Body=weekly(ITEMS, DAYS))
        row = "item,2024-01-01,1\n"
        s3.put_object(Bucket="sales", Key="big.csv", Body=(row * IMPORTED_ROWS).encode())
        small, big = make_dataset(forecast, "small"), make_dataset(forecast, "big")
        first = start_import(forecast, small, "small", "small.csv")
        status = wait_until(lambda: forecast.describe_dataset_import_job(DatasetImportJobArn=first)["Status"], is_over)
        assert status == "ACTIVE"
        group = forecast.create_dataset_group(DatasetGroupName="sales", Domain="CUSTOM", DatasetArns=[small])
        group_arn = group["DatasetGroupArn"]
        predictor = forecast.create_auto_predictor(
            PredictorName="weekly", ForecastHorizon=14, ForecastFrequency="D", DataConfig={"DatasetGroupArn": group_arn}
        )["PredictorArn"]
        wait_until(
            lambda: forecast.describe_auto_predictor(PredictorArn=predictor)["Status"],
            lambda status: status == "CREATE_IN_PROGRESS",
        )
        second = start_import(forecast, big, "big", "big.csv")
        reached = wait_until(
            lambda: forecast.describe_dataset_import_job(DatasetImportJobArn=second)["Status"],
            lambda status: status != "CREATE_PENDING",
        )
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        assert reached == "CREATE_IN_PROGRESS", "the kill came too late to prove anything"
    with suite(tmp_path, database_url) as (_, endpoint):
        forecast, query = client("forecast", endpoint), client("forecastquery", endpoint)
        ended = wait_until(lambda: forecast.describe_dataset_import_job(DatasetImportJobArn=second)["Status"], is_over)
        assert ended == "ACTIVE"
        answer = forecast.describe_dataset_import_job(DatasetImportJobArn=second)
        assert answer["FieldStatistics"]["target_value"]["CountLong"] == IMPORTED_ROWS
        trained = wait_until(lambda: forecast.describe_auto_predictor(PredictorArn=predictor)["Status"], is_over)
        assert trained == "ACTIVE"
        made = forecast.create_forecast(ForecastName="next", PredictorArn=predictor)["ForecastArn"]
        assert wait_until(lambda: forecast.describe_forecast(ForecastArn=made)["Status"], is_over) == "ACTIVE"
        answer = query.query_forecast(ForecastArn=made, Filters={"item_id": "item7"})
        points = answer["Forecast"]["Predictions"]["p50"]
        assert len(points) == 14
        assert points[0]["Value"] == pytest.approx(170 + 30 * math.sin(2 * math.pi * DAYS / 7), abs=10)
    left = [path.name for path in (tmp_path / "forecasting").iterdir()]
    assert len(left) <= 2, "only the folders of the killed attempts may be left"
