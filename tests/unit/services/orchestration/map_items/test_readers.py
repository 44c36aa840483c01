"""ItemReader over a real object store."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.orchestration.language.errors import StateError
from services.orchestration.map_items.readers import read
from shared.storage.objects import ObjectStore
from tests.unit.services.orchestration.map_items.conftest import ACCOUNT, BUCKET
from tests.unit.services.orchestration.map_items.pieces import collect

GET = "arn:aws:states:::s3:getObject"
LIST = "arn:aws:states:::s3:listObjectsV2"


def reader(config: dict[str, Any] | None = None, key: str = "data", field: str = "Parameters") -> dict[str, Any]:
    return {"Resource": GET, "ReaderConfig": config or {}, field: {"Bucket": BUCKET, "Key": key}}


async def items_of(objects: ObjectStore, data: str | bytes, config: dict[str, Any], **options: Any) -> list[Any]:
    await objects.put(ACCOUNT, BUCKET, "data", data.encode() if isinstance(data, str) else data)
    return await collect(read(reader(config), objects, ACCOUNT, **options))


CSV = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}


async def test_csv(objects: ObjectStore) -> None:
    text = 'id,name\n1,"Smith, J."\n2\n3,Ann,more\n'
    expected = [{"id": "1", "name": "Smith, J."}, {"id": "2", "name": ""}, {"id": "3", "name": "Ann"}]
    assert await items_of(objects, text, CSV) == expected
    assert await items_of(objects, gzip.compress(text.encode()), CSV) == expected
    assert await items_of(objects, "\ufeff" + text.replace("\n", "\r\n"), CSV) == expected
    assert await items_of(objects, "", CSV) == []
    assert await items_of(objects, "id,name\n", CSV) == []


@pytest.mark.parametrize(
    ("name", "character"), [("COMMA", ","), ("PIPE", "|"), ("SEMICOLON", ";"), ("SPACE", " "), ("TAB", "\t")]
)
async def test_given_headers_and_delimiters(objects: ObjectStore, name: str, character: str) -> None:
    config = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"], "CSVDelimiter": name}
    assert await items_of(objects, f"1{character}2\n", config) == [{"a": "1", "b": "2"}]


async def test_json(objects: ObjectStore) -> None:
    document = {"meta": {"n": 2}, "rows": [{"a": 1}, "ü"]}
    assert await items_of(objects, json.dumps(document), {"InputType": "JSON", "ItemsPointer": "/rows"}) == [
        {"a": 1},
        "ü",
    ]
    assert await items_of(objects, "[1, 2, 3]", {}) == [1, 2, 3]
    assert await items_of(objects, '{"a": 1}', {"InputType": "JSON"}) == [{"Key": "a", "Value": 1}]


async def test_json_lines(objects: ObjectStore) -> None:
    config = {"InputType": "JSONL"}
    assert await items_of(objects, '{"a": 1}\r\n\n[2]\n"\u2028"', config) == [{"a": 1}, [2], "\u2028"]
    for depth in (250, 100_000):
        with pytest.raises(StateError, match="deep"):
            await items_of(objects, "[" * depth + "]" * depth, config)
    with pytest.raises(StateError, match="line"):
        await items_of(objects, '{"a": 1}\n{', config)


async def test_arguments_of_jsonata(objects: ObjectStore) -> None:
    await objects.put(ACCOUNT, BUCKET, "data", b"[1]")
    assert await collect(read(reader(field="Arguments"), objects, ACCOUNT)) == [1]


async def test_max_items_and_start(objects: ObjectStore) -> None:
    text = json.dumps(list(range(10)))
    assert await items_of(objects, text, {"MaxItems": 4}) == [0, 1, 2, 3]
    assert await items_of(objects, text, {"MaxItems": 4}, start=3) == [3]
    assert await items_of(objects, text, {"MaxItems": 4}, start=4) == []
    assert await items_of(objects, text, {"MaxItems": 4}, most=0, start=8) == [8, 9]
    assert await items_of(objects, text, {}, most=2) == [0, 1]
    # What lies behind the last item that is wanted is not looked at.
    assert await items_of(objects, "[1, 2, oops", {"MaxItems": 2}) == [1, 2]


async def test_listed_objects(objects: ObjectStore) -> None:
    for number in range(1005):
        await objects.put(ACCOUNT, BUCKET, f"in/{number:04}", b"x" * (number % 3))
    await objects.put(ACCOUNT, BUCKET, "out/1", b"")
    place = {"Resource": LIST, "Parameters": {"Bucket": BUCKET, "Prefix": "in/"}}
    items = await collect(read(place, objects, ACCOUNT))
    assert [item["Key"] for item in items] == [f"in/{number:04}" for number in range(1005)]
    assert set(items[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}
    assert items[2]["Size"] == 2
    assert items[0]["Etag"] == '"d41d8cd98f00b204e9800998ecf8427e"'
    assert await collect(read(place, objects, ACCOUNT, start=1004)) == items[1004:]


async def test_contents_of_listed_objects(objects: ObjectStore) -> None:
    for name, data in (("a", b"[1, 2]"), ("b", b""), ("c", b"[3]")):
        await objects.put(ACCOUNT, BUCKET, f"in/{name}", data)
    place = {
        "Resource": LIST,
        "ReaderConfig": {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN"},
        "Parameters": {"Bucket": BUCKET, "Prefix": "in/"},
    }
    assert await collect(read(place, objects, ACCOUNT)) == [1, 2, 3]


async def test_an_inventory(objects: ObjectStore) -> None:
    rows = '"photos","a%20b.jpg","7"\n"photos","c.jpg","8"\n'
    await objects.put(ACCOUNT, BUCKET, "files/1.csv.gz", gzip.compress(rows.encode()))
    manifest = {
        "destinationBucket": f"arn:aws:s3:::{BUCKET}",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "files/1.csv.gz", "size": 1, "MD5checksum": ""}],
    }
    assert await items_of(objects, json.dumps(manifest), {"InputType": "MANIFEST"}) == [
        {"Bucket": "photos", "Key": "a b.jpg", "Size": "7"},
        {"Bucket": "photos", "Key": "c.jpg", "Size": "8"},
    ]
    for wrong in ("[]", "{}", json.dumps({**manifest, "fileFormat": "ORC"}), "nonsense"):
        with pytest.raises(StateError):
            await items_of(objects, wrong, {"InputType": "MANIFEST"})


@pytest.mark.parametrize(
    "place",
    [
        reader(key="nothing"),
        {**reader(), "Parameters": {"Bucket": "nowhere", "Key": "x"}},
        {**reader(), "Parameters": {"Key": "x"}},
        {**reader(), "Parameters": {"Bucket": BUCKET}},
        {"Resource": LIST, "Parameters": {"Bucket": "nowhere"}},
        {"Resource": "arn:aws:states:::s3:headObject", "Parameters": {"Bucket": BUCKET, "Key": "x"}},
        reader({"InputType": "XML"}),
        reader({**CSV, "CSVDelimiter": "HASH"}),
        reader({"InputType": "CSV", "CSVHeaderLocation": "GIVEN"}),
        reader({"InputType": "CSV", "CSVHeaderLocation": "LAST_ROW"}),
    ],
)
async def test_what_cannot_be_read(objects: ObjectStore, place: dict[str, Any]) -> None:
    with pytest.raises(StateError) as caught:
        await collect(read(place, objects, ACCOUNT))
    assert caught.value.error == "States.ItemReaderFailed"


async def test_parquet_without_pyarrow(objects: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(StateError, match="pyarrow"):
        await items_of(objects, b"PAR1", {"InputType": "PARQUET"})


async def test_parquet(objects: ObjectStore) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    out = io.BytesIO()
    parquet.write_table(pyarrow.table({"a": [1, 2], "b": ["x", None]}), out)
    assert await items_of(objects, out.getvalue(), {"InputType": "PARQUET"}) == [
        {"a": 1, "b": "x"},
        {"a": 2, "b": None},
    ]
    with pytest.raises(StateError, match="Parquet"):
        await items_of(objects, b"PAR1 nonsense PAR1", {"InputType": "PARQUET"})


async def _rows(count: int) -> AsyncIterator[bytes]:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["id", "text"])
    for number in range(count):
        writer.writerow([number, "lorem ipsum, " * 15])
        if out.tell() > 1_000_000:
            yield out.getvalue().encode()
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode()


@pytest.mark.slow
async def test_a_large_file_is_never_held_whole(objects: ObjectStore) -> None:
    rows = 300_000
    info = await objects.put(ACCOUNT, BUCKET, "data", _rows(rows))
    assert info.size > 60_000_000
    tracemalloc.start()
    count = 0
    async for _ in read(reader(CSV), objects, ACCOUNT):
        count += 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == rows
    assert peak < 32_000_000
