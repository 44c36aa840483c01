"""The bars of the language service, by the engines as they are served (bench/quality/language.py prints all figures).

Sentiment on tweets is not here: the kept model has seen all labelled tweets (out of fold: its model card).
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.quality.language import PARTS

BARS = {
    "language-id": {"sentences accuracy": 95},
    "sentiment": {"SST-2 dev accuracy": 84},
    "syntax": {
        "EWT dev UPOS, gold tokens": 95,
        "de GSD UPOS, gold tokens": 91,
        "es GSD UPOS, gold tokens": 93,
        "fr GSD UPOS, gold tokens": 93.5,
    },
    "entities": {"WNUT17 dev F1, six types mapped": 35},
    "pii": {"presidio-research F1, exact spans, all types": 80},
}


@pytest.mark.slow
@pytest.mark.parametrize("part", BARS)
def test_bars(part: str, shared_directory: Path) -> None:
    bars = dict(BARS[part])
    for _, name, value, _ in PARTS[part](shared_directory / "data/text"):
        assert value >= bars.pop(name, value), f"{name}: {value:.2f}"
        if not bars:  # each figure is computed when it is asked for
            return
    raise AssertionError(f"not measured: {', '.join(bars)}")
