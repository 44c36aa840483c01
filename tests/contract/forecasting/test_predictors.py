"""Predictors through boto3: of one algorithm, retrained, with related data, stopped, refused, deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.answers import Recorder
from tests.contract.forecasting.conftest import (
    SCHEMA,
    do_import,
    ended,
    make_dataset,
    make_group,
    unique,
    weekly,
)
from tests.running import client, nonet

pytestmark = pytest.mark.slow

ETS = "arn:aws:forecast:::algorithm/ETS"


def auto(forecast: Recorder, group: str, **changes: Any) -> str:
    request = {"PredictorName": unique(), "ForecastHorizon": 7, "ForecastFrequency": "D",
               "DataConfig": {"DatasetGroupArn": group}, **changes}  # fmt: skip
    return str(forecast.ask("create_auto_predictor", **request)["PredictorArn"])


def legacy(forecast: Recorder, group: str, **changes: Any) -> str:
    request = {"PredictorName": unique(), "AlgorithmArn": ETS, "ForecastHorizon": 7,
               "InputDataConfig": {"DatasetGroupArn": group}, "FeaturizationConfig": {"ForecastFrequency": "D"},
               **changes}  # fmt: skip
    request = {name: value for name, value in request.items() if value is not None}
    return str(forecast.ask("create_predictor", **request)["PredictorArn"])


def trained(forecast: Recorder, arn: str) -> dict[str, Any]:
    return ended(lambda: forecast.ask("describe_auto_predictor", PredictorArn=arn))


def test_one_algorithm_with_two_windows(forecast: Recorder, group: str) -> None:
    arn = legacy(forecast, group, EvaluationParameters={"NumberOfBacktestWindows": 2, "BackTestWindowOffset": 10})
    answer = ended(lambda: forecast.ask("describe_predictor", PredictorArn=arn))
    assert answer["Status"] == "ACTIVE" and answer["AlgorithmArn"] == ETS and not answer["IsAutoPredictor"]
    result = forecast.ask("get_accuracy_metrics", PredictorArn=arn)["PredictorEvaluationResults"][0]
    windows = result["TestWindows"]
    assert [window["EvaluationType"] for window in windows] == ["COMPUTED", "COMPUTED", "SUMMARY"]
    # 120 days from 1 January: the last window ends 3 days before the end, for it begins 10 before and has 7.
    starts = [datetime.utcfromtimestamp(window["TestWindowStart"]).strftime("%m-%d") for window in windows[:2]]
    assert starts == ["04-20", "04-13"]
    mean = sum(window["Metrics"]["AverageWeightedQuantileLoss"] for window in windows[:2]) / 2
    assert windows[2]["Metrics"]["AverageWeightedQuantileLoss"] == pytest.approx(mean)
    retrained = auto_of(forecast, arn)
    assert trained(forecast, retrained)["ForecastHorizon"] == 7


def auto_of(forecast: Recorder, reference: str) -> str:
    """Retrained from a reference, which says everything."""
    name = unique()
    answer = forecast.ask("create_auto_predictor", PredictorName=name, ReferencePredictorArn=reference)
    with pytest.raises(ClientError, match=r"InvalidInputException.*ForecastHorizon"):
        forecast.ask("create_auto_predictor", PredictorName=name, ReferencePredictorArn=reference, ForecastHorizon=3)
    return str(answer["PredictorArn"])


@pytest.mark.parametrize(
    ("algorithm", "environment"),
    [
        ("Prophet", "forecasting-prophet"),
        ("NPTS", "forecasting-gluonts"),
        ("Deep_AR_Plus", "forecasting-gluonts"),
        ("CNN-QR", "forecasting-gluonts"),
    ],
)
def test_algorithms_whose_engine_is_not_there(
    forecast: Recorder, group: str, algorithm: str, environment: str
) -> None:
    with pytest.raises(ClientError, match=rf"EngineNotInstalledException.*nonet engines install {environment}"):
        legacy(forecast, group, AlgorithmArn=f"arn:aws:forecast:::algorithm/{algorithm}")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"AlgorithmArn": "arn:aws:forecast:::algorithm/Oracle"}, "InvalidInputException"),
        ({"AlgorithmArn": None}, "InvalidInputException"),
        ({"PerformAutoML": True}, "InvalidInputException"),
        ({"PerformHPO": True}, "NotImplementedException"),
        ({"TrainingParameters": {"epochs": "3"}}, "NotImplementedException"),
        ({"EvaluationParameters": {"NumberOfBacktestWindows": 6}}, "InvalidInputException"),
        ({"EvaluationParameters": {"BackTestWindowOffset": 3}}, "InvalidInputException"),
        ({"ForecastHorizon": 501}, "InvalidInputException"),
        ({"FeaturizationConfig": {"ForecastFrequency": "H"}}, "InvalidInputException"),
        ({"FeaturizationConfig": {"ForecastFrequency": "D", "ForecastDimensions": ["shop"]}}, "InvalidInputException"),
    ],
)
def test_predictors_that_are_refused(forecast: Recorder, group: str, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        legacy(forecast, group, **changes)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"ExplainPredictor": True}, "NotImplementedException"),
        ({"MonitorConfig": {"MonitorName": "m"}}, "NotImplementedException"),
        ({"ForecastHorizon": 0}, "InvalidInputException"),
        ({"TimeAlignmentBoundary": {"DayOfWeek": "MONDAY"}}, "InvalidInputException"),
        ({"ForecastFrequency": "90min"}, "InvalidInputException"),
    ],
)
def test_auto_predictors_that_are_refused(forecast: Recorder, group: str, changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ClientError, match=code):
        auto(forecast, group, **changes)


def test_a_horizon_beyond_a_third_of_the_data_fails_the_training(forecast: Recorder, group: str) -> None:
    arn = auto(forecast, group, ForecastHorizon=41)
    answer = trained(forecast, arn)
    assert answer["Status"] == "CREATE_FAILED" and "at most 40" in answer["Message"]
    with pytest.raises(ClientError, match="ResourceInUseException"):
        forecast.ask("create_forecast", ForecastName=unique(), PredictorArn=arn)


def test_holidays_of_a_country_that_there_is_not_fail_the_training(forecast: Recorder, group: str) -> None:
    holidays = {"Name": "holiday", "Configuration": {"CountryCode": ["XX"]}}
    arn = auto(forecast, group, DataConfig={"DatasetGroupArn": group, "AdditionalDatasets": [holidays]})
    answer = trained(forecast, arn)
    assert answer["Status"] == "CREATE_FAILED" and "country XX" in answer["Message"]


def test_data_that_a_training_needs_cannot_be_deleted(forecast: Recorder, put: Callable[..., str]) -> None:
    dataset = make_dataset(forecast)
    do_import(forecast, dataset, put(weekly()))
    group = make_group(forecast, dataset)
    arn = auto(forecast, group)
    for operation, parameters in (
        ("delete_dataset", {"DatasetArn": dataset}),
        ("delete_dataset_group", {"DatasetGroupArn": group}),
    ):
        with pytest.raises(ClientError, match="ResourceInUseException"):
            getattr(forecast.client, operation)(**parameters)
    forecast.client.stop_resource(ResourceArn=arn)
    assert trained(forecast, arn)["Status"] == "CREATE_STOPPED"


def test_a_training_that_is_stopped_stays_stopped(forecast: Recorder, group: str) -> None:
    arn = auto(forecast, group)
    forecast.client.stop_resource(ResourceArn=arn)
    assert trained(forecast, arn)["Status"] == "CREATE_STOPPED"
    forecast.client.delete_predictor(PredictorArn=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        forecast.ask("describe_auto_predictor", PredictorArn=arn)


def test_dimensions_related_series_metadata_and_holidays(
    forecast: Recorder, forecastquery: Recorder, put: Callable[..., str]
) -> None:
    """Sales that follow a promotion which is known ahead: with the promotion as related series it is foreseen."""
    days = [datetime(2024, 1, 1) + timedelta(days=day) for day in range(200)]
    promoted = {day for number, day in enumerate(days) if number % 11 == 0 or number % 17 == 3}
    keys = [(f"item{item}", shop) for item in range(6) for shop in ("north", "south")]
    known, horizon = days[:186], days[186:]
    sales = "".join(
        f"{item},{shop},{day:%Y-%m-%d},{10 + int(item[4:]) + (40 if day in promoted else 0)}\n"
        for item, shop in keys
        for day in known
    )
    promotions = "".join(f"{item},{day:%Y-%m-%d},{int(day in promoted)}\n" for item in {key[0] for key in keys} for day in days)
    target = make_dataset(
        forecast,
        Schema={"Attributes": [SCHEMA["Attributes"][0], {"AttributeName": "shop", "AttributeType": "string"},
                               *SCHEMA["Attributes"][1:]]},
    )  # fmt: skip
    related = make_dataset(
        forecast, DatasetType="RELATED_TIME_SERIES",
        Schema={"Attributes": [*SCHEMA["Attributes"][:2], {"AttributeName": "promotion", "AttributeType": "float"}]},
    )  # fmt: skip
    brands = forecast.ask(
        "create_dataset", DatasetName=unique(), Domain="CUSTOM", DatasetType="ITEM_METADATA",
        Schema={"Attributes": [SCHEMA["Attributes"][0], {"AttributeName": "brand", "AttributeType": "string"}]},
    )["DatasetArn"]  # fmt: skip
    assert do_import(forecast, target, put(sales.encode()))["Status"] == "ACTIVE"
    assert do_import(forecast, related, put(promotions.encode()))["Status"] == "ACTIVE"
    metadata = b"item0,A\nitem1,B\nitem2,A\n"
    assert do_import(forecast, brands, put(metadata), TimestampFormat=None)["Status"] == "ACTIVE"
    arn = auto(
        forecast, make_group(forecast, target, related, brands), ForecastHorizon=14, ForecastDimensions=["shop"],
        DataConfig={
            "DatasetGroupArn": make_group(forecast, target, related, brands),
            "AttributeConfigs": [{"AttributeName": "promotion", "Transformations": {"futurefill": "zero"}}],
            "AdditionalDatasets": [{"Name": "holiday", "Configuration": {"CountryCode": ["US"]}}],
        },
    )  # fmt: skip
    answer = trained(forecast, arn)
    assert answer["Status"] == "ACTIVE", answer
    made = forecast.ask("create_forecast", ForecastName=unique(), PredictorArn=arn)["ForecastArn"]
    assert ended(lambda: forecast.ask("describe_forecast", ForecastArn=made))["Status"] == "ACTIVE"
    filters = {"item_id": "item3", "shop": "south"}
    points = forecastquery.ask("query_forecast", ForecastArn=made, Filters=filters)["Forecast"]["Predictions"]["p50"]
    by_day = {point["Timestamp"][:10]: point["Value"] for point in points}
    expected = {f"{day:%Y-%m-%d}": day in promoted for day in horizon}
    on = [by_day[day] for day, promotion in expected.items() if promotion]
    off = [by_day[day] for day, promotion in expected.items() if not promotion]
    assert on and min(on) > max(off) + 5
    with pytest.raises(ClientError, match=r"InvalidInputException.*shop"):
        forecastquery.ask("query_forecast", ForecastArn=made, Filters={"item_id": "item3"})
    group_arn = answer["DataConfig"]["DatasetGroupArn"]
    forecast.client.delete_resource_tree(ResourceArn=group_arn)
    for operation, parameter, gone in (("describe_dataset_group", "DatasetGroupArn", group_arn),
                                       ("describe_auto_predictor", "PredictorArn", arn),
                                       ("describe_forecast", "ForecastArn", made)):  # fmt: skip
        with pytest.raises(ClientError, match="ResourceNotFoundException"):
            forecast.ask(operation, **{parameter: gone})
    assert forecast.ask("describe_dataset", DatasetArn=target)["Status"] == "ACTIVE"


def test_without_the_engine_the_error_names_the_command(tmp_path: Path) -> None:
    with nonet(tmp_path, services="forecasting") as addresses:
        plain = client("forecast", addresses)
        dataset = plain.create_dataset(
            DatasetName="d", Domain="CUSTOM", DatasetType="TARGET_TIME_SERIES", DataFrequency="D", Schema=SCHEMA
        )["DatasetArn"]
        with pytest.raises(ClientError, match=r"EngineNotInstalledException.*nonet engines install forecasting"):
            plain.create_dataset_import_job(
                DatasetImportJobName="i", DatasetArn=dataset,
                DataSource={"S3Config": {"Path": "s3://a/b", "RoleArn": "arn:aws:iam::000000000000:role/x"}},
            )  # fmt: skip
