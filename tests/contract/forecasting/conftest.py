"""A Nonet with the forecasting service, and what its tests do over and over."""

from __future__ import annotations

import json
import math
import random
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.process import Addresses
from tests.contract.answers import Recorder, violations
from tests.engines import link_engine
from tests.running import client, nonet

ROLE = "arn:aws:iam::000000000000:role/forecast"
PATIENCE_SECONDS = 900
SCHEMA = {
    "Attributes": [
        {"AttributeName": "item_id", "AttributeType": "string"},
        {"AttributeName": "timestamp", "AttributeType": "timestamp"},
        {"AttributeName": "target_value", "AttributeType": "float"},
    ]
}


#: Members whose patterns or lengths in botocore's model no real answer matches: roles are IAM's, statistics have dots
#: and colons, ARNs have colons (and one counts as a name), frequencies count.
WRONG_PATTERNS = ("RoleArn", "Min", "Max", "PredictorArn", "DatasetGroupArn", "Frequency")


class ForecastRecorder(Recorder):
    """Holds answers against the contract, but for patterns that are wrong in it."""

    def ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        getattr(self.client, operation)(**parameters)
        answer: dict[str, Any] = json.loads(self._body or b"{}")
        name = self.client.meta.method_to_api_mapping[operation]
        shape = self.client.meta.service_model.operation_model(name).output_shape
        found = violations(answer, shape, name) if shape is not None else []
        problems = [one for one in found if not one.partition(":")[0].endswith(WRONG_PATTERNS)]
        assert not problems, problems[:10]
        return answer


@pytest.fixture(scope="session")
def forecasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    data = tmp_path_factory.mktemp("forecasting")
    link_engine(data, "forecasting")
    with nonet(data, services="forecasting") as addresses:
        yield addresses


@pytest.fixture(scope="session")
def forecast(forecasting: Addresses) -> Recorder:
    return ForecastRecorder(client("forecast", forecasting))


@pytest.fixture(scope="session")
def forecastquery(forecasting: Addresses) -> Recorder:
    return ForecastRecorder(client("forecastquery", forecasting))


@pytest.fixture(scope="session")
def s3(forecasting: Addresses) -> Any:
    return client("s3", forecasting, config={"s3": {"addressing_style": "path"}})


@pytest.fixture(scope="session")
def put(s3: Any) -> Callable[..., str]:
    """Puts a file into a bucket of this run and gives its S3 path."""
    bucket = f"forecast-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)

    def put(body: bytes, key: str = "") -> str:
        key = key or f"{uuid.uuid4().hex}.csv"
        s3.put_object(Bucket=bucket, Key=key, Body=body)
        return f"s3://{bucket}/{key}"

    return put


def unique(prefix: str = "n") -> str:
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


def ended(ask: Callable[[], dict[str, Any]], patience: float = PATIENCE_SECONDS) -> dict[str, Any]:
    """The answer once its Status says that nothing more will come."""
    deadline = time.monotonic() + patience
    while True:
        answer = ask()
        if not answer["Status"].startswith("CREATE_") or answer["Status"] in ("CREATE_FAILED", "CREATE_STOPPED"):
            return answer
        assert time.monotonic() < deadline, answer
        time.sleep(0.1)


def weekly(items: int = 4, days: int = 120, seed: int = 0) -> bytes:
    """Daily values with a weekly season and noise; the items differ in their level."""
    noise = random.Random(seed)
    lines = ["item_id,timestamp,target_value"]
    for item in range(items):
        for day in range(days):
            value = 100 + 10 * item + 30 * math.sin(2 * math.pi * day / 7) + noise.gauss(0, 3)
            lines.append(f"item{item},{datetime(2024, 1, 1) + timedelta(days=day):%Y-%m-%d},{value:.3f}")
    return "\n".join(lines).encode()


def make_dataset(forecast: Recorder, frequency: str = "D", **changes: Any) -> str:
    """A target dataset of the CUSTOM domain; its ARN."""
    request = {"DatasetName": unique(), "Domain": "CUSTOM", "DatasetType": "TARGET_TIME_SERIES",
               "DataFrequency": frequency, "Schema": SCHEMA, **changes}  # fmt: skip
    return str(forecast.ask("create_dataset", **request)["DatasetArn"])


def do_import(forecast: Recorder, dataset: str, path: str, **changes: Any) -> dict[str, Any]:
    """Import a path and wait; what DescribeDatasetImportJob then says."""
    request = {"DatasetImportJobName": unique(), "DatasetArn": dataset, "TimestampFormat": "yyyy-MM-dd",
               "DataSource": {"S3Config": {"Path": path, "RoleArn": ROLE}}, **changes}  # fmt: skip
    request = {name: value for name, value in request.items() if value is not None}
    arn = forecast.ask("create_dataset_import_job", **request)["DatasetImportJobArn"]
    return ended(lambda: forecast.ask("describe_dataset_import_job", DatasetImportJobArn=arn))


def make_group(forecast: Recorder, *datasets: str) -> str:
    """A group of datasets; its ARN."""
    answer = forecast.ask("create_dataset_group", DatasetGroupName=unique(), Domain="CUSTOM", DatasetArns=[*datasets])
    return str(answer["DatasetGroupArn"])


@pytest.fixture(scope="session")
def group(forecast: Recorder, put: Callable[..., str]) -> str:
    """A group with four weekly series."""
    dataset = make_dataset(forecast)
    assert do_import(forecast, dataset, put(weekly()))["Status"] == "ACTIVE"
    return make_group(forecast, dataset)


@pytest.fixture(scope="session")
def predictor(forecast: Recorder, group: str) -> str:
    """An AutoPredictor of the group, trained."""
    arn = forecast.ask(
        "create_auto_predictor", PredictorName=unique(), ForecastHorizon=14, ForecastFrequency="D",
        ForecastTypes=["0.1", "0.5", "0.9", "mean"], DataConfig={"DatasetGroupArn": group},
    )["PredictorArn"]  # fmt: skip
    answer = ended(lambda: forecast.ask("describe_auto_predictor", PredictorArn=arn))
    assert answer["Status"] == "ACTIVE", answer
    return str(arn)


@pytest.fixture(scope="session")
def made_forecast(forecast: Recorder, predictor: str) -> str:
    """A forecast of that predictor, ACTIVE."""
    arn = forecast.ask("create_forecast", ForecastName=unique(), PredictorArn=predictor)["ForecastArn"]
    answer = ended(lambda: forecast.ask("describe_forecast", ForecastArn=arn))
    assert answer["Status"] == "ACTIVE", answer
    return str(arn)
