"""Predictors of algorithms whose engines are environments of their own, through boto3.

They run where NONET_TEST_ENGINES has the environments: installing torch takes too long to be done in every run. That
they are refused without is test_predictors.py's matter.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.process import Addresses
from shared.models.catalog import Catalog
from shared.models.store import ModelStore
from tests.contract.answers import Recorder
from tests.contract.forecasting.conftest import (
    ForecastRecorder,
    do_import,
    ended,
    make_dataset,
    make_group,
    unique,
    weekly,
)
from tests.engines import KEPT, link_engine
from tests.running import client, nonet

pytestmark = pytest.mark.slow

#: Networks train for minutes, and for far longer where others use the processors.
TRAINING_SECONDS = 1800
ENVIRONMENTS = ("forecasting", "forecasting-prophet", "forecasting-gluonts")


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    known = Catalog.load().environments
    if not KEPT or not all(ModelStore(Path(KEPT)).environment_installed(known[name]) for name in ENVIRONMENTS):
        pytest.skip("NONET_TEST_ENGINES has not all environments of the algorithms")
    data = tmp_path_factory.mktemp("algorithms")
    for name in ENVIRONMENTS:
        link_engine(data, name)
    with nonet(data, services="forecasting") as found:
        yield found


@pytest.fixture(scope="module")
def their_forecast(addresses: Addresses) -> Recorder:
    return ForecastRecorder(client("forecast", addresses))


@pytest.fixture(scope="module")
def their_group(addresses: Addresses, their_forecast: Recorder) -> str:
    s3 = client("s3", addresses, config={"s3": {"addressing_style": "path"}})
    bucket = f"forecast-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="weekly.csv", Body=weekly(items=3, days=84))
    dataset = make_dataset(their_forecast)
    assert do_import(their_forecast, dataset, f"s3://{bucket}/weekly.csv")["Status"] == "ACTIVE"
    return make_group(their_forecast, dataset)


@pytest.mark.parametrize("algorithm", ["Prophet", "NPTS", "Deep_AR_Plus", "CNN-QR"])
def test_an_algorithm_of_another_engine(
    addresses: Addresses, their_forecast: Recorder, their_group: str, algorithm: str
) -> None:
    arn = f"arn:aws:forecast:::algorithm/{algorithm}"
    predictor = their_forecast.ask(
        "create_predictor", PredictorName=unique(), AlgorithmArn=arn, ForecastHorizon=7,
        InputDataConfig={"DatasetGroupArn": their_group}, FeaturizationConfig={"ForecastFrequency": "D"},
        ForecastTypes=["0.1", "0.5", "0.9", "mean"],
    )["PredictorArn"]  # fmt: skip
    described = ended(lambda: their_forecast.ask("describe_predictor", PredictorArn=predictor), TRAINING_SECONDS)
    assert described["Status"] == "ACTIVE" and described["AlgorithmArn"] == arn, described
    result = their_forecast.ask("get_accuracy_metrics", PredictorArn=predictor)["PredictorEvaluationResults"][0]
    assert result["AlgorithmArn"] == arn
    # Values lie around 110 and swing by 30: an error of a tenth is more than any of them makes that learned something.
    assert result["TestWindows"][-1]["Metrics"]["ErrorMetrics"][0]["WAPE"] < 0.25
    made = their_forecast.ask("create_forecast", ForecastName=unique(), PredictorArn=predictor)["ForecastArn"]
    finished = ended(lambda: their_forecast.ask("describe_forecast", ForecastArn=made), TRAINING_SECONDS)
    assert finished["Status"] == "ACTIVE", finished
    query = ForecastRecorder(client("forecastquery", addresses))
    for item in ("item0", "item2"):
        found = query.ask("query_forecast", ForecastArn=made, Filters={"item_id": item})["Forecast"]["Predictions"]
        assert set(found) == {"p10", "p50", "p90", "mean"}
        assert all(len(points) == 7 for points in found.values())
        lows, highs = ([point["Value"] for point in found[name]] for name in ("p10", "p90"))
        assert all(low < high for low, high in zip(lows, highs, strict=True))
