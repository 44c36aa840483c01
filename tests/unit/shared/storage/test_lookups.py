"""Lookups give what SQLAlchemy gives, on SQLite and PostgreSQL alike."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy
from sqlalchemy import Connection, bindparam, select

from shared import errors
from shared.storage.database import Database, secrets_table
from shared.storage.lookups import Lookup
from shared.storage.resources import resources

pytestmark = pytest.mark.asyncio

_STATEMENT = (
    select(resources.c.id, resources.c.name, resources.c.document, resources.c.created_at)
    .where(resources.c.kind == "thing", resources.c.account == bindparam("account"))
    .order_by(resources.c.id.desc())
    .limit(2)
)


def _add(connection: Connection) -> None:
    for number, name in enumerate(("one", "two", "three")):
        connection.execute(
            sqlalchemy.insert(resources).values(
                account="a", kind="thing", parent="", name=name, arn=name, status="", document=b"\x00\xff" + name.encode(),
                version=1, created_at=number + 0.25, updated_at=0.0,
            )
        )  # fmt: skip


async def test_rows_are_those_of_the_statement(database: Database) -> None:
    await database.run(_add)
    lookup = Lookup(_STATEMENT)
    for account, names in (("a", ["three", "two"]), ("b", [])):
        expected = await database.read(lambda c, a=account: c.execute(_STATEMENT, {"account": a}).all())
        found = await database.glance(lambda c, a=account: lookup.rows(c, account=a))
        assert [row.name for row in found] == names
        assert [row._asdict() for row in found] == [dict(row._mapping) for row in expected]
        assert all(type(row.document) is bytes for row in found)


async def test_a_glance_sees_what_was_committed_before_it(database: Database) -> None:
    lookup = Lookup(select(secrets_table.c.name).where(secrets_table.c.name == bindparam("name")))

    def add(connection: Connection) -> None:
        connection.execute(sqlalchemy.insert(secrets_table).values(name="new", value=b"x"))

    assert await database.glance(lambda c: lookup.rows(c, name="new")) == []
    await database.run(add)
    assert [row.name for row in await database.glance(lambda c: lookup.rows(c, name="new"))] == ["new"]


async def test_a_glance_that_fails_leaves_the_next_alone(database: Database) -> None:
    def fail(connection: Connection) -> None:
        raise KeyError("on the way")

    with pytest.raises(KeyError):
        await database.glance(fail)
    assert await database.glance(lambda c: c.execute(select(1)).scalar_one()) == 1


async def test_what_the_driver_refuses_is_told_as_elsewhere(database: Database) -> None:
    lookup = Lookup(select(sqlalchemy.column("name", sqlalchemy.Text)).select_from(sqlalchemy.table("nowhere")))
    with pytest.raises((errors.Unavailable, sqlalchemy.exc.ProgrammingError)):
        await database.glance(lambda c: lookup.rows(c))


async def test_a_parameter_that_is_not_given_is_an_error(database: Database) -> None:
    lookup = Lookup(_STATEMENT)
    with pytest.raises(Exception, match="account"):
        await database.glance(lambda c: lookup.rows(c))


async def test_columns_that_convert_are_refused() -> None:
    with pytest.raises(TypeError, match="flag"):
        Lookup(select(sqlalchemy.column("flag", sqlalchemy.Boolean)))


async def test_now_is_when_the_rows_are_asked_for(database: Database) -> None:
    """Not when the query was put into words."""
    await database.run(_add)
    lookup = Lookup(
        select(resources.c.name, database.dialect.now().label("now")).where(resources.c.name == bindparam("name"))
    )
    ((_, first),) = await database.glance(lambda c: lookup.rows(c, name="one"))
    await asyncio.sleep(0.01)
    ((_, second),) = await database.glance(lambda c: lookup.rows(c, name="one"))
    assert 0 < second - first < 60
