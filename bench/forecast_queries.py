"""QueryForecast's latency, through boto3 and over gRPC, beside DescribeForecast's, which reads one row.

    python -m bench.forecast_queries [--data FOLDER]

FOLDER is a data directory with the engine environment ``forecasting`` (it is installed where it is missing: three
minutes); a forecast that is there already is asked again. One caller at a time, client and server on one machine.
"""

from __future__ import annotations

import argparse
import io
import math
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import grpc

from bench.recommendations import client, row
from nonet.forecast_query.v1 import forecast_query_pb2 as query_pb
from nonet.forecasting.v1 import forecasting_pb2 as pb

ITEMS, DAYS, HORIZON = 50, 120, 14
REQUESTS, WARM = 1000, 100
_QUERY = "/nonet.forecast_query.v1.ForecastQuery/QueryForecast"
_DESCRIBE = "/nonet.forecasting.v1.Forecasting/DescribeForecast"
_SCHEMA = {
    "Attributes": [
        {"AttributeName": "item_id", "AttributeType": "string"},
        {"AttributeName": "timestamp", "AttributeType": "timestamp"},
        {"AttributeName": "target_value", "AttributeType": "float"},
    ]
}


def values() -> bytes:
    """A CSV file of weekly series."""
    noise, text = random.Random(1), io.StringIO()
    for item in range(ITEMS):
        for day in range(DAYS):
            value = 100 + item + 30 * math.sin(2 * math.pi * day / 7) + noise.gauss(0, 3)
            text.write(f"i{item},{datetime(2024, 1, 1) + timedelta(days=day):%Y-%m-%d},{value:.3f}\n")
    return text.getvalue().encode()


def ended(ask: Callable[..., dict[str, Any]], **arguments: str) -> None:
    """Wait until a resource is there."""
    while (status := (found := ask(**arguments))["Status"]) != "ACTIVE":
        if status == "CREATE_FAILED":
            raise RuntimeError(found.get("Message"))
        time.sleep(0.1)


@contextmanager
def served(folder: str) -> Iterator[tuple[int, int, str]]:
    """A running Nonet with a forecast: its HTTP port, gRPC port and the forecast's ARN."""
    environment = {**os.environ, "NONET_DATA_DIRECTORY": folder, "NONET_LOG_LEVEL": "ERROR"}
    nonet = [sys.executable, "-m", "nonet.cli"]
    subprocess.run([*nonet, "engines", "install", "forecasting"], env=environment, check=True, stdout=sys.stderr)
    command = [*nonet, "up", "--http-port", "0", "--grpc-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout is not None
        ports = next(
            found for line in process.stdout if (found := re.search(r"http://\S+:(\d+)\s+gRPC \S+:(\d+)", line))
        )
        http_port, grpc_port = int(ports[1]), int(ports[2])
        forecast = client("forecast", http_port)
        known = forecast.list_forecasts()["Forecasts"]
        yield http_port, grpc_port, known[0]["ForecastArn"] if known else made(forecast, client("s3", http_port))
    finally:
        process.terminate()
        process.wait(60)


def made(forecast: Any, s3: Any) -> str:
    """A forecast by a predictor of ETS."""
    s3.create_bucket(Bucket="bench")
    s3.put_object(Bucket="bench", Key="values.csv", Body=values())
    dataset = forecast.create_dataset(
        DatasetName="bench", Domain="CUSTOM", DatasetType="TARGET_TIME_SERIES", DataFrequency="D", Schema=_SCHEMA
    )["DatasetArn"]
    job = forecast.create_dataset_import_job(
        DatasetImportJobName="bench", DatasetArn=dataset, TimestampFormat="yyyy-MM-dd",
        DataSource={"S3Config": {"Path": "s3://bench/values.csv", "RoleArn": "arn:aws:iam::000000000000:role/bench"}},
    )["DatasetImportJobArn"]  # fmt: skip
    ended(forecast.describe_dataset_import_job, DatasetImportJobArn=job)
    group = forecast.create_dataset_group(DatasetGroupName="bench", Domain="CUSTOM", DatasetArns=[dataset])
    predictor = forecast.create_predictor(
        PredictorName="bench", AlgorithmArn="arn:aws:forecast:::algorithm/ETS", ForecastHorizon=HORIZON,
        InputDataConfig={"DatasetGroupArn": group["DatasetGroupArn"]}, FeaturizationConfig={"ForecastFrequency": "D"},
    )["PredictorArn"]  # fmt: skip
    ended(forecast.describe_predictor, PredictorArn=predictor)
    arn = str(forecast.create_forecast(ForecastName="bench", PredictorArn=predictor)["ForecastArn"])
    ended(forecast.describe_forecast, ForecastArn=arn)
    return arn


def timed(ask: Callable[[int], Any]) -> Sequence[float]:
    """Seconds of each request but the first."""
    latencies = []
    for number in range(REQUESTS):
        began = time.perf_counter()
        ask(number)
        latencies.append(time.perf_counter() - began)
    return latencies[WARM:]


def report(folder: str) -> list[str]:
    """The measurements as a table."""
    lines = ["| one caller | p50, ms | p99, ms | |", "|---|---|---|---|"]
    with served(folder) as (http_port, grpc_port, arn), grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        query: Any = channel.unary_unary(_QUERY)
        describe: Any = channel.unary_unary(_DESCRIBE)

        def by_grpc(number: int) -> Any:
            wanted = query_pb.QueryForecastRequest(forecast_arn=arn, filters={"item_id": f"i{number % ITEMS}"})
            return query(wanted.SerializeToString())

        boto3 = client("forecastquery", http_port)
        described = pb.DescribeForecastRequest(forecast_arn=arn).SerializeToString()
        lines.append(row("QueryForecast, gRPC", timed(by_grpc)))
        lines.append(row("DescribeForecast, gRPC", timed(lambda number: describe(described))))
        asked = timed(lambda number: boto3.query_forecast(ForecastArn=arn, Filters={"item_id": f"i{number % ITEMS}"}))
        lines.append(row("QueryForecast, boto3", asked))
    return [*lines, "", f"Load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores."]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="data folder to use")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="nonet-bench-") as temporary:
        print("\n".join(report(chosen.data or temporary)))
