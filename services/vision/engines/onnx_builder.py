"""Networks written down as ONNX, for weights that come without a graph of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 17


class OnnxBuilder:
    """Collects nodes in order. Tensors are (batch, channels, height, width); ``node`` gives its output's name."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._weights: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def input(self, name: str, shape: Sequence[int | str]) -> str:
        """A float32 input; text in ``shape`` names a free dimension, as "batch"."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))
        return name

    def output(self, name: str, shape: Sequence[int | str]) -> None:
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))

    def constant(self, values: npt.NDArray[Any]) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def node(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        name = output or f"t{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def convolution(
        self,
        x: str,
        filters: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32] | None = None,
        *,
        stride: int = 1,
        pads: Sequence[int] = (0, 0, 0, 0),
        same: bool = False,
        depthwise: bool = False,
    ) -> str:
        """``filters`` as TensorFlow has them: (height, width, in, out), of depthwise ones (height, width, in, 1).

        ``same``: TensorFlow's padding of that name, which puts the odd pixel behind; else ``pads`` (top, left, bottom,
        right).
        """
        kernel = filters.transpose(2, 3, 0, 1) if depthwise else filters.transpose(3, 2, 0, 1)
        attributes: dict[str, Any] = {"strides": [stride, stride], "kernel_shape": list(filters.shape[:2])}
        attributes |= {"auto_pad": "SAME_UPPER"} if same else {"pads": list(pads)}
        if depthwise:
            attributes["group"] = filters.shape[2]
        inputs = [x, self.constant(kernel)] + ([] if bias is None else [self.constant(bias)])
        return self.node("Conv", *inputs, **attributes)

    def model(self) -> bytes:
        """The serialized model."""
        graph = helper.make_graph(self._nodes, "network", self._inputs, self._outputs, self._weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9)
        onnx.checker.check_model(model)
        return bytes(model.SerializeToString())
