"""ONNX Runtime sessions and LiteRT interpreters, opened alike by every engine of this service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import onnxruntime

from shared.models.catalog import CatalogEntry

MOST_THREADS = 4


def threads(entry: CatalogEntry) -> int:
    """The entry's own number, or one a core that this process may use, at most four."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    return int(entry.options.get("threads", 0)) or min(cores, MOST_THREADS)  # type: ignore[arg-type]


def onnx_session(model: Path | bytes, entry: CatalogEntry, device: str) -> onnxruntime.InferenceSession:
    """A session of a model file, or of a serialized model, on "cpu" or "cuda:N"."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads(entry)
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads sleep
    options.log_severity_level = 3
    providers: list[Any] = ["CPUExecutionProvider"]
    if device.startswith("cuda") and "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        providers.insert(0, ("CUDAExecutionProvider", {"device_id": int(device.partition(":")[2] or 0)}))
    return onnxruntime.InferenceSession(
        str(model) if isinstance(model, Path) else model, options, providers=providers
    )


def litert_interpreter(path: Path, entry: CatalogEntry) -> Any:
    """A LiteRT interpreter with its tensors allocated; it runs one input at a time, on the CPU."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=threads(entry))
    interpreter.allocate_tensors()
    return interpreter
