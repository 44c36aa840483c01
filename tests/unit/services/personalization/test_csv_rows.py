from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.personalization.csv_rows import BadRowsError, TableReader, parse_value
from services.personalization.dataset_table import DatasetTable
from services.personalization.schemas import Field, Schema, parse_schema
from shared import errors

SCHEMA = Schema(
    "Items",
    (
        Field("ITEM_ID", "string", False, False, False),
        Field("KIND", "string", True, True, False),
        Field("COUNT", "int", True, False, False),
        Field("SOLD", "boolean", True, False, False),
    ),
)
TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=20)
ROW = st.tuples(TEXT, st.none() | TEXT, st.none() | st.integers(-(2**31), 2**31 - 1), st.none() | st.booleans())


def read(*files: bytes, stopped: bool = False) -> DatasetTable:
    reader = TableReader(SCHEMA, lambda: stopped)
    for file in files:
        reader.read(io.BytesIO(file))
    return reader.table()


@given(st.lists(ROW, min_size=1, max_size=20), st.permutations(range(4)))
def test_what_is_written_is_read(rows: list[tuple[object, ...]], order: list[int]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = [field.name for field in SCHEMA.fields]
    writer.writerow([names[place] for place in order])
    for row in rows:
        writer.writerow(["" if row[place] is None else row[place] for place in order])
    table = DatasetTable.from_bytes(read(b"\xef\xbb\xbf" + text.getvalue().encode()).to_bytes())
    assert table.rows == len(rows)
    assert table.fields == SCHEMA.fields
    for number, row in enumerate(rows):
        found = [table.columns[name].value(number) for name in names]
        assert found == [value if value is None or isinstance(value, str) else float(value) for value in row]  # type: ignore[arg-type]


def test_several_files_are_one_table_and_all_bad_rows_are_counted() -> None:
    header = b"ITEM_ID,KIND,COUNT,SOLD\n"
    with pytest.raises(BadRowsError, match="3 of 5 rows") as refused:
        read(header + b"x,y,1,true\nx,y,1\n", header + b"z,,,maybe\nw,,9999999999,\nv,,1,false\n")
    for reason in ("line 3: has 3 cells", "SOLD is neither", "COUNT is out of range"):
        assert reason in str(refused.value)


def test_a_stopped_job_stops() -> None:
    with pytest.raises(errors.Cancelled):
        read(b"ITEM_ID,KIND,COUNT,SOLD\na,,,\n", stopped=True)


@pytest.mark.parametrize(
    ("field", "value", "parsed"),
    [
        (SCHEMA.fields[1], "tea", "tea"),
        (SCHEMA.fields[1], None, None),
        (SCHEMA.fields[2], 5, 5.0),
        (SCHEMA.fields[2], "5", 5.0),
        (SCHEMA.fields[3], True, 1.0),
    ],
)
def test_values_of_properties(field: Field, value: object, parsed: object) -> None:
    assert parse_value(field, value) == parsed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (SCHEMA.fields[0], ""),
        (SCHEMA.fields[1], 5),
        (SCHEMA.fields[2], 5.5),
        (SCHEMA.fields[2], True),
        (SCHEMA.fields[2], [1]),
        (SCHEMA.fields[3], 1),
    ],
)
def test_values_that_do_not_fit(field: Field, value: object) -> None:
    with pytest.raises(ValueError, match=r"is|has"):
        parse_value(field, value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["type", "name", "fields", "x"]), inner, max_size=4)
        ),
    )
)
def test_any_json_is_a_schema_or_refused(value: object) -> None:
    import json

    try:
        parse_schema(json.dumps(value))
    except errors.InvalidArgument:
        return
