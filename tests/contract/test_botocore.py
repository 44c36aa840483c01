"""The proto contract against the installed botocore: every client, operation, member, type and constraint."""

from __future__ import annotations

import pytest
from botocore import xform_name
from botocore.model import Shape
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from shared.contract import options
from shared.contract.apis import all_apis, api_for_client, enumeration
from tests.wire import service_model

CLIENTS = (
    "rekognition", "comprehend", "comprehendmedical", "translate", "transcribe", "polly", "textract", "forecast",
    "forecastquery", "personalize", "personalize-runtime", "personalize-events", "lexv2-models", "lexv2-runtime",
    "stepfunctions",
)  # fmt: skip
KINDS = {
    "string": FieldDescriptor.TYPE_STRING, "integer": FieldDescriptor.TYPE_INT32, "long": FieldDescriptor.TYPE_INT64,
    "float": FieldDescriptor.TYPE_FLOAT, "double": FieldDescriptor.TYPE_DOUBLE, "boolean": FieldDescriptor.TYPE_BOOL,
    "blob": FieldDescriptor.TYPE_BYTES, "timestamp": FieldDescriptor.TYPE_MESSAGE,
    "structure": FieldDescriptor.TYPE_MESSAGE,
}  # fmt: skip


def test_every_client_is_there() -> None:
    # Live transcription is an API of AWS's that botocore has no model of.
    apis = [api for api in all_apis().values() if api.client != "transcribe-streaming"]
    assert {api.client for api in apis} == set(CLIENTS)
    assert sum(len(api.operations) for api in apis) == 577


@pytest.mark.parametrize("client", CLIENTS)
def test_operations_and_members(client: str) -> None:
    api, model = api_for_client(client), service_model(client)
    assert set(api.operations) == set(model.operation_names)
    seen: set[str] = set()
    for name, operation in api.operations.items():
        theirs = model.operation_model(name)
        assert operation.method_name == xform_name(name)
        assert (operation.http_method, operation.http_path) == (theirs.http["method"], theirs.http["requestUri"])
        codes = {shape.error_code for shape in theirs.error_shapes}
        assert set(operation.documented_errors) == codes
        for shape, message in (
            (theirs.input_shape, operation.request_class),
            (theirs.output_shape, operation.response_class),
        ):
            if shape is None:
                assert not message.DESCRIPTOR.fields
            else:
                compare(shape, message.DESCRIPTOR, seen)


def compare(shape: Shape, message: Descriptor, seen: set[str]) -> None:
    if message.full_name in seen:
        return
    seen.add(message.full_name)
    fields = {field.name: field for field in message.fields}
    assert set(fields) == {xform_name(name) for name in shape.members}
    for name, member in shape.members.items():
        field = fields[xform_name(name)]
        where = f"{message.full_name}.{name}"
        bound = member.serialization.get("location") is not None
        assert field.json_name == (name if bound else member.serialization.get("name", name)), where
        constraint = options.constraint(field)
        assert constraint.required == (name in shape.required_members), where
        if "min" in member.metadata:
            assert constraint.min == member.metadata["min"], where
        if member.metadata.get("enum"):
            assert enumeration(message.file, constraint.enumeration) == set(member.metadata["enum"]), where
        compare_type(member, field, where, seen)


def compare_type(shape: Shape, field: FieldDescriptor, where: str, seen: set[str]) -> None:
    if shape.type_name == "list":
        assert field.is_repeated and not options.is_map(field), where
        compare_element(shape.member, field, where, seen)
    elif shape.type_name == "map":
        assert options.is_map(field), where
        compare_element(shape.value, options.map_value(field), where, seen)
    else:
        assert not field.is_repeated and field.has_presence, where
        compare_element(shape, field, where, seen)


def compare_element(shape: Shape, field: FieldDescriptor, where: str, seen: set[str]) -> None:
    if shape.type_name in ("list", "map"):
        wrapper = options.message_of(field)
        assert options.is_wrapper(wrapper), where
        compare_type(shape, wrapper.fields[0], where, seen)
        return
    assert field.type == KINDS[shape.type_name], where
    if shape.type_name == "structure":
        compare(shape, options.message_of(field), seen)
    elif shape.type_name == "timestamp":
        assert options.is_timestamp(field), where
