"""The measure against cases made by hand, and the bars of labels on COCO's photographs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quality import vision as bench
from bench.quality.vision import Placed, mean_average_precision
from shared.media.boxes import Box
from shared.models.store import ModelStore
from tests.vision_models import data_directory

HALF = (0.5,)


def at(left: float, name: str = "cat", score: float = 1.0) -> Placed:
    """A box of 100 by 100 pixels."""
    return Placed(name, Box(left, 0, left + 100, 100), score)


def test_what_is_found_exactly_scores_full() -> None:
    truth = [[at(0), at(200)], [at(50, "dog")]]
    assert mean_average_precision(truth, truth) == pytest.approx(100)


def test_nothing_found_scores_nothing() -> None:
    assert mean_average_precision([[]], [[at(0)]]) == 0


def test_a_box_that_is_a_little_off_counts_up_to_its_overlap() -> None:
    # Moved by a fifth: 80 of 120 pixels in common, 0.667; that passes 0.5, 0.55, 0.6 and 0.65 of the ten.
    assert mean_average_precision([[at(20)]], [[at(0)]]) == pytest.approx(40)


def test_one_of_two_found_gives_half_of_the_recalls() -> None:
    # Precision 1 at the recalls 0 to 0.5, which are 51 of 101, and 0 beyond.
    assert mean_average_precision([[at(0)]], [[at(0), at(300)]], HALF) == pytest.approx(100 * 51 / 101)


def test_a_false_find_before_the_true_one_halves_the_precision_and_one_behind_does_not() -> None:
    before = [[at(500, score=0.9), at(0, score=0.8)]]
    behind = [[at(500, score=0.7), at(0, score=0.8)]]
    assert mean_average_precision(before, [[at(0)]], HALF) == pytest.approx(50)
    assert mean_average_precision(behind, [[at(0)]], HALF) == pytest.approx(100)


def test_precision_counts_the_best_at_this_recall_or_a_greater_one() -> None:
    # Right, wrong, right, right: precisions 1, 1/2, 2/3, 3/4; from the second recall on 3/4 is the best.
    found = [[at(0, score=0.9), at(900, score=0.8), at(200, score=0.7), at(400, score=0.6)]]
    truth = [[at(0), at(200), at(400)]]
    recalls = np.linspace(0, 1, 101)
    expected = np.where(recalls <= 1 / 3, 1, 0.75).mean()
    assert mean_average_precision(found, truth, HALF) == pytest.approx(100 * expected)


def test_a_second_find_of_the_same_thing_is_wrong() -> None:
    twice = [[at(0, score=0.9), at(2, score=0.8)]]
    assert mean_average_precision(twice, [[at(0), at(300)]], HALF) == pytest.approx(100 * 51 / 101)
    # ... unless another thing lies there too.
    assert mean_average_precision(twice, [[at(0), at(2)]], HALF) == pytest.approx(100)


def test_classes_count_alike_and_those_that_do_not_occur_do_not() -> None:
    found = [[at(0), at(300, "dog"), at(600, "cow")]]
    truth = [[at(0), at(0, "dog")]]
    assert mean_average_precision(found, truth, HALF) == pytest.approx(50)


def test_a_find_on_another_picture_is_wrong() -> None:
    assert mean_average_precision([[], [at(0)]], [[at(0)], []], HALF) == 0


@given(st.lists(st.tuples(st.sampled_from(["cat", "dog"]), st.integers(0, 20), st.floats(0.01, 1)), max_size=12))
def test_any_finds_score_within_bounds_and_more_overlap_asks_for_more(finds: list[tuple[str, int, float]]) -> None:
    found = [[at(40 * place, name, score) for name, place, score in finds]]
    truth = [[at(0), at(100, "dog"), at(330, "dog")]]
    scores = [mean_average_precision(found, truth, (limit,)) for limit in bench.OVERLAPS]
    assert all(0 <= score <= 100 + 1e-9 for score in scores)


@pytest.mark.slow
def test_boxes_through_the_labeler_are_as_right_as_the_bare_engines(shared_directory: Path) -> None:
    folder = shared_directory / "data" / "vision" / "coco_val_yolo"
    if not folder.is_dir():
        pytest.skip("NONET_SHARED has no photographs of COCO")
    rows = asyncio.run(bench.measure(folder, ModelStore(data_directory()), ["accuracy"]))
    value = {what: score for what, _, score, _ in rows}
    assert value["mAP@[.5:.95], bare engine"] >= 38
    assert value["mAP@[.5:.95], Labeler"] >= value["mAP@[.5:.95], bare engine"] - 1
