"""What a botocore service model says, as plain records that the writer turns into proto."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import botocore.loaders
from botocore import xform_name

from tools.contract.overlay import FieldOverlay, Overlay

SCALARS = {
    "string": "string",
    "character": "string",
    "integer": "int32",
    "long": "int64",
    "float": "float",
    "double": "double",
    "boolean": "bool",
    "blob": "bytes",
    "timestamp": "google.protobuf.Timestamp",
}
PROTOCOLS = {"json": "json", "rest-json": "rest-json", "smithy-rpc-v2-cbor": "smithy-rpc-v2-cbor"}
LOCATIONS = {
    "header": "LOCATION_HEADER",
    "headers": "LOCATION_HEADERS",
    "querystring": "LOCATION_QUERY",
    "uri": "LOCATION_PATH",
    "statusCode": "LOCATION_STATUS",
}
#: Names of operations that change nothing. A bot's RecognizeText and RecognizeUtterance go on with a conversation.
_READS = re.compile(
    "(Batch)?(Detect|Get)|Analyze|Classify|Compare|Contains|Describe|Infer|List|Query|Recognize(?!Text|Utterance)|Search"
    "|Synthesize|Translate|Validate"
)


@dataclass(frozen=True)
class ConstraintRecord:
    required: bool = False
    min: float | None = None
    max: float | None = None
    pattern: str = ""
    enumeration: str = ""
    max_bytes: int | None = None
    items: ConstraintRecord | None = None
    keys: ConstraintRecord | None = None
    too_large_error: str = ""
    not_allowed_error: str = ""

    @property
    def empty(self) -> bool:
        return self == ConstraintRecord()


@dataclass(frozen=True)
class FieldRecord:
    name: str
    wire_name: str
    type: str
    #: "optional", "repeated" or "" (maps).
    label: str
    constraint: ConstraintRecord
    location: str = ""
    location_name: str = ""
    timestamp_format: str = ""
    idempotency_token: bool = False
    omit_when_empty: bool = False
    always_present: bool = False
    empty_is_null: bool = False
    sensitive: bool = False
    comment: str = ""


@dataclass
class MessageRecord:
    name: str
    fields: list[FieldRecord] = field(default_factory=list)
    union: bool = False
    wrapper: bool = False
    comment: str = ""


@dataclass(frozen=True)
class OperationRecord:
    name: str
    request: str
    response: str
    http_method: str
    http_path: str
    http_status: int
    errors: tuple[tuple[str, int], ...]
    priority: str
    host_prefix: str
    long_poll: bool
    presigned_get: bool
    no_side_effects: bool
    streams_in: bool
    streams_out: bool
    comment: str


class ServiceModel:
    """One client's model; messages are collected while operations are read, so only reachable shapes appear."""

    def __init__(self, overlay: Overlay) -> None:
        self.overlay = overlay
        self._model: dict[str, Any] = botocore.loaders.Loader().load_service_model(overlay.client, "service-2")
        self._shapes: dict[str, Any] = self._model["shapes"]
        self._outputs = {op["output"]["shape"] for op in self._model["operations"].values() if "output" in op}
        self.messages: dict[str, MessageRecord] = {}
        self.enumerations: dict[str, list[str]] = {}

    @property
    def metadata(self) -> dict[str, Any]:
        return dict(self._model["metadata"])

    @property
    def protocols(self) -> list[str]:
        """The model's own order; AWS JSON services also answer RPC v2 CBOR, which newer models name first."""
        listed = self.metadata.get("protocols") or [self.metadata["protocol"]]
        known = [PROTOCOLS[name] for name in listed if name in PROTOCOLS]
        if "json" in known and "smithy-rpc-v2-cbor" not in known:
            known.append("smithy-rpc-v2-cbor")
        return known

    @cached_property
    def operations(self) -> list[OperationRecord]:
        return [self._operation(name, op) for name, op in sorted(self._model["operations"].items())]

    def _operation(self, name: str, op: dict[str, Any]) -> OperationRecord:
        request = self._message_of(op.get("input"), f"{name}Request")
        response = self._message_of(op.get("output"), f"{name}Response")
        errors = []
        for error in op.get("errors", []):
            shape = self._shapes[error["shape"]]
            trait = shape.get("error", {})
            status = trait.get("httpStatusCode") or (500 if shape.get("fault") else 400)
            errors.append((trait.get("code", error["shape"]), status))
        http = op.get("http", {})
        return OperationRecord(
            name=name,
            request=request,
            response=response,
            http_method=http.get("method", "POST"),
            http_path=http.get("requestUri", "/"),
            http_status=http.get("responseCode", 200),
            errors=tuple(errors),
            priority=self.overlay.priority(name),
            host_prefix=op.get("endpoint", {}).get("hostPrefix", ""),
            long_poll=name in self.overlay.long_polls,
            presigned_get=name in self.overlay.presigned_gets,
            no_side_effects=_READS.match(name) is not None and name not in self.overlay.long_polls,
            streams_in=self._has_event_stream(op.get("input")),
            streams_out=self._has_event_stream(op.get("output")),
            comment=self.overlay.operations.get(name, ""),
        )

    def _has_event_stream(self, reference: dict[str, Any] | None) -> bool:
        if reference is None:
            return False
        members = self._shapes[reference["shape"]].get("members", {})
        return any(self._shapes[member["shape"]].get("eventstream") for member in members.values())

    def _message_of(self, reference: dict[str, Any] | None, empty_name: str) -> str:
        if reference is None:
            self.messages.setdefault(empty_name, MessageRecord(empty_name))
            return empty_name
        return self._message(reference["shape"])

    def _message(self, shape_name: str) -> str:
        if shape_name in self.messages:
            return shape_name
        shape = self._shapes[shape_name]
        message = self.messages[shape_name] = MessageRecord(
            shape_name, union=bool(shape.get("union") or shape.get("eventstream"))
        )
        required = set(shape.get("required", ()))
        for member_name, member in shape.get("members", {}).items():
            message.fields.append(self._field(shape_name, shape, member_name, member, member_name in required))
        return shape_name

    def _field(
        self, owner: str, owner_shape: dict[str, Any], member_name: str, member: dict[str, Any], required: bool
    ) -> FieldRecord:
        addition = self.overlay.field(owner, member_name)
        shape = self._shapes[member["shape"]]
        label, type_name = self._type(member["shape"])
        location = LOCATIONS.get(member.get("location", ""), "")
        if owner_shape.get("payload") == member_name:
            location = "LOCATION_PAYLOAD"
        in_body = location in ("", "LOCATION_PAYLOAD")
        return FieldRecord(
            name=xform_name(member_name),
            wire_name=member.get("locationName", member_name) if in_body else member_name,
            type=type_name,
            label=label,
            constraint=self._constraint(member["shape"], required, addition),
            location=location,
            location_name="" if in_body else member.get("locationName", member_name),
            timestamp_format=member.get("timestampFormat", shape.get("timestampFormat", "")),
            idempotency_token=bool(member.get("idempotencyToken")),
            omit_when_empty=addition.omit_when_empty and owner in self._outputs,
            always_present=addition.always_present,
            empty_is_null=addition.empty_is_null,
            sensitive=bool(shape.get("sensitive")),
            comment=addition.comment,
        )

    def _type(self, shape_name: str) -> tuple[str, str]:
        """Label and proto type of a member."""
        shape = self._shapes[shape_name]
        if shape["type"] == "list":
            return "repeated", self._element_type(shape["member"]["shape"])
        if shape["type"] == "map":
            return "", f"map<string, {self._element_type(shape['value']['shape'])}>"
        return "optional", self._element_type(shape_name)

    def _element_type(self, shape_name: str) -> str:
        shape = self._shapes[shape_name]
        if shape["type"] in SCALARS:
            return SCALARS[shape["type"]]
        if shape["type"] == "structure":
            return self._message(shape_name)
        name = f"{shape_name}Wrapper"
        if name not in self.messages:
            message = self.messages[name] = MessageRecord(name, wrapper=True)
            label, type_name = self._type(shape_name)
            message.fields.append(
                FieldRecord("values", "values", type_name, label, self._constraint(shape_name, False, FieldOverlay()))
            )
        return name

    def _constraint(self, shape_name: str, required: bool, addition: FieldOverlay) -> ConstraintRecord:
        shape = self._shapes[shape_name]
        items = keys = None
        if shape["type"] == "list":
            items = self._constraint(shape["member"]["shape"], False, FieldOverlay())
        elif shape["type"] == "map":
            items = self._constraint(shape["value"]["shape"], False, FieldOverlay())
            keys = self._constraint(shape["key"]["shape"], False, FieldOverlay())
        enumeration = ""
        if shape.get("enum"):
            enumeration = shape_name
            self.enumerations[shape_name] = list(shape["enum"])
        return ConstraintRecord(
            required=required,
            min=shape.get("min"),
            max=addition.max if addition.max is not None else shape.get("max"),
            pattern=shape.get("pattern", "") if not enumeration and not addition.wrong_pattern else "",
            enumeration=enumeration,
            max_bytes=addition.max_bytes,
            items=None if items is None or items.empty or shape["type"] == "structure" else items,
            keys=None if keys is None or keys.empty else keys,
            too_large_error=addition.too_large_error,
            not_allowed_error=addition.not_allowed_error,
        )
