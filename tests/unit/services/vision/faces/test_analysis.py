"""The analyzer with the real models; and what it does without some of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from services.vision.faces.analysis import AnalyzedFace, FaceAnalyzer, FaceAttribute, face_picture
from services.vision.tasks import FoundFace
from shared import errors
from shared.media.boxes import Box
from shared.models.store import ModelStore
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime
from shared.tasks.reading import Picture
from tests.unit.services.vision.faces.pictures import OBAMA, portrait
from tests.unit.services.vision.pictures import coco, plain
from tests.unit.services.vision.runtimes import runtime_with

DETECTOR, MESH, IRIS = "yunet-n", "mediapipe-face-mesh", "mediapipe-iris"
AGE, EXPRESSION, RECOGNITION = "faceapi-age-gender", "faceapi-expression", "faceapi-recognition"
ALL = frozenset({FaceAttribute.ALL})
NONE: frozenset[FaceAttribute] = frozenset()
OPTIONAL = (
    "age_range",
    "gender",
    "emotions",
    "smile",
    "eyes_open",
    "mouth_open",
    "eye_direction",
    "face_occluded",
)


@pytest.fixture
async def runtime(tmp_path: Path, models: ModelStore) -> AsyncIterator[Runtime]:
    made = runtime_with(tmp_path / "data", models, DETECTOR, MESH, IRIS, AGE, EXPRESSION, RECOGNITION)
    yield made
    await made.close()


def told(face: AnalyzedFace) -> set[str]:
    return {name for name in OPTIONAL if getattr(face, name) is not None}


async def test_without_attributes_only_two_models_run(runtime: Runtime, shared_directory: Path) -> None:
    picture = portrait(shared_directory, "obama.jpg")
    answer = await FaceAnalyzer(runtime).detect(picture, NONE, Priority.INTERACTIVE)
    assert list(answer.models) == [MESH, DETECTOR]
    assert {model for model, _, _ in runtime.loaded()} == {MESH, DETECTOR}
    (face,) = answer.faces
    assert face.box.overlap(OBAMA.box) > 0.9 and 90 < face.confidence <= 100
    assert [each.type for each in face.landmarks] == ["eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight"]
    assert abs(face.pose.yaw) < 10 and face.presence > 0.9
    assert 40 < face.quality.brightness < 70 and face.quality.sharpness > 80
    assert told(face) == set()
    default = await FaceAnalyzer(runtime).detect(picture, frozenset({FaceAttribute.DEFAULT}))
    assert told(default.faces[0]) == set() and default.faces[0].pose == face.pose


async def test_all_attributes_of_a_portrait(runtime: Runtime, shared_directory: Path) -> None:
    answer = await FaceAnalyzer(runtime).detect(portrait(shared_directory, "obama.jpg"), ALL)
    assert list(answer.models) == sorted([DETECTOR, MESH, IRIS, AGE, EXPRESSION])
    (face,) = answer.faces
    assert told(face) == set(OPTIONAL) - {"face_occluded"}  # no model tells that
    assert face.age_range is not None and face.age_range.low <= 51 <= face.age_range.high
    assert face.gender is not None and face.gender.value == "Male" and face.gender.confidence > 80
    assert face.emotions is not None and face.emotions[0].type == "HAPPY"
    assert sum(emotion.confidence for emotion in face.emotions) == pytest.approx(100, abs=0.01)
    assert [emotion.confidence for emotion in face.emotions] == sorted(
        (emotion.confidence for emotion in face.emotions), reverse=True
    )
    assert face.smile is not None and face.smile.value
    assert face.smile.confidence == pytest.approx(face.emotions[0].confidence)
    assert face.eyes_open is not None and face.eyes_open.value
    assert face.mouth_open is not None and face.mouth_open.value
    assert face.eye_direction is not None and abs(face.eye_direction.yaw) < 10
    assert len(face.landmarks) == 30


@pytest.mark.parametrize(
    ("attribute", "names", "model"),
    [
        (FaceAttribute.AGE_RANGE, {"age_range"}, AGE),
        (FaceAttribute.GENDER, {"gender"}, AGE),
        (FaceAttribute.EMOTIONS, {"emotions"}, EXPRESSION),
        (FaceAttribute.SMILE, {"smile"}, EXPRESSION),
        (FaceAttribute.EYES_OPEN, {"eyes_open"}, IRIS),
        (FaceAttribute.EYE_DIRECTION, {"eye_direction"}, IRIS),
        (FaceAttribute.MOUTH_OPEN, {"mouth_open"}, MESH),
        (FaceAttribute.BEARD, set(), MESH),
        (FaceAttribute.FACE_OCCLUDED, set(), MESH),
    ],
)
async def test_one_attribute_brings_itself_and_its_model_only(
    runtime: Runtime, shared_directory: Path, attribute: FaceAttribute, names: set[str], model: str
) -> None:
    answer = await FaceAnalyzer(runtime).detect(portrait(shared_directory, "obama.jpg"), frozenset({attribute}))
    assert told(answer.faces[0]) == names
    assert set(answer.models) == {DETECTOR, MESH, model}


async def test_where_the_mesh_finds_no_face_what_rests_on_it_is_left_out(
    runtime: Runtime, shared_directory: Path
) -> None:
    answer = await FaceAnalyzer(runtime).detect(coco(shared_directory, 12748), ALL)
    _, profile = answer.faces  # a small child, seen from the side
    assert profile.presence < 0.5
    assert told(profile) == {"age_range", "gender", "emotions", "smile"}
    assert len(profile.landmarks) == 5
    assert profile.pose.yaw < -40  # from the detector's points


async def test_landmarks_are_ratios_of_the_whole_picture(runtime: Runtime, shared_directory: Path) -> None:
    picture = portrait(shared_directory, "two_people.jpg")
    height, width = picture.pixels.shape[:2]
    answer = await FaceAnalyzer(runtime).detect(picture, ALL)
    assert len(answer.faces) == 2
    for face in answer.faces:
        around = face.box.scaled(1.3)
        for landmark in face.landmarks:
            assert around.left < landmark.x * width < around.right, landmark.type
            assert around.top < landmark.y * height < around.bottom, landmark.type


async def test_no_faces_need_no_further_model(tmp_path: Path, models: ModelStore) -> None:
    runtime = runtime_with(tmp_path / "data", models, DETECTOR)
    answer = await FaceAnalyzer(runtime).detect(Picture(plain((10, 90, 200))), ALL)
    assert answer.faces == () and list(answer.models) == [DETECTOR]
    await runtime.close()


async def test_a_missing_model_is_told_with_its_command(
    tmp_path: Path, models: ModelStore, shared_directory: Path
) -> None:
    runtime = runtime_with(tmp_path / "data", models, DETECTOR, MESH)
    analyzer, picture = FaceAnalyzer(runtime), portrait(shared_directory, "obama.jpg")
    with pytest.raises(errors.ModelNotInstalled, match="nonet models pull faceapi-age-gender"):
        await analyzer.detect(picture, frozenset({FaceAttribute.GENDER}))
    with pytest.raises(errors.ModelNotInstalled, match="nonet models pull faceapi-recognition"):
        await analyzer.embed(picture, [OBAMA])
    # All leases are given back, the failed ones too.
    assert all(leases == 0 for _, _, leases in runtime.loaded())
    await runtime.close()


async def test_embeddings_come_with_their_models_name(runtime: Runtime, shared_directory: Path) -> None:
    analyzer = FaceAnalyzer(runtime)
    picture = portrait(shared_directory, "two_people.jpg")
    faces = [face.found for face in (await analyzer.detect(picture, NONE)).faces]
    embeddings = await analyzer.embed(picture, faces)
    assert embeddings.model_id == RECOGNITION
    assert embeddings.vectors.shape == (2, 128) and embeddings.vectors.dtype == np.float32
    assert np.linalg.norm(embeddings.vectors[0] - embeddings.vectors[1]) > 0.7
    again = await analyzer.embed(picture, faces[::-1], Priority.BATCH, RECOGNITION)
    assert again.vectors[::-1] == pytest.approx(embeddings.vectors, abs=1e-4)
    assert (await analyzer.embed(picture, [])).vectors.shape == (0, 0)
    with pytest.raises(errors.ModelNotInstalled, match="no model unheard-of"):
        await analyzer.embed(picture, faces, Priority.INTERACTIVE, "unheard-of")


def test_the_part_around_a_face_is_what_its_pixels_say(shared_directory: Path) -> None:
    picture = portrait(shared_directory, "obama.jpg")
    crop, (left, top) = face_picture(picture, OBAMA)
    height, width = crop.pixels.shape[:2]
    assert (crop.pixels == picture.pixels[top : top + height, left : left + width]).all()
    assert crop.face.points + np.array([left, top]) == pytest.approx(OBAMA.points)
    assert crop.face.box.moved(left, top) == OBAMA.box
    # The square that the mesh wants fits in, however the face is turned.
    assert width > 1.4 * OBAMA.box.height


@pytest.mark.parametrize(
    "box", [Box(-50, -60, 20, 30), Box(95, 95, 180, 200), Box(-80, -80, -20, -20), Box(5, 5, 5, 5)]
)
def test_a_face_over_the_edge_has_a_part_all_the_same(box: Box) -> None:
    crop, _ = face_picture(Picture(plain((1, 2, 3), 100, 100)), FoundFace(box, 0.9, OBAMA.points))
    assert crop.pixels.shape[0] >= 1 and crop.pixels.shape[1] >= 1
