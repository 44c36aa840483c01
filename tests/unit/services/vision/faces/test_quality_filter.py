from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from services.vision.faces.analysis import AnalyzedFace
from services.vision.faces.pose import Pose
from services.vision.faces.quality import FaceQuality
from services.vision.faces.quality_filter import (
    EXTREME_POSE,
    LOW_BRIGHTNESS,
    LOW_CONFIDENCE,
    LOW_FACE_QUALITY,
    LOW_SHARPNESS,
    SMALL_BOUNDING_BOX,
    QualityFilter,
    unindexed_reasons,
)
from services.vision.tasks import FoundFace
from shared.media.boxes import Box
from tests.unit.services.vision.faces.pictures import OBAMA

SIZE = (910, 1137)
GOOD = AnalyzedFace(
    found=OBAMA, confidence=95, landmarks=(), pose=Pose(0, 5, -3), quality=FaceQuality(50, 90), presence=1.0
)
#: A face with one fault that AUTO minds, and the reason that it gives.
FAULTS = {
    EXTREME_POSE: replace(GOOD, pose=Pose(0, -65, 0)),
    LOW_BRIGHTNESS: replace(GOOD, quality=FaceQuality(2, 90)),
    LOW_SHARPNESS: replace(GOOD, quality=FaceQuality(50, 25)),
    LOW_CONFIDENCE: replace(GOOD, confidence=65),
    SMALL_BOUNDING_BOX: replace(GOOD, found=FoundFace(Box(100, 100, 116, 122), 0.9, OBAMA.points)),
    LOW_FACE_QUALITY: replace(GOOD, presence=0.2),
}


@pytest.mark.parametrize("level", QualityFilter)
def test_a_good_face_passes_every_level(level: QualityFilter) -> None:
    assert unindexed_reasons(GOOD, level, SIZE) == ()


@pytest.mark.parametrize("reason", FAULTS)
def test_each_fault_has_its_reason(reason: str) -> None:
    assert unindexed_reasons(FAULTS[reason], QualityFilter.AUTO, SIZE) == (reason,)
    assert unindexed_reasons(FAULTS[reason], QualityFilter.NONE, SIZE) == ()


@pytest.mark.parametrize("reason", FAULTS)
def test_a_higher_level_refuses_what_a_lower_one_does(reason: str) -> None:
    order = (QualityFilter.NONE, QualityFilter.LOW, QualityFilter.MEDIUM, QualityFilter.HIGH)
    reasons = [set(unindexed_reasons(FAULTS[reason], level, SIZE)) for level in order]
    assert reasons == sorted(reasons, key=len)
    assert all(lower <= higher for lower, higher in pairwise(reasons))


def test_looking_up_too_far_is_extreme_as_well() -> None:
    assert unindexed_reasons(replace(GOOD, pose=Pose(0, 0, 50)), QualityFilter.AUTO, SIZE) == (EXTREME_POSE,)
    # Leaning to a side is no fault: faces are turned upright before they are compared.
    assert unindexed_reasons(replace(GOOD, pose=Pose(170, 0, 0)), QualityFilter.HIGH, SIZE) == ()


def test_only_the_part_within_the_picture_counts() -> None:
    over_the_edge = replace(GOOD, found=FoundFace(Box(100, 1120, 300, 1400), 0.9, OBAMA.points))
    assert SMALL_BOUNDING_BOX in unindexed_reasons(over_the_edge, QualityFilter.AUTO, SIZE)


def test_several_faults_are_all_told() -> None:
    bad = replace(GOOD, confidence=65, quality=FaceQuality(1, 1))
    assert set(unindexed_reasons(bad, QualityFilter.AUTO, SIZE)) == {LOW_CONFIDENCE, LOW_BRIGHTNESS, LOW_SHARPNESS}
