from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.personalization.filters.expression import (
    Both,
    Comparison,
    Dataset,
    Either,
    Operator,
    Placeholder,
    Reference,
)
from services.personalization.filters.parser import MOST_COMPARISONS, parse, parse_values
from shared import errors


def test_the_parts_of_a_statement() -> None:
    text = (
        'exclude ItemId where Interactions.event_type in ("*") if CurrentUser.Age >= 18 and CurrentUser.TOWN = "Bonn"'
    )
    (statement,) = parse(text).statements
    assert not statement.includes
    assert statement.condition == Comparison(Dataset.INTERACTIONS, "EVENT_TYPE", Operator.IN, ("*",))
    assert statement.guards == (
        Comparison(Dataset.CURRENT_USER, "AGE", Operator.AT_LEAST, (18.0,)),
        Comparison(Dataset.CURRENT_USER, "TOWN", Operator.EQUAL, ("Bonn",)),
    )


def test_and_binds_more_tightly_than_or() -> None:
    (statement,) = parse("INCLUDE ItemID WHERE Items.A = 1 OR Items.B = 2 AND Items.C = 3").statements
    assert isinstance(statement.condition, Either)
    assert isinstance(statement.condition.right, Both)


def test_placeholders_and_references() -> None:
    expression = parse(
        "INCLUDE ItemID WHERE Items.A IN ($X, $y_2) AND Items.B = CurrentItem.B | EXCLUDE ItemID WHERE Items.C != $X"
    )
    assert expression.placeholders() == {"X", "y_2"}
    values = [comparison.values for comparison in expression.comparisons()]
    assert values == [
        (Placeholder("X"), Placeholder("y_2")),
        (Reference(Dataset.CURRENT_ITEM, "B"),),
        (Placeholder("X"),),
    ]


@pytest.mark.parametrize("subject", ["UserID", "ActionID"])
def test_subjects_that_are_not_built(subject: str) -> None:
    with pytest.raises(errors.Unimplemented, match="not built"):
        parse(f'INCLUDE {subject} WHERE Items.A IN ("a")')


def test_where_it_is_wrong_is_said() -> None:
    with pytest.raises(errors.InvalidArgument, match="WHERE is expected at character 16"):
        parse("INCLUDE ItemID Items.A = 1")
    with pytest.raises(errors.InvalidArgument, match="at its end"):
        parse("INCLUDE ItemID WHERE Items.A =")


def test_bounds() -> None:
    chain = " AND ".join(["Items.A = 1"] * MOST_COMPARISONS)
    assert len(list(parse(f"INCLUDE ItemID WHERE {chain}").comparisons())) == MOST_COMPARISONS
    with pytest.raises(errors.InvalidArgument, match="conditions"):
        parse(f"INCLUDE ItemID WHERE {chain} AND Items.A = 1")
    with pytest.raises(errors.InvalidArgument, match="characters"):
        parse("INCLUDE ItemID WHERE " + "x" * 2500)


@given(st.text(alphabet='INCLUDEXWHRSTOA itemID.$|()",<>=!0159*-', max_size=80))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        parse(text)
    except (errors.InvalidArgument, errors.Unimplemented):
        return


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('"drama"', ("drama",)),
        ('"drama","comedy"', ("drama", "comedy")),
        ('"a, b" , "c"', ("a, b", "c")),
        ("drama", ("drama",)),
        ("5", (5.0,)),
        ("1,2", (1.0, 2.0)),
        ('"5"', ("5",)),
    ],
)
def test_values(text: str, values: tuple[str | float, ...]) -> None:
    assert parse_values(text) == values


def test_a_quote_that_does_not_close() -> None:
    with pytest.raises(errors.InvalidArgument, match="quotes"):
        parse_values('"drama')
