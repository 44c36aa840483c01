"""The weights of an exported tagger folder as a state of ``encoder.Tagger``: int8 matrices become floats again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import onnx
import torch
from onnx import numpy_helper

State = dict[str, torch.Tensor]


def state_of(folder: Path) -> State:
    """Every trained weight of ``folder/model.onnx`` under its name in the network; without the piece vectors."""
    graph = onnx.load(folder / "model.onnx").graph
    stored = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
    state = {name: values for name, values in stored.items() if name.startswith(("encoder.", "shapes."))}
    heads = list(json.loads((folder / "heads.json").read_text())["heads"])
    for node in graph.node:
        if node.op_type != "MatMulInteger":
            continue
        scale = stored[node.input[1].removesuffix("_quantized") + "_scale"]
        matrix = (stored[node.input[1]].float() * scale).T.contiguous()
        path = node.name.removeprefix("/").removesuffix("/MatMul_quant")
        # The heads are the last to be named: "/concept/MatMul_quant" or "/heads.concept/MatMul_quant".
        head = path.removeprefix("heads.")
        inner = path.replace("encoder/encoder/", "encoder.encoder.").replace("/", ".")
        state[f"heads.{head}.weight" if head in heads else f"{inner}.weight"] = matrix
    state.update({name: values for name, values in stored.items() if name.startswith("heads.")})
    return state


def between(states: Iterable[tuple[float, State]]) -> State:
    """The weighted mean of states that one checkpoint was fine-tuned to; heads are kept from whichever has them."""
    mixed: State = {}
    states = list(states)
    for name in {name for _, state in states for name in state}:
        holders = [(weight, state[name]) for weight, state in states if name in state]
        total = sum(weight for weight, _ in holders)
        mixed[name] = sum((weight / total * values for weight, values in holders), torch.zeros_like(holders[0][1]))
    return mixed
