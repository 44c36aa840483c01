from __future__ import annotations

import numpy as np
import pytest

from services.documents.rules import find_rules
from tests.unit.services.documents.drawing import Drawing


def test_rules_are_found_where_they_are_drawn() -> None:
    drawing = Drawing().rule(100, 200, 700, 200).rule(300, 100, 300, 500).text(50, 600, "words are no rules")
    rules = find_rules(drawing.pixels[:, :, 0], 20)
    (level,), (upright,) = rules.level, rules.upright
    assert (level.left, level.right) == pytest.approx((100, 701), abs=4)
    assert level.center_y == pytest.approx(200, abs=2)
    assert (upright.top, upright.bottom) == pytest.approx((100, 501), abs=4)


@pytest.mark.parametrize("shade", [0, 150, 225])
def test_light_rules_are_rules(shade: int) -> None:
    grey = np.full((800, 600), 255, np.uint8)
    grey[400:402, 50:550] = shade
    assert len(find_rules(grey, 20).level) == 1


def test_a_photograph_is_not_full_of_rules() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (600, 600), dtype=np.uint8)
    rules = find_rules(noise, 20)
    assert len(rules.level) + len(rules.upright) < 5


def test_tiny_pictures_have_none() -> None:
    assert find_rules(np.zeros((5, 5), np.uint8), 20).level == ()
