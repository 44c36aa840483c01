"""PicoDet's exported graph, tidied so that ONNX Runtime can optimise it.

The export lists its weights among the inputs, where a runtime has to expect them to change, and spells hard-swish,
``x * clip(x + 3, 0, 6) / 6`` (Howard et al., arXiv 1905.02244), out in four steps.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
from onnx import helper


def tidied(path: Path) -> bytes:
    """The serialized model with weights that are constants and hard-swish in two steps; it computes the same."""
    model = onnx.load(str(path))
    graph = model.graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    numbers = {tensor.name: _number(tensor) for tensor in graph.initializer}
    nodes = _with_hard_swish(list(graph.node), numbers)
    del graph.input[:], graph.node[:]
    graph.input.extend(inputs)
    graph.node.extend(nodes)
    return bytes(model.SerializeToString())


def _with_hard_swish(nodes: list[Any], numbers: dict[str, float | None]) -> list[Any]:
    """``nodes`` with ``HardSigmoid`` and ``Mul`` in place of each chain ``Add``, ``Clip``, ``Mul``, ``Div``.

    ``numbers``: the constants by name.
    """
    makers = {output: node for node in nodes for output in node.output}
    chains = {node.output[0]: found for node in nodes if (found := _chain(node, makers, numbers)) is not None}
    gone = {output for _, outputs in chains.values() for output in outputs}
    tidy: list[Any] = []
    for node in nodes:
        output = node.output[0]
        if output in chains:
            source = chains[output][0]
            gate = f"{output}.gate"
            tidy.append(helper.make_node("HardSigmoid", [source], [gate], alpha=1 / 6, beta=0.5))
            tidy.append(helper.make_node("Mul", [source, gate], [output]))
        elif output not in gone:
            tidy.append(node)
    return tidy


def _chain(divide: Any, makers: dict[str, Any], numbers: dict[str, float | None]) -> tuple[str, list[str]] | None:
    """What goes into the hard-swish that ends in ``divide``, and the outputs of its other steps; None: it is none."""
    multiply = _maker(makers, divide.input[0], "Mul") if divide.op_type == "Div" else None
    clip = _maker(makers, multiply.input[1], "Clip") if multiply is not None else None
    add = _maker(makers, clip.input[0], "Add") if clip is not None else None
    if multiply is None or clip is None or add is None or add.input[0] != multiply.input[0]:
        return None
    if [numbers.get(name) for name in (add.input[1], *clip.input[1:], divide.input[1])] != [3.0, 0.0, 6.0, 6.0]:
        return None
    return add.input[0], [multiply.output[0], clip.output[0], add.output[0]]


def _maker(makers: dict[str, Any], name: str, kind: str) -> Any:
    node = makers.get(name)
    return node if node is not None and node.op_type == kind else None


def _number(tensor: Any) -> float | None:
    """The only number of a tensor; None where it has more."""
    values = onnx.numpy_helper.to_array(tensor)
    return float(values.reshape(-1)[0]) if values.size == 1 else None
