"""CSV in pieces, held against the csv module with the whole text."""

from __future__ import annotations

import asyncio
import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.orchestration.language.errors import StateError
from services.orchestration.map_items import csv_rows as module
from services.orchestration.map_items.csv_rows import csv_rows
from tests.unit.services.orchestration.map_items.pieces import collect, in_pieces, lengths

fields = st.text(st.sampled_from('ab,;"\n\r \té\u2028\x0b\\|'), max_size=6)
tables = st.lists(st.lists(fields, min_size=1, max_size=4), max_size=6)


def rows_of(text: str, sizes: list[int], delimiter: str = ",") -> list[list[str]]:
    return asyncio.run(collect(csv_rows(in_pieces(text, sizes), delimiter)))


@given(tables, lengths, st.sampled_from(",;|\t"), st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_the_csv_module_writes_is_read(table: list[list[str]], sizes: list[int], delimiter: str, end: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, escapechar="\\", quoting=csv.QUOTE_ALL)
    writer.writerows([[field.replace("\\", "\\\\") for field in row] for row in table])
    # The writer doubles what it escapes itself, so the backslashes were not doubled above for nothing.
    text = out.getvalue().replace("\\\\\\\\", "\\\\")
    assert rows_of(text, sizes, delimiter) == table


@given(st.text(st.sampled_from('ab,"\n\r\\ü'), max_size=40), lengths)
def test_pieces_do_not_matter(text: str, sizes: list[int]) -> None:
    def outcome(parts: list[int]) -> list[list[str]] | str:
        try:
            return rows_of(text, parts)
        except StateError as error:
            return error.error

    assert outcome(sizes) == outcome([max(len(text), 1)])


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('a,"b ""c""\n d",e\n', [["a", 'b "c"\n d', "e"]]),
        ('a\\,b,c\\\\d,e\\f,\\"g\n', [["a,b", "c\\d", "ef", '"g']]),
        ("a\n\n\nb", [["a"], ["b"]]),
        ("a,\n", [["a", ""]]),
        ("", []),
        ('5" disk,x\n', [['5" disk', "x"]]),
        ("a\u2028b\x0bc\n", [["a\u2028b\x0bc"]]),
    ],
)
def test_rules(text: str, rows: list[list[str]]) -> None:
    assert rows_of(text, [3]) == rows


@pytest.mark.parametrize("text", ['"' + "x" * 300, "x" * 300], ids=["a quote without an end", "a line without an end"])
def test_rows_without_an_end_are_not_gathered(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROW_CHARACTERS", 200)
    with pytest.raises(StateError, match="characters"):
        rows_of(text, [50])


def test_many_short_lines_inside_one_quote(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ROW_CHARACTERS", 200)
    with pytest.raises(StateError, match="characters"):
        rows_of('"' + "x\n" * 200, [50])


def test_a_field_that_is_too_long() -> None:
    with pytest.raises(StateError, match="CSV"):
        rows_of("x" * (csv.field_size_limit() + 1) + "\n", [10_000])
