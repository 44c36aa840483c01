"""What the domain modules found, as protobuf messages: pixels become ratios of the image; absent members stay so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nonet.vision.v1 import vision_pb2 as pb
from services.vision.images import Place
from services.vision.text import Region, TextWish, WordFilter
from shared import errors
from shared.media.boxes import Box
from shared.tasks.reading import Line, Pixels, Polygon

if TYPE_CHECKING:
    from services.vision.celebrities.gallery import Celebrity
    from services.vision.collections.faces import FaceMatch, StoredFace
    from services.vision.colours import DominantColour
    from services.vision.faces.analysis import AnalyzedFace
    from services.vision.image_properties import ImageProperties, ImageQuality
    from services.vision.labels.labeler import Label
    from services.vision.moderation.moderator import ModerationAnswer

Size = tuple[int, int]


def size_of(pixels: Pixels) -> Size:
    """Width and height."""
    return pixels.shape[1], pixels.shape[0]


def source_of(image: pb.Image) -> bytes | Place:
    """Where a request's image is.

    Raises ``InvalidArgument`` where it is given in both ways or in none, ``Unimplemented`` for versions of objects.
    """
    if image.HasField("bytes") == image.HasField("s3_object"):
        raise errors.InvalidArgument("An image is given by Bytes or by S3Object, and by one of them only.")
    if image.HasField("bytes"):
        return image.bytes
    place = image.s3_object
    if not place.bucket or not place.name:
        raise errors.InvalidArgument("An S3Object needs its Bucket and its Name.")
    if place.HasField("version"):
        raise errors.Unimplemented("S3Object.Version is not available: objects here have one version.")
    return Place(place.bucket, place.name)


def ratio_box(box: Box, size: Size) -> Box:
    """A box in pixels as ratios of the image."""
    width, height = size
    return Box(box.left / width, box.top / height, box.right / width, box.bottom / height)


def box_message(box: Box) -> pb.BoundingBox:
    """A box of ratios."""
    return pb.BoundingBox(width=box.width, height=box.height, left=box.left, top=box.top)


# -- labels


def label_message(label: Label, size: Size) -> pb.Label:
    """A label with its instances and what the taxonomy says of it."""
    message = pb.Label(
        name=label.name,
        confidence=label.confidence,
        parents=[pb.Parent(name=name) for name in label.parents],
        aliases=[pb.LabelAlias(name=name) for name in label.aliases],
        categories=[pb.LabelCategory(name=name) for name in label.categories],
    )
    for instance in label.instances:
        message.instances.add(
            bounding_box=box_message(ratio_box(instance.box, size)),
            confidence=instance.confidence,
            dominant_colors=[colour_message(colour) for colour in instance.dominant_colours],
        )
    return message


def colour_message(colour: DominantColour) -> pb.DominantColor:
    return pb.DominantColor(
        red=colour.red,
        green=colour.green,
        blue=colour.blue,
        hex_code=colour.hex_code,
        css_color=colour.css_name,
        simplified_color=colour.simplified_name,
        pixel_percent=colour.pixel_percent,
    )


def properties_message(properties: ImageProperties) -> pb.DetectLabelsImageProperties:
    """Quality and colours of the image, its foreground and its background."""
    message = pb.DetectLabelsImageProperties(
        quality=_quality(properties.quality), dominant_colors=map(colour_message, properties.dominant_colours)
    )
    for part, found in (("foreground", properties.foreground), ("background", properties.background)):
        if found is not None:
            target = getattr(message, part)
            target.quality.CopyFrom(_quality(found.quality))
            target.dominant_colors.extend(map(colour_message, found.dominant_colours))
    return message


def _quality(quality: ImageQuality) -> pb.DetectLabelsImageQuality:
    return pb.DetectLabelsImageQuality(
        brightness=quality.brightness, sharpness=quality.sharpness, contrast=quality.contrast
    )


# -- moderation


def moderation_messages(answer: ModerationAnswer) -> list[pb.ModerationLabel]:
    """Labels with the names of their parents, "" at the first level."""
    return [
        pb.ModerationLabel(
            name=label.name, parent_name=label.parent_name, confidence=label.confidence, taxonomy_level=label.level
        )
        for label in answer.labels
    ]


# -- text


def text_wish(filters: pb.DetectTextFilters) -> TextWish:
    """Raises ``InvalidArgument`` for a region that has both shapes or none, or no area to speak of."""
    word_filter = None
    if filters.HasField("word_filter"):
        given = filters.word_filter
        word_filter = WordFilter(min_height=given.min_bounding_box_height, min_width=given.min_bounding_box_width)
        if given.HasField("min_confidence"):
            word_filter = WordFilter(given.min_confidence, word_filter.min_height, word_filter.min_width)
    return TextWish(word_filter, [_region(region) for region in filters.regions_of_interest])


def _region(region: pb.RegionOfInterest) -> Region:
    if region.HasField("bounding_box") == bool(region.polygon):
        raise errors.InvalidArgument("A region of interest has a BoundingBox or a Polygon, and one of them only.")
    if region.polygon:
        if not 3 <= len(region.polygon) <= 10:
            raise errors.InvalidArgument("The Polygon of a region has 3 to 10 points.")
        return np.array([[point.x, point.y] for point in region.polygon], dtype=np.float64)
    box = region.bounding_box
    if box.width <= 0 or box.height <= 0:
        raise errors.InvalidArgument("The BoundingBox of a region needs a Width and a Height.")
    right, bottom = box.left + box.width, box.top + box.height
    return np.array([[box.left, box.top], [right, box.top], [right, bottom], [box.left, bottom]], dtype=np.float64)


def text_messages(lines: Sequence[Line], size: Size) -> Iterator[pb.TextDetection]:
    """Lines, then words; a word names its line by the line's id."""
    for number, line in enumerate(lines):
        yield pb.TextDetection(
            detected_text=line.text,
            type="LINE",
            id=number,
            confidence=line.confidence * 100,
            geometry=_geometry(line.polygon, size),
        )
    words = ((number, word) for number, line in enumerate(lines) for word in line.words)
    for number, (parent, word) in enumerate(words, len(lines)):
        yield pb.TextDetection(
            detected_text=word.text,
            type="WORD",
            id=number,
            parent_id=parent,
            confidence=word.confidence * 100,
            geometry=_geometry(word.polygon, size),
        )


