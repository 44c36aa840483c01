"""Resources that are described by a message."""

from __future__ import annotations

from pathlib import Path

from nonet.personalization.v1 import personalization_pb2 as pb
from shared.storage.database import Database
from shared.storage.message_documents import described, document
from shared.storage.resources import ResourceKind, ResourceStore


async def test_a_message_comes_back_with_its_times_and_facts(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/nonet.db")
    try:
        data = document(pb.Campaign(name="films"), {"job": "training"})
        kind = ResourceKind("test.campaign", "test", "campaign/{name}")
        resource = await ResourceStore(database).create("000000000000", kind, "films", data, status="ACTIVE")
    finally:
        database.close()
    message, facts = described(pb.Campaign, resource)
    assert (message.name, facts) == ("films", {"job": "training"})
    assert message.creation_date_time.ToMilliseconds() == round(resource.created_at * 1000)
    assert described(pb.DatasetSchema, resource)[1] == facts
