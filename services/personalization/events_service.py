"""The Personalization Events service: what users do, and items and users as they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from nonet.personalization_events.v1 import personalization_events_pb2 as pb
from services.personalization.csv_rows import parse_value
from services.personalization.datasets import DatasetStore
from services.personalization.events import Event, EventStore
from services.personalization.kinds import DATASET, TRACKING_ID
from services.personalization.schemas import (
    EVENT_TYPE,
    EVENT_VALUE,
    INTERACTIONS,
    ITEM_ID,
    ITEMS,
    TIMESTAMP,
    USER_ID,
    USERS,
    Field,
    Schema,
)
from services.personalization.shelf import Shelf
from shared import errors
from shared.platform import Platform
from shared.rpc.call import Call

#: Columns of an Interactions dataset that a request has members of its own for.
_MEMBERS = {USER_ID, ITEM_ID, EVENT_TYPE, TIMESTAMP}


class PersonalizationEventsService:
    """nonet.personalization_events.v1.PersonalizationEvents. Requests have been checked against the contract."""

    def __init__(self, platform: Platform) -> None:
        self._resources = platform.resources
        self._shelf = Shelf(platform.resources, platform.jobs)
        self._datasets = DatasetStore(self._shelf, platform.objects.blobs)
        self._events = EventStore(platform.database)

    async def put_events(self, request: pb.PutEventsRequest, call: Call) -> pb.PutEventsResponse:
        """Record events; they are on disk when this answers, and count in the user's next recommendations."""
        try:
            tracker = await self._resources.get(call.account, TRACKING_ID, request.tracking_id)
        except errors.NotFound:
            raise errors.InvalidArgument("There is no event tracker of that tracking id.") from None
        group = orjson.loads(tracker.document)
        dataset = (await self._datasets.of_group(call.account, group["arn"])).get(INTERACTIONS)
        if dataset is None:
            raise errors.InvalidArgument("The tracker's dataset group has no Interactions dataset.")
        schema = await self._datasets.schema(call.account, dataset)
        events = [_event(request, one, schema) for one in request.event_list]
        await self._events.add(group["id"], events)
        return pb.PutEventsResponse()

    async def put_items(self, request: pb.PutItemsRequest, call: Call) -> pb.PutItemsResponse:
        """Record items, each in place of one of that id."""
        await self._put(
            call, request.dataset_arn, ITEMS, ITEM_ID, {one.item_id: one.properties for one in request.items}
        )
        return pb.PutItemsResponse()

    async def put_users(self, request: pb.PutUsersRequest, call: Call) -> pb.PutUsersResponse:
        """Record users, each in place of one of that id."""
        await self._put(
            call, request.dataset_arn, USERS, USER_ID, {one.user_id: one.properties for one in request.users}
        )
        return pb.PutUsersResponse()

    async def _put(self, call: Call, arn: str, kind: str, key: str, rows: Mapping[str, str]) -> None:
        dataset = await self._shelf.get(call.account, DATASET, arn)
        if dataset.message.dataset_type.upper() != kind:
            raise errors.InvalidArgument(f"The dataset is of {dataset.message.dataset_type}, not of {kind.title()}.")
        schema = await self._datasets.schema(call.account, dataset)
        fields = [one for one in schema.fields if one.name.upper() != key]
        await self._events.put_records(dataset.id, {name: _values(text, fields) for name, text in rows.items()})


def _event(request: pb.PutEventsRequest, one: pb.Event, schema: Schema) -> Event:
    if one.HasField("metric_attribution"):
        raise errors.Unimplemented("Metric attributions are not built: leave metricAttribution out.")
    fields = [field for field in schema.fields if field.name.upper() not in _MEMBERS]
    values = _values(one.properties, fields, partial=True)
    value = one.event_value if one.HasField("event_value") else values.pop(EVENT_VALUE, None)
    if one.HasField("event_value") and schema.field(EVENT_VALUE) is None:
        raise errors.InvalidArgument("The Interactions schema has no EVENT_VALUE: leave eventValue out.")
    return Event(
        request.user_id,
        request.session_id,
        one.item_id,
        one.event_type,
        one.sent_at.ToMilliseconds() / 1000,
        None if value is None else float(value),
        one.event_id or None,
        one.recommendation_id or None,
        list(one.impression),
        values,
    )


def _values(text: str, fields: list[Field], partial: bool = False) -> dict[str, Any]:
    """The members of a JSON object by columns. Keys are columns in any case, or in camelCase: numAds for NUM_ADS.

    ``partial``: columns that cannot be null may be missing.

    Raises:
        InvalidArgument: it is no object, has a key that is no column, or a value of another type.
    """
    try:
        given = orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        raise errors.InvalidArgument("The properties are a JSON object.") from None
    if not isinstance(given, dict):
        raise errors.InvalidArgument("The properties are a JSON object.")
    known = {_plain(field.name): field for field in fields}
    values: dict[str, Any] = {}
    for key, value in given.items():
        field = known.get(_plain(key))
        if field is None:
            raise errors.InvalidArgument(f"The dataset's schema has no field for the property {key[:100]}.")
        try:
            values[field.name.upper()] = parse_value(field, value)
        except ValueError as reason:
            raise errors.InvalidArgument(f"The property {key[:100]} {reason}.") from None
    missing = [field.name for field in fields if field.name.upper() not in values and not field.nullable]
    if missing and not partial:
        raise errors.InvalidArgument(f"The properties lack {missing[0]}, which cannot be null.")
    return values


def _plain(name: str) -> str:
    return name.replace("_", "").upper()
