"""Taking the last layer off an ONNX network, so that only what is needed of it is computed.

The few fields of the format that this takes (onnx.proto, version 3 of the format's IR) are declared here; everything
else in a file passes through as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FLOAT = 1
_REPEATED, _OPTIONAL = 3, 1
_INT64, _STRING, _MESSAGE, _BYTES, _INT32 = 3, 9, 11, 12, 5
#: Message -> fields: name, number, label, type, type of the message.
_FORMAT: dict[str, tuple[tuple[str, int, int, int, str], ...]] = {
    "Model": (("graph", 7, _OPTIONAL, _MESSAGE, "Graph"),),
    "Graph": (
        ("node", 1, _REPEATED, _MESSAGE, "Node"),
        ("initializer", 5, _REPEATED, _MESSAGE, "Tensor"),
        ("output", 12, _REPEATED, _MESSAGE, "Value"),
    ),
    "Node": (
        ("input", 1, _REPEATED, _STRING, ""),
        ("output", 2, _REPEATED, _STRING, ""),
        ("op_type", 4, _OPTIONAL, _STRING, ""),
    ),
    "Tensor": (
        ("dims", 1, _REPEATED, _INT64, ""),
        ("data_type", 2, _OPTIONAL, _INT32, ""),
        ("name", 8, _OPTIONAL, _STRING, ""),
        ("raw_data", 9, _OPTIONAL, _BYTES, ""),
    ),
    "Value": (("name", 1, _OPTIONAL, _STRING, ""), ("type", 2, _OPTIONAL, _MESSAGE, "Type")),
    "Type": (("tensor_type", 1, _OPTIONAL, _MESSAGE, "TensorType"),),
    "TensorType": (("elem_type", 1, _OPTIONAL, _INT32, ""),),
}


@dataclass(frozen=True, slots=True)
class Head:
    """The last layer of a classifier: logits = features @ weight + bias. (features, classes) and (classes,)."""

    weight: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]


def without_head(model: bytes) -> tuple[bytes, Head]:
    """A network that ends in MatMul, Add and Softmax, made to end before these; and what it multiplied and added.

    Raises ``ValueError`` for a network that ends in another way.
    """
    message = _model_class().FromString(model)
    graph = message.graph
    makers = {output: node for node in graph.node for output in node.output}
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    softmax = _maker(makers, graph.output[0].name, "Softmax")
    add = _maker(makers, softmax.input[0], "Add")
    product = _maker(makers, add.input[0], "MatMul")
    if add.input[1] not in tensors or product.input[1] not in tensors:
        raise ValueError("the last layer's weights are not constants")
    head = Head(_array(tensors[product.input[1]]), _array(tensors[add.input[1]]))
    features = product.input[0]
    gone = {id(node) for node in (softmax, add, product)}
    kept = [node for node in graph.node if id(node) not in gone and not _follows(node, add, softmax)]
    weights = [tensor for tensor in graph.initializer if tensor.name not in (product.input[1], add.input[1])]
    _replace(graph.node, kept)
    _replace(graph.initializer, weights)
    del graph.output[:]
    output = graph.output.add(name=features)
    output.type.tensor_type.elem_type = _FLOAT
    return message.SerializeToString(), head


def _maker(makers: dict[str, Any], name: str, kind: str) -> Any:
    """The node of ``kind`` that makes ``name``, behind any that only hand it on."""
    node = makers[name]
    while node.op_type == "Identity":
        node = makers[node.input[0]]
    if node.op_type != kind:
        raise ValueError(f"the network ends in {node.op_type} where {kind} was expected")
    return node


def _follows(node: Any, add: Any, softmax: Any) -> bool:
    """Whether ``node`` only hands on what is not made any more."""
    return node.op_type == "Identity" and node.input[0] in (*add.output, *softmax.output)


def _array(tensor: Any) -> npt.NDArray[np.float32]:
    if tensor.data_type != _FLOAT or not tensor.raw_data:
        raise ValueError(f"{tensor.name} is not kept as 32-bit floats")
    return np.frombuffer(tensor.raw_data, dtype="<f4").reshape(tuple(tensor.dims)).astype(np.float32)


def _replace(repeated: Any, items: list[Any]) -> None:
    copies = [type(item).FromString(item.SerializeToString()) for item in items]
    del repeated[:]
    repeated.extend(copies)


@cache
def _model_class() -> Any:
    file = descriptor_pb2.FileDescriptorProto(name="onnx_part.proto", package="onnx_part", syntax="proto2")
    for name, fields in _FORMAT.items():
        message = file.message_type.add(name=name)
        for field, number, label, kind, target in fields:
            declared = message.field.add(name=field, number=number)
            declared.label = label  # type: ignore[assignment]
            declared.type = kind  # type: ignore[assignment]
            if target:
                declared.type_name = f".onnx_part.{target}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("onnx_part.Model"))
