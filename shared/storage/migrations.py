"""Brings the schema of a database to the version that this code needs.

A migration is one numbered file in ``sql/``; it is applied once, in order, and never edited afterwards. ``$identity``,
``$bytes``, ``$real`` and ``$bigint`` stand for the dialect's own column types.
"""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from sqlalchemy import Connection, Engine, text

from shared import errors
from shared.storage.dialects import WRITES, Dialect

_DIRECTORY = Path(__file__).with_name("sql")
_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: statements that run in one transaction."""

    number: int
    statements: tuple[str, ...]


def load_migrations(directory: Path = _DIRECTORY) -> list[Migration]:
    """All migrations in order. Raises ValueError where a number is missing or given twice."""
    migrations = []
    for path in sorted(directory.glob("*.sql")):
        match = _FILE_NAME.fullmatch(path.name)
        if match is None:
            raise ValueError(f"{path.name} is not called like a migration (0001_what.sql)")
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("--")]
        statements = tuple(part.strip() for part in "\n".join(lines).split(";") if part.strip())
        migrations.append(Migration(int(match[1]), statements))
    if [migration.number for migration in migrations] != list(range(1, len(migrations) + 1)):
        raise ValueError("migrations are numbered 1, 2, 3, ... without gaps or repeats")
    return migrations


def migrate(engine: Engine, dialect: Dialect, migrations: Sequence[Migration] | None = None) -> int:
    """Apply what is missing and return the schema's version. Safe when several replicas start at once.

    All missing steps run in one transaction (both products have transactional DDL), so a crash leaves the old schema.
    Raises ``FailedPrecondition`` when the database was written by a newer version of Nonet.
    """
    if migrations is None:
        migrations = load_migrations()
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        dialect.lock_schema(connection)
        current = _version(connection)
        if current > len(migrations):
            raise errors.FailedPrecondition(
                f"the database has schema version {current}, this version of Nonet knows {len(migrations)}: upgrade it"
            )
        for migration in migrations[current:]:
            for statement in migration.statements:
                connection.exec_driver_sql(string.Template(statement).substitute(dialect.column_types))
            connection.execute(
                text("INSERT INTO schema_migrations (number) VALUES (:number)"), {"number": migration.number}
            )
    return len(migrations)


def _version(connection: Connection) -> int:
    if not sqlalchemy.inspect(connection).has_table("schema_migrations"):
        connection.exec_driver_sql("CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY)")
    number = connection.execute(text("SELECT max(number) FROM schema_migrations")).scalar()
    return int(number or 0)
