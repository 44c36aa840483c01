"""Results of a map run in a bucket."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.orchestration.language.errors import StateError
from services.orchestration.map_items import writers as module
from services.orchestration.map_items.writers import ChildResult, write
from shared.storage.objects import ObjectStore
from tests.unit.services.orchestration.map_items.conftest import ACCOUNT, BUCKET

RUN = "arn:aws:states:us-east-1:000000000000:mapRun:machine/label:0c6b1d1e-7d2a"
PUT = "arn:aws:states:::s3:putObject"
GOOD = ChildResult(
    arn="arn:aws:states:us-east-1:000000000000:execution:machine/label:one",
    name="one",
    machine_arn="arn:aws:states:us-east-1:000000000000:stateMachine:machine/label",
    status="SUCCEEDED",
    input='{"n":1}',
    started_at=1700000000.25,
    stopped_at=1700000001.0,
    output='[1,{"a":"ü"}]',
)
BAD = dataclasses.replace(GOOD, name="two", status="FAILED", output=None, error="Oops", cause="because")
WAITING = dataclasses.replace(GOOD, name="three", status="RUNNING", output=None, stopped_at=None)
SINGLE = dataclasses.replace(GOOD, name="four", output='"x"')


async def each(*results: ChildResult) -> AsyncIterator[ChildResult]:
    for result in results:
        yield result


def writer(prefix: str | None = "out/", **config: Any) -> dict[str, Any]:
    place = {"Bucket": BUCKET, **({"Prefix": prefix} if prefix is not None else {})}
    return {"Resource": PUT, "Parameters": place, **({"WriterConfig": config} if config else {})}


async def read(objects: ObjectStore, key: str) -> str:
    return (await objects.read(ACCOUNT, BUCKET, key, max_bytes=10**8)).decode()


async def test_the_layout(objects: ObjectStore) -> None:
    output = await write(writer(), objects, ACCOUNT, RUN, each(GOOD, BAD, WAITING, SINGLE))
    folder = "out/0c6b1d1e-7d2a"
    assert output == {
        "MapRunArn": RUN,
        "ResultWriterDetails": {"Bucket": BUCKET, "Key": f"{folder}/manifest.json"},
    }
    manifest = json.loads(await read(objects, f"{folder}/manifest.json"))
    assert (manifest["DestinationBucket"], manifest["MapRunArn"]) == (BUCKET, RUN)
    files = {kind: [file["Key"] for file in listed] for kind, listed in manifest["ResultFiles"].items()}
    assert files == {
        "FAILED": [f"{folder}/FAILED_0.json"],
        "PENDING": [f"{folder}/PENDING_0.json"],
        "SUCCEEDED": [f"{folder}/SUCCEEDED_0.json"],
    }
    text = await read(objects, f"{folder}/SUCCEEDED_0.json")
    assert manifest["ResultFiles"]["SUCCEEDED"][0]["Size"] == len(text.encode())
    good, single = json.loads(text)
    assert good == {
        "ExecutionArn": GOOD.arn,
        "Input": GOOD.input,
        "InputDetails": {"Included": True},
        "Name": "one",
        "Output": GOOD.output,
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "StartDate": "2023-11-14T22:13:20.250Z",
        "StateMachineArn": GOOD.machine_arn,
        "Status": "SUCCEEDED",
        "StopDate": "2023-11-14T22:13:21Z",
    }
    assert single["Name"] == "four"
    (bad,) = json.loads(await read(objects, f"{folder}/FAILED_0.json"))
    assert (bad["Error"], bad["Cause"], bad["RedriveStatus"]) == ("Oops", "because", "REDRIVABLE_BY_MAP_RUN")
    assert "Output" not in bad
    (waiting,) = json.loads(await read(objects, f"{folder}/PENDING_0.json"))
    assert "StopDate" not in waiting


async def test_no_results(objects: ObjectStore) -> None:
    await write(writer(None), objects, ACCOUNT, RUN, each())
    manifest = json.loads(await read(objects, "0c6b1d1e-7d2a/manifest.json"))
    assert manifest["ResultFiles"] == {"FAILED": [], "PENDING": [], "SUCCEEDED": []}


@pytest.mark.parametrize(
    ("transformation", "values"),
    [("COMPACT", [[1, {"a": "ü"}], "x"]), ("FLATTEN", [1, {"a": "ü"}, "x"])],
)
async def test_transformations(objects: ObjectStore, transformation: str, values: list[Any]) -> None:
    await write(writer(Transformation=transformation), objects, ACCOUNT, RUN, each(GOOD, SINGLE, BAD))
    assert json.loads(await read(objects, "out/0c6b1d1e-7d2a/SUCCEEDED_0.json")) == values
    # Of a failure everything is told.
    assert json.loads(await read(objects, "out/0c6b1d1e-7d2a/FAILED_0.json"))[0]["Error"] == "Oops"
    config = {"Transformation": transformation, "OutputType": "JSONL"}
    await write(writer(**config), objects, ACCOUNT, RUN, each(GOOD, SINGLE))
    lines = (await read(objects, "out/0c6b1d1e-7d2a/SUCCEEDED_0.jsonl")).splitlines()
    assert [json.loads(line) for line in lines] == values


async def test_many_results_go_into_several_files(objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_BYTES", 50)
    results = [dataclasses.replace(GOOD, name=str(number), output=json.dumps("x" * 20)) for number in range(5)]
    await write(writer(Transformation="COMPACT"), objects, ACCOUNT, RUN, each(*results))
    manifest = json.loads(await read(objects, "out/0c6b1d1e-7d2a/manifest.json"))
    keys = [file["Key"] for file in manifest["ResultFiles"]["SUCCEEDED"]]
    assert [key.rpartition("/")[2] for key in keys] == ["SUCCEEDED_0.json", "SUCCEEDED_1.json"]
    assert [value for key in keys for value in json.loads(await read(objects, key))] == ["x" * 20] * 5


async def test_results_as_the_states_output(objects: ObjectStore) -> None:
    flat = {"WriterConfig": {"Transformation": "FLATTEN"}}
    assert await write(flat, objects, ACCOUNT, RUN, each(GOOD, SINGLE)) == [1, {"a": "ü"}, "x"]
    lines = {"WriterConfig": {"OutputType": "JSONL"}}
    assert await write(lines, objects, ACCOUNT, RUN, each(GOOD, SINGLE)) == '[1,{"a":"ü"}]\n"x"'
    with pytest.raises(StateError) as caught:
        long = dataclasses.replace(GOOD, output=json.dumps("x" * 200_000))
        await write(flat, objects, ACCOUNT, RUN, each(long, long))
    assert caught.value.error == "States.DataLimitExceeded"


@pytest.mark.parametrize(
    "wrong",
    [
        {"Resource": PUT, "Parameters": {}},
        {"Resource": PUT, "Parameters": {"Bucket": "nowhere"}},
        writer(Transformation="SHRINK"),
        writer(OutputType="CSV"),
    ],
)
async def test_what_cannot_be_written(objects: ObjectStore, wrong: dict[str, Any]) -> None:
    with pytest.raises(StateError) as caught:
        await write(wrong, objects, ACCOUNT, RUN, each(GOOD))
    assert caught.value.error == "States.ResultWriterFailed"
