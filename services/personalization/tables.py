"""The tables of what is recorded live; ``shared/storage/sql/0006_recommendation_events.sql`` says what is in them."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy import BigInteger, Column, Double, Text

from shared.storage.database import metadata

recommendation_events = sqlalchemy.Table(
    "recommendation_events",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("dataset_group", BigInteger, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("session_id", Text, nullable=False),
    Column("item_id", Text, nullable=False),
    Column("event_type", Text, nullable=False),
    Column("event_value", Double),
    Column("event_id", Text),
    Column("sent_at", Double, nullable=False),
    Column("recommendation_id", Text),
    Column("impression", Text, nullable=False),
    Column("properties", Text, nullable=False),
)
recommendation_records = sqlalchemy.Table(
    "recommendation_records",
    metadata,
    Column("number", BigInteger, primary_key=True),
    Column("dataset", BigInteger, nullable=False),
    Column("record_id", Text, nullable=False),
    Column("properties", Text, nullable=False),
)
