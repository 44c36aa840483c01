"""The bars of issue 7 on the public corpora, with some room for another processor's rounding."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bench.quality import intents, slots

pytestmark = pytest.mark.slow


def test_braun(shared_directory: Path) -> None:
    result = asyncio.run(intents.measure(shared_directory / "data" / "dialog", "braun"))["braun"]
    assert result["F1 of all questions"] >= 0.92


def test_snips_slots_of_one_draw(shared_directory: Path) -> None:
    result = asyncio.run(slots.measure(shared_directory / "data" / "dialog" / "snips", 1, 70))
    assert result["slot F1"] >= 0.77
    assert result["intent accuracy"] >= 0.95
