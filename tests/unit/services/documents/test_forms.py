from __future__ import annotations

from services.documents.forms import KeyValue, find_key_values
from services.documents.marks import find_marks
from services.documents.tables import find_tables
from tests.unit.services.documents.drawing import Drawing


def pairs_of(drawing: Drawing) -> list[KeyValue]:
    sheet = drawing.sheet()
    return find_key_values(sheet, find_tables(sheet), find_marks(sheet))


def as_text(pairs: list[KeyValue]) -> dict[str, str]:
    return {pair.key_text: pair.value_text for pair in pairs}


def test_a_value_on_the_same_line() -> None:
    assert as_text(pairs_of(Drawing().text(50, 100, "Name: Ada Lovelace"))) == {"Name:": "Ada Lovelace"}


def test_two_pairs_on_one_line() -> None:
    drawing = Drawing().text(50, 100, "Name: Ada").text(300, 100, "Born: 1815")
    assert as_text(pairs_of(drawing)) == {"Name:": "Ada", "Born:": "1815"}


def test_a_value_to_the_right_and_one_below() -> None:
    drawing = Drawing().text(50, 100, "Date of birth:").text(400, 100, "10 December")
    drawing.text(50, 300, "Address:").text(50, 326, "12 St James Square").text(50, 350, "London")
    assert as_text(pairs_of(drawing)) == {"Date of birth:": "10 December", "Address:": "12 St James Square London"}


def test_an_empty_field_has_no_value() -> None:
    (pair,) = pairs_of(Drawing().text(50, 100, "Signature:").rule(250, 122, 600, 122))
    assert pair.value == () and pair.value_box is None


def test_the_cells_of_a_form_hold_label_and_value() -> None:
    xs, ys = [100, 350, 600, 850], [200, 260, 320]
    drawing = Drawing().grid(xs, ys)
    cells = {"Surname": "Lovelace", "Given Name": "Ada", "City": "London", "Street": "Square 12", "Country": "England"}
    for index, (label, value) in enumerate(cells.items()):
        x, y = xs[index % 3], ys[index // 3]
        drawing.text(x + 8, y + 6, label).text(x + 8, y + 34, value)
    found = as_text(pairs_of(drawing))
    assert {key: found.get(key) for key in cells} == cells


def test_marks_take_the_words_beside_them() -> None:
    drawing = Drawing().mark(100, 100, ticked=True).text(135, 101, "Married").mark(300, 100, ticked=False)
    drawing.text(335, 101, "Single")
    pairs = {pair.key_text: pair for pair in pairs_of(drawing)}
    assert pairs["Married"].marks[0].selected
    assert not pairs["Single"].marks[0].selected
    assert pairs["Married"].value == ()


def test_confidence_falls_with_the_reading() -> None:
    sure = pairs_of(Drawing().text(50, 100, "Name: Ada", confidence=0.99))[0]
    unsure = pairs_of(Drawing().text(50, 100, "Name: Ada", confidence=0.5))[0]
    assert 0 < unsure.confidence < sure.confidence <= 1
