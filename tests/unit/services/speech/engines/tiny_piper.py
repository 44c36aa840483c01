"""A Piper voice of no worth: a graph that gives each id a fixed number of frames of a tone. Proves that loading works.

Run by the engine environment's own interpreter: ``python tiny_piper.py FOLDER``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

HOP, FRAMES_AN_ID = 256, 2.0


def constant(name: str, value: object, kind: type) -> onnx.TensorProto:
    return numpy_helper.from_array(np.array(value, dtype=kind), name)


def main(folder: Path) -> None:
    nodes = [
        # durations = ceil(ids * 0 + 2 * length_scale); the one Ceil is what Piper's alignments are read from
        helper.make_node("Cast", ["input"], ["ids"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["ids", "zero"], ["zeros"]),
        helper.make_node("Gather", ["scales", "one"], ["length_scale"]),
        helper.make_node("Mul", ["length_scale", "frames"], ["scaled"]),
        helper.make_node("Add", ["zeros", "scaled"], ["widths"]),
        helper.make_node("Ceil", ["widths"], ["durations"]),
        helper.make_node("ReduceSum", ["durations"], ["total"], keepdims=0),
        helper.make_node("Mul", ["total", "hop"], ["samples"]),
        helper.make_node("Range", ["begin", "samples", "step"], ["time"]),
        helper.make_node("Mul", ["time", "frequency"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["tone"]),
        helper.make_node("Unsqueeze", ["tone", "axes"], ["output"]),
    ]
    constants = [
        constant("zero", 0.0, np.float32), constant("one", 1, np.int64), constant("frames", FRAMES_AN_ID, np.float32),
        constant("hop", HOP, np.float32), constant("begin", 0.0, np.float32), constant("step", 1.0, np.float32),
        constant("frequency", 0.1, np.float32), constant("axes", [0, 1], np.int64),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes,
        "tiny",
        [
            helper.make_tensor_value_info("input", TensorProto.INT64, [1, None]),
            helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
            helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
        ],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, None])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(folder / "tiny.onnx"))
    config = {
        "audio": {"sample_rate": 22050},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1.0, "noise_w": 0.8},
        "num_symbols": 256,
        "num_speakers": 1,
        "phoneme_id_map": {sign: list(ids) for sign, ids in DEFAULT_PHONEME_ID_MAP.items()},
    }
    (folder / "tiny.onnx.json").write_text(json.dumps(config))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
