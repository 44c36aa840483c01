"""Run by the interpreter of the engine environment: a random YOLO as a checkpoint and as its ONNX export.

Its weights say nothing; that both ways of running them say the same is what is tested.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

SIDE = 320


def main(folder: Path) -> None:
    import torch
    from ultralytics import YOLO

    torch.manual_seed(5)
    for part in ("checkpoint", "export"):
        (folder / part).mkdir()
    path = folder / "checkpoint" / "tiny.pt"
    YOLO("yolov8n.yaml").save(path)
    network = YOLO(path)
    # Scores of random weights lie far below what an engine reports: lift them.
    with torch.no_grad():
        for branch in network.model.model[-1].cv3:
            branch[-1].bias.uniform_(-4, 0)
            branch[-1].weight.mul_(4)
    network.save(path)
    exported = YOLO(path).export(format="onnx", imgsz=SIDE, opset=17, simplify=False, verbose=False)
    shutil.move(exported, folder / "export" / "tiny.onnx")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
