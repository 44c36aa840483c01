"""The tables of executions. ``shared/storage/sql/0004_executions.sql`` creates them and says what is in them."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy import BigInteger, Column, Double, Text

from shared.storage.database import metadata

definitions = sqlalchemy.Table(
    "definitions",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("definition", Text, nullable=False),
)
executions = sqlalchemy.Table(
    "executions",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("account", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("arn", Text, nullable=False),
    Column("machine_arn", Text, nullable=False),
    Column("version_arn", Text),
    Column("alias_arn", Text),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("role_arn", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("input", Text, nullable=False),
    Column("output", Text),
    Column("error", Text),
    Column("cause", Text),
    Column("trace_header", Text),
    Column("started_at", Double, nullable=False),
    Column("stopped_at", Double),
    Column("deadline", Double),
    Column("redrive_count", BigInteger, nullable=False),
    Column("redriven_at", Double),
    Column("origin", Text),
    Column("parent", BigInteger),
    Column("parent_frame", BigInteger),
    Column("parent_attempt", BigInteger),
    Column("map_run_arn", Text),
    Column("item_index", BigInteger),
    Column("item_count", BigInteger, nullable=False),
    Column("next_event", BigInteger, nullable=False),
    Column("next_frame", BigInteger, nullable=False),
    Column("owner", Text),
    Column("epoch", BigInteger, nullable=False),
    Column("crashes", BigInteger, nullable=False),
    Column("wake_at", Double),
)
execution_frames = sqlalchemy.Table(
    "execution_frames",
    metadata,
    Column("execution", BigInteger, primary_key=True),
    Column("frame", BigInteger, primary_key=True),
    Column("content", Text, nullable=False),
    Column("map_items", Text),
)
execution_events = sqlalchemy.Table(
    "execution_events",
    metadata,
    Column("execution", BigInteger, primary_key=True),
    Column("first_id", BigInteger, primary_key=True),
    Column("last_id", BigInteger, nullable=False),
    Column("events", Text, nullable=False),
)
execution_messages = sqlalchemy.Table(
    "execution_messages",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("execution", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
)
task_tokens = sqlalchemy.Table(
    "task_tokens",
    metadata,
    Column("token", Text, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("execution", BigInteger, nullable=False),
    Column("frame", BigInteger, nullable=False),
    Column("attempt", BigInteger, nullable=False),
    Column("activity", Text),
    Column("input", Text, nullable=False),
    Column("status", Text, nullable=False),
)
map_runs = sqlalchemy.Table(
    "map_runs",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("arn", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("execution", BigInteger, nullable=False),
    Column("frame", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("stopped_at", Double),
    Column("max_concurrency", BigInteger, nullable=False),
    Column("tolerated_count", BigInteger, nullable=False),
    Column("tolerated_percentage", Double, nullable=False),
    Column("items_taken", BigInteger, nullable=False),
    Column("children", BigInteger, nullable=False),
    Column("exhausted", BigInteger, nullable=False),
    Column("writes_results", BigInteger, nullable=False),
    Column("redrive_count", BigInteger, nullable=False),
    Column("redriven_at", Double),
)
orchestrators = sqlalchemy.Table(
    "orchestrators",
    metadata,
    Column("id", Text, primary_key=True),
    Column("alive_at", Double, nullable=False),
)
