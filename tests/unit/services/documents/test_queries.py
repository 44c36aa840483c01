from __future__ import annotations

import pytest

from services.documents.forms import find_key_values
from services.documents.queries import Answer, answer
from services.documents.tables import find_tables
from tests.unit.services.documents.drawing import Drawing


def ask(question: str) -> Answer | None:
    drawing = Drawing().text(50, 100, "Invoice number: 4711").text(50, 150, "Due date: 01/31/2021")
    drawing.text(50, 200, "Date: 12/01/2020").text(50, 250, "Grand total:").text(400, 250, "$62.10")
    drawing.text(50, 300, "Employee name: Jane Doe")
    sheet = drawing.sheet()
    tables = find_tables(sheet)
    return answer(question, sheet, find_key_values(sheet, tables, []), tables)


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the invoice number?", "4711"),
        ("When is it due?", "01/31/2021"),
        ("What is the grand total?", "$62.10"),
        ("Who is the employee?", "Jane Doe"),
    ],
)
def test_the_value_of_the_key_that_the_question_names(question: str, expected: str) -> None:
    found = ask(question)
    assert found is not None and found.text == expected
    assert 0 < found.confidence <= 1


@pytest.mark.parametrize("question", ["What is the favourite colour?", "???", "What is the telephone number?"])
def test_no_answer_is_made_up(question: str) -> None:
    assert ask(question) is None
