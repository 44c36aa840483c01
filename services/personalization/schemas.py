"""Schemas: Avro records in JSON that say which columns a dataset has, of which types.

What a dataset of each type must have is what Amazon documents for custom dataset groups ("Creating schema JSON files").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from shared import errors

INTERACTIONS, ITEMS, USERS = "INTERACTIONS", "ITEMS", "USERS"
USER_ID, ITEM_ID, EVENT_TYPE = "USER_ID", "ITEM_ID", "EVENT_TYPE"
TIMESTAMP, EVENT_VALUE, CREATION_TIMESTAMP = "TIMESTAMP", "EVENT_VALUE", "CREATION_TIMESTAMP"
#: Dataset types of Amazon's next-best-action, which is not built.
_UNBUILT = {"ACTIONS", "ACTION_INTERACTIONS"}

_TYPES = {"string", "int", "long", "float", "double", "boolean"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: Columns whose type Amazon fixes.
_FIXED = {
    USER_ID: {"string"},
    ITEM_ID: {"string"},
    EVENT_TYPE: {"string"},
    TIMESTAMP: {"long"},
    CREATION_TIMESTAMP: {"long"},
    EVENT_VALUE: {"float", "double"},
    "IMPRESSION": {"string"},
    "RECOMMENDATION_ID": {"string"},
}
#: Columns that each dataset type cannot do without.
REQUIRED = {INTERACTIONS: (USER_ID, ITEM_ID, TIMESTAMP), ITEMS: (ITEM_ID,), USERS: (USER_ID,)}
#: An items or users dataset without any column beside its id says nothing.
_NEEDS_METADATA = {ITEMS, USERS}
#: Amazon's bounds on metadata columns.
MOST_METADATA = {INTERACTIONS: 10, ITEMS: 100, USERS: 25}


@dataclass(frozen=True, slots=True)
class Field:
    """A column. ``kind``: string, int, long, float, double or boolean. ``categorical``: "a|b" are two values."""

    name: str
    kind: str
    nullable: bool
    categorical: bool
    textual: bool


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns, in the schema's order, and the name of the Avro record ("Interactions")."""

    record: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field | None:
        """The column of a name, whatever its case."""
        return next((field for field in self.fields if field.name.upper() == name.upper()), None)

    def check_for(self, dataset_type: str) -> None:
        """Whether a dataset of the type can have this schema.

        Raises:
            InvalidArgument: a column is missing, or has another type than it must.
            Unimplemented: a dataset type of Amazon's that is not built here.
        """
        if dataset_type in _UNBUILT:
            raise errors.Unimplemented("Actions and next-best-action are not built: use Interactions, Items and Users.")
        if dataset_type not in REQUIRED:
            raise errors.InvalidArgument("The dataset type is Interactions, Items or Users.")
        if self.record.upper() != dataset_type:
            raise errors.InvalidArgument(f"The schema is of {self.record}, the dataset of {dataset_type.title()}.")
        required = REQUIRED[dataset_type]
        missing = [name for name in required if self.field(name) is None]
        if missing:
            raise errors.InvalidArgument(
                f"A schema for {dataset_type.title()} has the fields {', '.join(missing)} too."
            )
        optional = [field for field in self.fields if field.name.upper() in required and field.nullable]
        if optional:
            raise errors.InvalidArgument(f"{', '.join(field.name for field in optional)} cannot be null.")
        metadata = [field for field in self.fields if field.name.upper() not in _FIXED]
        if dataset_type in _NEEDS_METADATA and len(self.fields) == len(required):
            raise errors.InvalidArgument(
                f"A schema for {dataset_type.title()} has a metadata field beside {required[0]}."
            )
        if len(metadata) > MOST_METADATA[dataset_type]:
            raise errors.InvalidArgument(
                f"{dataset_type.title()} have {MOST_METADATA[dataset_type]} metadata fields at most."
            )


def parse_schema(text: str) -> Schema:
    """Read an Avro schema in JSON.

    Raises:
        InvalidArgument: it is not JSON, not an Avro record, or has names or types that Personalize does not take.
    """
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise errors.InvalidArgument("The schema is not valid JSON.") from None
    if not isinstance(document, dict) or document.get("type") != "record":
        raise errors.InvalidArgument('The schema is an Avro record: {"type": "record", "name": ..., "fields": [...]}.')
    name, rows = document.get("name"), document.get("fields")
    if not isinstance(name, str) or name.upper() not in REQUIRED.keys() | _UNBUILT:
        raise errors.InvalidArgument("The record's name is Interactions, Items or Users.")
    if not isinstance(rows, list) or not rows:
        raise errors.InvalidArgument("The schema has no fields.")
    fields = tuple(_field(row) for row in rows)
    names = [field.name.upper() for field in fields]
    doubled = {name for name in names if names.count(name) > 1}
    if doubled:
        raise errors.InvalidArgument(f"The schema has a field twice: {', '.join(sorted(doubled))}.")
    return Schema(name, fields)


def _field(row: Any) -> Field:
    if not isinstance(row, dict) or not isinstance(row.get("name"), str) or not _NAME.fullmatch(row["name"]):
        raise errors.InvalidArgument("A field has a name of letters, digits and underscores, and a type.")
    name = row["name"]
    given = row.get("type")
    kinds = given if isinstance(given, list) else [given]
    if not kinds or not all(isinstance(kind, str) for kind in kinds):
        raise errors.InvalidArgument(f"The type of {name} is a name, or a list of a name and null.")
    plain = [kind for kind in kinds if kind != "null"]
    if len(plain) != 1 or plain[0] not in _TYPES or len(kinds) > 2:
        raise errors.InvalidArgument(
            f"The type of {name} is one of {', '.join(sorted(_TYPES))}, or a list of one of them and null."
        )
    (kind,) = plain
    if kind not in _FIXED.get(name.upper(), _TYPES):
        raise errors.InvalidArgument(f"{name.upper()} has the type {' or '.join(sorted(_FIXED[name.upper()]))}.")
    categorical, textual = (row.get(flag, False) for flag in ("categorical", "textual"))
    if not isinstance(categorical, bool) or not isinstance(textual, bool):
        raise errors.InvalidArgument(f"categorical and textual of {name} are true or false.")
    if (categorical or textual) and kind != "string":
        raise errors.InvalidArgument(f"{name} is categorical or textual, and so a string.")
    if name.upper() not in _FIXED and kind == "string" and not (categorical or textual):
        raise errors.InvalidArgument(f"{name} is a string: say whether it is categorical or textual.")
    return Field(name, kind, "null" in kinds, categorical, textual)
