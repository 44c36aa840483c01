"""What can be found on a sheet besides its text, on demand."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass

from services.documents.forms import KeyValue, find_key_values
from services.documents.layout import Region, find_layout
from services.documents.marks import Mark, find_marks
from services.documents.queries import Answer, answer
from services.documents.sheets import Sheet
from services.documents.tables import Table, find_tables
from shared import errors


class Feature(enum.StrEnum):
    """The analyses that can be asked for."""

    TABLES = "TABLES"
    FORMS = "FORMS"
    QUERIES = "QUERIES"
    LAYOUT = "LAYOUT"


#: What a query's list of pages may hold: "3", "2-4", "2-*", "*".
PAGE_RANGE = re.compile(r"(?P<all>\*)|(?P<first>\d{1,8})(?:-(?P<last>\d{1,8}|\*))?")


@dataclass(frozen=True, slots=True)
class Question:
    """A query. ``pages``: as the caller wrote them, each of the form ``PAGE_RANGE``, or "*" alone; none = the first."""

    text: str
    alias: str | None = None
    pages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not all(PAGE_RANGE.fullmatch(item) for item in self.pages):
            raise errors.InvalidArgument('The pages of a query are of the form "3", "2-4", "2-*" or "*".')
        if "*" in self.pages and len(self.pages) > 1:
            raise errors.InvalidArgument('"*" means all pages of a query: give it alone.')
        for item in self.pages:
            first, _, last = item.partition("-")
            if first != "*" and (int(first) < 1 or (last not in ("", "*") and int(last) < int(first))):
                raise errors.InvalidArgument(f"The pages {item} of a query are none: they count from 1, upwards.")

    def concerns(self, page: int) -> bool:
        """Whether page ``page``, counted from 1, is to be asked."""
        for item in self.pages or ("1",):
            match = PAGE_RANGE.fullmatch(item)
            if match is None or match["all"]:
                return match is not None
            last = match["last"] or match["first"]
            if int(match["first"]) <= page and (last == "*" or page <= int(last)):
                return True
        return False


@dataclass(frozen=True, eq=False, slots=True)
class PageAnalysis:
    """What was found; empty where it was not asked for."""

    tables: tuple[Table, ...] = ()
    key_values: tuple[KeyValue, ...] = ()
    marks: tuple[Mark, ...] = ()
    regions: tuple[Region, ...] = ()
    answers: tuple[tuple[Question, Answer | None], ...] = ()


def analyze(sheet: Sheet, features: frozenset[Feature], questions: Sequence[Question] = ()) -> PageAnalysis:
    """Find what ``features`` ask for."""
    if not features:
        return PageAnalysis()
    # Keys and regions are told from tables, so tables are looked for in any case.
    tables = find_tables(sheet)
    marks = find_marks(sheet) if features & {Feature.FORMS, Feature.TABLES, Feature.QUERIES} else []
    pairs = find_key_values(sheet, tables, marks) if features != {Feature.TABLES} else []
    asked = [question for question in questions if question.concerns(sheet.number)]
    return PageAnalysis(
        tables=tuple(tables) if Feature.TABLES in features else (),
        key_values=tuple(pairs) if Feature.FORMS in features else (),
        marks=tuple(marks) if features & {Feature.FORMS, Feature.TABLES} else (),
        regions=tuple(find_layout(sheet, tables, pairs)) if Feature.LAYOUT in features else (),
        answers=tuple((question, answer(question.text, sheet, pairs, tables)) for question in asked)
        if Feature.QUERIES in features
        else (),
    )
