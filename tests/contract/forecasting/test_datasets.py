"""Datasets, groups and imports through boto3: what is taken, and what is refused with which words."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.answers import Recorder
from tests.contract.forecasting.conftest import ROLE, SCHEMA, do_import, make_dataset, make_group, unique, weekly

pytestmark = pytest.mark.slow

ROWS = "item_id,timestamp,target_value\n" + "".join(f"a,2024-01-{day:02d},{day}\n" for day in range(1, 29))


def schema(*attributes: str) -> dict[str, Any]:
    pairs = (attribute.split(":") for attribute in attributes)
    return {"Attributes": [{"AttributeName": name, "AttributeType": kind} for name, kind in pairs]}


def test_a_dataset_is_described_as_it_was_made(forecast: Recorder) -> None:
    name = unique()
    arn = make_dataset(forecast, DatasetName=name, Tags=[{"Key": "team", "Value": "shop"}])
    assert arn == f"arn:aws:forecast:us-east-1:000000000000:dataset/{name}"
    answer = forecast.ask("describe_dataset", DatasetArn=arn)
    assert answer["Schema"] == SCHEMA and answer["DataFrequency"] == "D" and answer["Status"] == "ACTIVE"
    assert forecast.ask("list_tags_for_resource", ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "shop"}]
    with pytest.raises(ClientError, match="ResourceAlreadyExistsException"):
        make_dataset(forecast, DatasetName=name)
    forecast.ask("delete_dataset", DatasetArn=arn)
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        forecast.ask("describe_dataset", DatasetArn=arn)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"Schema": schema("item_id:string", "timestamp:timestamp")}, "target_value"),
        ({"Schema": schema("item_id:string", "timestamp:string", "target_value:float")}, "timestamp"),
        ({"Schema": schema("item:string", "timestamp:timestamp", "target_value:float")}, "item_id"),
        ({"Domain": "RETAIL"}, "demand"),
        ({"Schema": schema("item_id:string", "timestamp:timestamp", "target_value:float", "x:float")}, "Dimensions"),
        ({"DataFrequency": "90min"}, "1min-59min"),
        ({"DatasetType": "RELATED_TIME_SERIES"}, "target"),
        ({"DatasetType": "ITEM_METADATA", "Schema": schema("item_id:string", "brand:string")}, "DataFrequency"),
    ],
)
def test_schemas_that_a_domain_does_not_allow(forecast: Recorder, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ClientError, match=f"InvalidInputException.*{words}"):
        make_dataset(forecast, **changes)


def test_groups_take_datasets_of_their_domain_one_of_a_type(forecast: Recorder) -> None:
    first, second = make_dataset(forecast), make_dataset(forecast)
    retail = make_dataset(
        forecast, Domain="RETAIL", Schema=schema("item_id:string", "timestamp:timestamp", "demand:float")
    )
    group = make_group(forecast, first)
    assert forecast.ask("describe_dataset_group", DatasetGroupArn=group)["DatasetArns"] == [first]
    for wrong in ([first, second], [retail]):
        with pytest.raises(ClientError, match="InvalidInputException"):
            forecast.ask("update_dataset_group", DatasetGroupArn=group, DatasetArns=wrong)
    forecast.client.update_dataset_group(DatasetGroupArn=group, DatasetArns=[second])
    assert forecast.ask("describe_dataset_group", DatasetGroupArn=group)["DatasetArns"] == [second]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        make_group(forecast, first + "x")


@pytest.mark.parametrize(
    "body",
    [
        ROWS.encode(),
        codecs.BOM_UTF8 + ROWS.replace("\n", "\r\n").encode(),
        ROWS.partition("\n")[2].encode(),
        ("timestamp,target_value,item_id\n" + "".join(f"2024-01-{d:02d},{d},\"a\"\n" for d in range(1, 29))).encode(),
    ],
    ids=["header", "BOM and CRLF", "no header", "other order, quotes"],
)
def test_files_that_say_the_same(forecast: Recorder, put: Callable[..., str], body: bytes) -> None:
    answer = do_import(forecast, make_dataset(forecast), put(body))
    assert answer["Status"] == "ACTIVE", answer
    assert answer.get("Message", "") == ""
    statistics = answer["FieldStatistics"]
    assert statistics["target_value"]["Count"] == 28 and statistics["target_value"]["Avg"] == pytest.approx(14.5)
    assert statistics["item_id"]["CountDistinct"] == 1
    assert statistics["timestamp"]["Min"] == "2024-01-01 00:00:00"


def test_bad_rows_are_counted_and_left_out(forecast: Recorder, put: Callable[..., str]) -> None:
    bad = "a,2024-13-01,3\na,2024-02-01,many\n,2024-02-01,3\na,2024-02-01\n"
    answer = do_import(forecast, make_dataset(forecast), put(weekly().rstrip() + b"\n" + bad.encode()))
    assert answer["Status"] == "ACTIVE"
    assert answer["FieldStatistics"]["target_value"]["CountLong"] == 480
    for words in ("480 rows were imported, 4", "1 whose target_value is no float", "1 whose timestamp is no timestamp",
                  "1 without item_id", "1 with a wrong number of columns"):  # fmt: skip
        assert words in answer["Message"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (ROWS.encode("utf-16"), "UTF-8"),
        ("item_id,timestamp,target_value\nMünchen,2024-01-01,1\n".encode("latin-1"), "UTF-8"),
        (b"item_id,timestamp,target_value,price\na,2024-01-01,1,2\n", "4 columns, the schema has 3"),
        (b"item_id,timestamp,price\na,2024-01-01,1\n", "header"),
        (b"a,01/02/2024,1\na,02/02/2024,2\n", "2 of 2 rows cannot be read"),
        (b"item_id,timestamp,target_value\n", "no rows"),
        (gzip.compress(ROWS.encode()), "UTF-8"),
        (b"", "no rows"),
    ],
)
def test_files_that_are_refused_leave_nothing(
    forecast: Recorder, put: Callable[..., str], body: bytes, words: str
) -> None:
    dataset = make_dataset(forecast)
    answer = do_import(forecast, dataset, put(body))
    assert answer["Status"] == "CREATE_FAILED" and words in answer["Message"], answer
    with pytest.raises(ClientError, match=r"InvalidInputException.*finished import"):
        forecast.ask(
            "create_auto_predictor", PredictorName=unique(), ForecastHorizon=3, ForecastFrequency="D",
            DataConfig={"DatasetGroupArn": make_group(forecast, dataset)},
        )  # fmt: skip


def test_a_folder_is_imported_whole(forecast: Recorder, put: Callable[..., str]) -> None:
    folder = unique("folder")
    put(ROWS.encode(), f"{folder}/one.csv")
    path = put(ROWS.replace("a,", "b,").encode(), f"{folder}/two.csv").rpartition("/")[0]
    answer = do_import(forecast, make_dataset(forecast), path)
    assert answer["Status"] == "ACTIVE" and answer["FieldStatistics"]["item_id"]["CountDistinct"] == 2


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"TimestampFormat": "dd.MM.yyyy"}, "InvalidInputException"),
        ({"TimeZone": "Europe/Berlin"}, "NotImplementedException"),
        ({"DataSource": {"S3Config": {"Path": "s3://bucket", "RoleArn": ROLE}}}, "InvalidInputException"),
        ({"DatasetArn": "arn:aws:forecast:us-east-1:000000000000:dataset/none"}, "ResourceNotFoundException"),
    ],
)
def test_imports_that_are_refused_at_once(
    forecast: Recorder, put: Callable[..., str], changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError, match=code):
        do_import(forecast, make_dataset(forecast), put(ROWS.encode()), **changes)


def test_an_import_from_nowhere_fails(forecast: Recorder) -> None:
    answer = do_import(forecast, make_dataset(forecast), "s3://no-such-bucket-here/file.csv")
    assert answer["Status"] == "CREATE_FAILED" and "no file" in answer["Message"]


def test_lists_are_paged_and_filtered(forecast: Recorder, put: Callable[..., str]) -> None:
    dataset = make_dataset(forecast)
    for _ in range(3):
        do_import(forecast, dataset, put(ROWS.encode()))
    wanted = [{"Key": "DatasetArn", "Condition": "IS", "Value": dataset}]
    first = forecast.ask("list_dataset_import_jobs", Filters=wanted, MaxResults=2)
    rest = forecast.ask("list_dataset_import_jobs", Filters=wanted, MaxResults=2, NextToken=first["NextToken"])
    assert len(first["DatasetImportJobs"]) == 2 and len(rest["DatasetImportJobs"]) == 1 and "NextToken" not in rest
    assert all(one["Status"] == "ACTIVE" for one in first["DatasetImportJobs"])
    assert dataset in [one["DatasetArn"] for one in forecast.ask("list_datasets")["Datasets"]]
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        forecast.ask("list_dataset_import_jobs", MaxResults=2, NextToken="x")
    forecast.client.delete_resource_tree(ResourceArn=dataset)
    assert forecast.ask("list_dataset_import_jobs", Filters=wanted)["DatasetImportJobs"] == []
