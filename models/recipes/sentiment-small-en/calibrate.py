"""Step 5: the temperature that makes the student's probabilities honest, from the out-of-fold logits of step 3.

python calibrate.py --data <shared>/data --checkpoint - --out <work folder> --model <model folder>
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Mean over texts, among the three classes that the tweets are labelled with."""
    scaled = logits[:, :3] / temperature
    scaled = scaled - scaled.max(1, keepdims=True)
    log_probabilities = scaled - np.log(np.exp(scaled).sum(1, keepdims=True))
    return float(-log_probabilities[np.arange(len(labels)), labels].mean())


def calibration_error(logits: np.ndarray, labels: np.ndarray, temperature: float) -> float:
    """Expected calibration error over ten bins, percent points."""
    scaled = np.exp(logits[:, :3] / temperature)
    scaled /= scaled.sum(1, keepdims=True)
    confidence, right = scaled.max(1), scaled.argmax(1) == labels
    bins = np.minimum((confidence * 10).astype(int), 9)
    return 100 * float(sum(abs((confidence - right)[bins == b].sum()) for b in range(10))) / len(labels)


def main() -> None:
    parser = argparse.ArgumentParser()
    for name in ("data", "checkpoint", "out", "model"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    options = parser.parse_args()
    held = np.load(options.out / "out_of_fold.npz")
    logits, labels = held["logits"], held["labels"]
    grid = [float(t) for t in np.arange(0.8, 8.01, 0.05)]
    best = min(grid, key=lambda t: negative_log_likelihood(logits, labels, t))
    settings = json.loads((options.model / "settings.json").read_text())
    settings["temperature"] = round(best, 2)
    (options.model / "settings.json").write_text(json.dumps(settings))
    before, after = calibration_error(logits, labels, 1.0), calibration_error(logits, labels, best)
    print(f"temperature {best:.2f}; calibration error {before:.1f} -> {after:.1f} on {len(labels)} out-of-fold tweets")


if __name__ == "__main__":
    main()
