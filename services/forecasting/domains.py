"""Amazon Forecast's dataset domains: which attributes a schema must have, and what kind they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.forecasting.tasks import Column
from shared import errors

TARGET, RELATED, METADATA = "TARGET_TIME_SERIES", "RELATED_TIME_SERIES", "ITEM_METADATA"
TIMESTAMP: Final = "timestamp"


@dataclass(frozen=True, slots=True)
class Domain:
    """The item's attribute, the target's, and what the metadata needs beside the item."""

    item: str
    target: str
    metadata: tuple[str, ...] = ()


#: As "Predefined Dataset Domains and Dataset Types" of the developer guide has them.
DOMAINS: Final[Mapping[str, Domain]] = {
    "RETAIL": Domain("item_id", "demand"),
    "CUSTOM": Domain("item_id", "target_value"),
    "INVENTORY_PLANNING": Domain("item_id", "demand"),
    "EC2_CAPACITY": Domain("instance_type", "number_of_instances"),
    "WORK_FORCE": Domain("workforce_type", "workforce_demand"),
    "WEB_TRAFFIC": Domain("item_id", "value"),
    "METRICS": Domain("metric_name", "metric_value"),
}
_NUMBERS = frozenset({"integer", "float"})
_MOST_RELATED = 13
_MOST_METADATA = 10
#: Attributes beyond the required ones that a dataset of dimensions may have.
_MOST_DIMENSIONS = 10


def check_schema(domain_name: str, dataset_type: str, attributes: Sequence[tuple[str, str]]) -> None:
    """``attributes``: (name, type) in the columns' order.

    Raises ``InvalidArgument`` for a schema that the domain does not allow.
    """
    domain = DOMAINS[domain_name]
    kinds = dict(attributes)
    if any(not name or not kind for name, kind in attributes):
        raise errors.InvalidArgument("Each attribute of the schema has an AttributeName and an AttributeType.")
    if len(kinds) != len(attributes):
        raise errors.InvalidArgument("An attribute of the schema is there twice.")
    required = {domain.item: frozenset({"string"})}
    if dataset_type != METADATA:
        required[TIMESTAMP] = frozenset({"timestamp"})
    if dataset_type == TARGET:
        required[domain.target] = _NUMBERS
    for name, allowed in required.items():
        if kinds.get(name) not in allowed:
            raise errors.InvalidArgument(
                f"A {dataset_type} dataset of the {domain_name} domain needs the attribute {name} of type "
                f"{' or '.join(sorted(allowed))}."
            )
    extra = [(name, kind) for name, kind in attributes if name not in required]
    if any(kind == "timestamp" for _, kind in extra):
        raise errors.InvalidArgument(f"The only timestamp of a schema is the attribute {TIMESTAMP}.")
    if any(kind == "geolocation" for _, kind in extra):
        raise errors.Unimplemented("This version takes no geolocation attributes: they serve the weather index only.")
    if dataset_type == TARGET:
        if any(kind != "string" for _, kind in extra):
            raise errors.InvalidArgument("Dimensions of a target time series are of type string.")
        if len(extra) > _MOST_DIMENSIONS:
            raise errors.InvalidArgument(f"A target time series has at most {_MOST_DIMENSIONS} dimensions.")
    elif dataset_type == RELATED:
        if domain.target in kinds:
            raise errors.InvalidArgument(f"A related time series has no {domain.target}: that is the target's.")
        if not extra:
            raise errors.InvalidArgument("A related time series has at least one attribute beside item and timestamp.")
        if len(extra) > _MOST_RELATED:
            raise errors.InvalidArgument(f"A related time series has at most {_MOST_RELATED} such attributes.")
    else:
        if any(kind != "string" for _, kind in extra):
            raise errors.InvalidArgument("Attributes of item metadata are of type string.")
        if not 1 <= len(extra) <= _MOST_METADATA:
            raise errors.InvalidArgument(f"Item metadata has 1 to {_MOST_METADATA} attributes beside the item.")


def columns(domain_name: str, dataset_type: str, attributes: Sequence[tuple[str, str]]) -> tuple[Column, ...]:
    """The columns of a dataset's files. Items, timestamps and dimensions must be there in each row; values may miss."""
    domain = DOMAINS[domain_name]
    optional = {domain.target} if dataset_type == TARGET else {name for name, _ in attributes}
    optional -= {domain.item, TIMESTAMP}
    return tuple(Column(name, kind, required=name not in optional) for name, kind in attributes)
