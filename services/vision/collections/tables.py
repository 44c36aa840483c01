"""The tables of face collections; ``shared/storage/sql/0005_face_collections.sql`` says what is in them."""

from __future__ import annotations

import sqlalchemy
from sqlalchemy import BigInteger, Column, Double, LargeBinary, Text

from shared.storage.database import metadata

face_collections = sqlalchemy.Table(
    "face_collections",
    metadata,
    # Never drawn from a sequence: it is the resource's.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("generation", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("face_count", BigInteger, nullable=False),
    Column("last_change", BigInteger, nullable=False),
    Column("purged_change", BigInteger, nullable=False),
)
faces = sqlalchemy.Table(
    "faces",
    metadata,
    Column("collection", BigInteger, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("face_id", Text, nullable=False),
    Column("image_id", Text, nullable=False),
    Column("external_image_id", Text),
    Column("box_left", Double, nullable=False),
    Column("box_top", Double, nullable=False),
    Column("box_right", Double, nullable=False),
    Column("box_bottom", Double, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("created_at", Double, nullable=False),
)
removed_faces = sqlalchemy.Table(
    "removed_faces",
    metadata,
    Column("collection", BigInteger, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    Column("face", BigInteger, nullable=False),
    Column("removed_at", Double, nullable=False),
)
