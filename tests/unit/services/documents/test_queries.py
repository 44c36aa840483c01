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


def invoice(question: str) -> str:
    drawing = Drawing().text(50, 50, "INVOICE", size=2).text(50, 150, "Invoice No. 4711").text(600, 150, "Date: 5 May 2024")
    drawing.text(50, 200, "Bill To:").text(50, 240, "Email: maria@example.com").text(50, 280, "Born: 03/14/1985")
    for row, cells in enumerate(
        [
            ("Item", "Qty", "Price", "Amount"),
            ("Widget", "2", "$10.00", "$20.00"),
            ("Gadget", "1", "$35.50", "$35.50"),
            ("", "", "Subtotal", "$55.50"),
            ("", "", "Tax (10%)", "$5.55"),
            ("", "", "Total", "$61.05"),
        ]
    ):
        for x, cell in zip((60, 360, 560, 810), cells, strict=True):
            drawing.text(x, 410 + 50 * row, cell)
    drawing.grid([50, 350, 550, 800, 990], [400 + 50 * row for row in range(7)])
    sheet = drawing.sheet()
    tables = find_tables(sheet)
    found = answer(question, sheet, find_key_values(sheet, tables, []), tables)
    return found.text if found else ""


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the total?", "$61.05"),
        ("What is the tax?", "$5.55"),
        ("What is the subtotal?", "$55.50"),
        ("What is the price of the gadget?", "$35.50"),
        ("What is the invoice number?", "4711"),
        ("What is the invoice date?", "5 May 2024"),
        ("What is the email address?", "maria@example.com"),
        ("What is the date of birth?", "03/14/1985"),
        ("Who is billed?", ""),
    ],
)
def test_the_rows_of_an_invoice_are_named_by_their_first_words(question: str, expected: str) -> None:
    assert invoice(question) == expected


def test_a_label_with_a_colon_is_whole() -> None:
    sheet = Drawing().text(50, 100, "Total Due: $1,204.50").text(50, 150, "Amount Paid: $200.00").sheet()
    found = answer("What is the amount?", sheet, [], [])
    assert found is None or not found.text.startswith("Paid")
