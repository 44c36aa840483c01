"""Queries for few rows by their keys, put into words once.

    _BY_NAME = Lookup(select(things.c.id, things.c.name).where(things.c.name == bindparam("name")))
    rows = _BY_NAME.rows(connection, name="x")     # named tuples, as the columns are called

SQLAlchemy spends ten times as long on such a query as SQLite. Rows come as the driver gives them, which for texts,
numbers and bytes is what the tables promise; a column whose type converts on the way is refused.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Select
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler

_PLAIN = (sqlalchemy.Text, sqlalchemy.BigInteger, sqlalchemy.Float, sqlalchemy.LargeBinary)


@dataclass(frozen=True, slots=True)
class _Words:
    """A query in a dialect, with the parameters that it brings along; ``asked`` for each time (``Dialect.now``)."""

    compiled: SQLCompiler
    constants: Mapping[str, Any]
    asked: Mapping[str, Callable[[], Any]]


class Lookup:
    """One query. Its parameters are ``bindparam``s."""

    def __init__(self, statement: Select[Any]) -> None:
        columns = statement.selected_columns
        if odd := [column.name for column in columns if not isinstance(column.type, _PLAIN)]:
            raise TypeError(f"columns of a lookup are texts, numbers or bytes: {odd}")
        self._statement = statement
        names = [column.name for column in columns]
        row: Any = namedtuple("LookupRow", names)  # type: ignore[misc]  # mypy wants them spelt out
        self._row: Callable[[Sequence[Any]], Any] = row._make
        self._words: dict[str, _Words] = {}

    def rows(self, connection: Connection, **values: Any) -> list[Any]:
        """The rows, as named tuples. Raises what ``connection.execute`` would."""
        words = self._words.get(connection.dialect.name) or self._compile(connection.dialect)
        compiled = words.compiled
        parameters: Any = {**words.constants, **{name: asked() for name, asked in words.asked.items()}, **values}
        if compiled.positiontup is not None:
            parameters = [parameters[name] for name in compiled.positiontup]
        cursor = connection.connection.cursor()
        driver: Any = connection.dialect.loaded_dbapi
        try:
            cursor.execute(compiled.string, parameters)
            return [self._row(row) for row in cursor.fetchall()]
        except driver.Error as error:
            raise sqlalchemy.exc.DBAPIError.instance(
                compiled.string, parameters, error, driver.Error, dialect=connection.dialect
            ) from error
        finally:
            cursor.close()

    def _compile(self, dialect: Dialect) -> _Words:
        compiled = self._statement.compile(dialect=dialect)
        assert isinstance(compiled, SQLCompiler)
        asked = {name: bind.callable for name, bind in compiled.binds.items() if bind.callable is not None}
        constants = {name: value for name, value in compiled.params.items() if value is not None and name not in asked}
        return self._words.setdefault(dialect.name, _Words(compiled, constants, asked))