def _geometry(polygon: Polygon, size: Size) -> pb.Geometry:
    points: npt.NDArray[np.float64] = polygon.astype(np.float64) / np.array(size, dtype=np.float64)
    left, top = points.min(axis=0).tolist()
    right, bottom = points.max(axis=0).tolist()
    return pb.Geometry(
        bounding_box=box_message(Box(left, top, right, bottom)),
        polygon=[pb.Point(x=x, y=y) for x, y in points.tolist()],
    )


# -- faces


def face_detail(face: AnalyzedFace, size: Size) -> pb.FaceDetail:
    """A face with the attributes that were asked for and can be told."""
    message = pb.FaceDetail(
        bounding_box=box_message(ratio_box(face.box, size)),
        confidence=face.confidence,
        landmarks=_landmarks(face),
        pose=_pose(face),
        quality=_face_quality(face),
    )
    if face.age_range is not None:
        message.age_range.low, message.age_range.high = face.age_range.low, face.age_range.high
    if face.gender is not None:
        message.gender.value, message.gender.confidence = face.gender.value, face.gender.confidence
    message.emotions.extend(pb.Emotion(type=each.type, confidence=each.confidence) for each in face.emotions or ())
    for name in ("smile", "eyes_open", "mouth_open", "face_occluded"):
        told = getattr(face, name)
        if told is not None:
            target = getattr(message, name)
            target.value, target.confidence = told.value, told.confidence
    if face.eye_direction is not None:
        message.eye_direction.yaw, message.eye_direction.pitch = face.eye_direction.yaw, face.eye_direction.pitch
        message.eye_direction.confidence = face.eye_direction.confidence
    return message


def compared_face(face: AnalyzedFace, size: Size) -> pb.ComparedFace:
    """A face as CompareFaces and RecognizeCelebrities show it."""
    return pb.ComparedFace(
        bounding_box=box_message(ratio_box(face.box, size)),
        confidence=face.confidence,
        landmarks=_landmarks(face),
        pose=_pose(face),
        quality=_face_quality(face),
    )


def _landmarks(face: AnalyzedFace) -> list[pb.Landmark]:
    return [pb.Landmark(type=each.type, x=each.x, y=each.y) for each in face.landmarks]


def _pose(face: AnalyzedFace) -> pb.Pose:
    return pb.Pose(roll=face.pose.roll, yaw=face.pose.yaw, pitch=face.pose.pitch)


def _face_quality(face: AnalyzedFace) -> pb.ImageQuality:
    return pb.ImageQuality(brightness=face.quality.brightness, sharpness=face.quality.sharpness)


# -- collections


def stored_face_message(face: StoredFace, version: str) -> pb.Face:
    """A face of a collection; ``version``: of the faces' model."""
    return pb.Face(
        face_id=face.face_id,
        image_id=face.image_id,
        external_image_id=face.external_image_id or None,
        bounding_box=box_message(face.box),
        confidence=face.confidence * 100,
        index_faces_model_version=version,
    )


def match_message(match: FaceMatch, similarity: float, version: str) -> pb.FaceMatch:
    return pb.FaceMatch(similarity=similarity, face=stored_face_message(match.face, version))


def celebrity_message(celebrity: Celebrity, face: AnalyzedFace, confidence: float, size: Size) -> pb.Celebrity:
    """Somebody of the gallery, and the face of the image that is theirs."""
    return pb.Celebrity(
        urls=celebrity.urls,
        name=celebrity.name,
        id=celebrity.id,
        face=compared_face(face, size),
        match_confidence=confidence,
        known_gender=pb.KnownGender(type=celebrity.known_gender) if celebrity.known_gender else None,
    )
