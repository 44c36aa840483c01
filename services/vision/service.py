"""The Vision service: what Rekognition's image operations do."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence

from nonet.vision.v1 import vision_pb2 as pb
from services.vision import messages
from services.vision.celebrities.gallery import CelebrityGallery
from services.vision.collections.faces import Collection, NewFace
from services.vision.collections.follower import IndexPolicy
from services.vision.collections.search import FaceSearch
from services.vision.collections.store import FaceCollections
from services.vision.collections.upkeep import Upkeep
from services.vision.faces.analysis import AnalyzedFace, FaceAnalyzer, FaceAnswer, FaceAttribute
from services.vision.faces.quality_filter import EXCEEDS_MAX_FACES, QualityFilter, unindexed_reasons
from services.vision.faces.similarity import distance_of, similarity
from services.vision.image_properties import image_properties
from services.vision.images import read_picture
from services.vision.labels.filters import LabelFilters
from services.vision.labels.labeler import Labeler, LabelWish
from services.vision.moderation.moderator import Moderator
from services.vision.text import TextDetector
from shared import errors
from shared.models.catalog import CatalogEntry
from shared.platform import Platform
from shared.rpc.call import Call
from shared.tasks.reading import Picture

#: Versions of what answers, in the words of the API; moderation follows version 7 of the published taxonomy.
LABEL_MODEL_VERSION, FACE_MODEL_VERSION, TEXT_MODEL_VERSION = "1.0", "1.0", "1.0"
MODERATION_MODEL_VERSION = "7.0"
#: Rekognition's defaults and limits.
LABEL_CONFIDENCE, MODERATION_CONFIDENCE, SIMILARITY = 55.0, 50.0, 80.0
MAX_LABELS = 1000
DOMINANT_COLOURS = 10
MAX_FACES, MAX_MATCHES = 100, 4096
MAX_CELEBRITIES = 64
PAGE = 1000


class VisionService:
    """nonet.vision.v1.Vision. Requests have been checked against the contract before they come here."""

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        runtime = platform.runtime
        self._labeler = Labeler(runtime)
        self._moderator = Moderator(runtime)
        self._text = TextDetector(runtime)
        self._analyzer = FaceAnalyzer(runtime)
        policy = IndexPolicy(memory_bytes=platform.settings.face_index_bytes)
        self._search = FaceSearch(platform.database, platform.settings.data_directory / "face-indexes", policy)
        self._collections = FaceCollections(platform.database, platform.resources, self._search.discard)
        self._upkeep = Upkeep(self._collections, self._search)
        self._upkeep.start()
        self._gallery = CelebrityGallery(self._collections, self._search, platform.resources)

    async def close(self) -> None:
        """End the work in the background, and leave the face indexes on disk."""
        await self._upkeep.close()
        await self._search.close()

    # -- what an image shows

    async def detect_labels(self, request: pb.DetectLabelsRequest, call: Call) -> pb.DetectLabelsResponse:
        """Things, scenes and concepts, and the image's colours and quality."""
        features = set(request.features) or {"GENERAL_LABELS"}
        general = request.settings.general_labels
        given = request.settings.image_properties
        colours = given.max_dominant_colors if given.HasField("max_dominant_colors") else DOMINANT_COLOURS
        wants_properties = "IMAGE_PROPERTIES" in features
        wish = LabelWish(
            max_labels=min(request.max_labels, MAX_LABELS) if request.HasField("max_labels") else MAX_LABELS,
            min_confidence=request.min_confidence if request.HasField("min_confidence") else LABEL_CONFIDENCE,
            filters=LabelFilters(
                tuple(general.label_inclusion_filters),
                tuple(general.label_exclusion_filters),
                tuple(general.label_category_inclusion_filters),
                tuple(general.label_category_exclusion_filters),
            ),
            instance_colours=colours if wants_properties else 0,
        )
        picture = await self._picture(request.image, call)
        size = messages.size_of(picture.pixels)
        answer = await self._labeler.labels(picture, wish, call.priority)
        self._answered_by(call, answer.models)
        response = pb.DetectLabelsResponse(label_model_version=LABEL_MODEL_VERSION)
        if "GENERAL_LABELS" in features:
            response.labels.extend(messages.label_message(label, size) for label in answer.labels)
        if wants_properties:
            found = await asyncio.to_thread(image_properties, picture.pixels, answer.foreground, colours)
            response.image_properties.CopyFrom(messages.properties_message(found))
        return response

    async def detect_moderation_labels(
        self, request: pb.DetectModerationLabelsRequest, call: Call
    ) -> pb.DetectModerationLabelsResponse:
        """What of an image some people should not see."""
        if request.HasField("human_loop_config"):
            raise errors.Unimplemented("HumanLoopConfig is not available: there is no human review here.")
        if request.HasField("project_version"):
            raise errors.Unimplemented("ProjectVersion is not available: adapters cannot be trained here.")
        least = request.min_confidence if request.HasField("min_confidence") else MODERATION_CONFIDENCE
        answer = await self._moderator.moderate(await self._picture(request.image, call), least, call.priority)
        self._answered_by(call, answer.models)
        return pb.DetectModerationLabelsResponse(
            moderation_labels=messages.moderation_messages(answer),
            content_types=[pb.ContentType(name=name, confidence=score) for name, score in answer.content_types],
            moderation_model_version=MODERATION_MODEL_VERSION,
        )

    async def detect_text(self, request: pb.DetectTextRequest, call: Call) -> pb.DetectTextResponse:
        """Lines and words, 100 words at most."""
        wish = messages.text_wish(request.filters)
        picture = await self._picture(request.image, call)
        lines, model = await self._text.detect(picture, wish, call.priority)
        call.answered_by(model)
        return pb.DetectTextResponse(
            text_detections=messages.text_messages(lines, messages.size_of(picture.pixels)),
            text_model_version=TEXT_MODEL_VERSION,
        )

    # -- faces

    async def detect_faces(self, request: pb.DetectFacesRequest, call: Call) -> pb.DetectFacesResponse:
        """The 100 largest faces, with the attributes that are asked for and that an installed model can tell."""
        picture = await self._picture(request.image, call)
        answer = await self._analyzed(picture, call, _attributes(request.attributes))
        size = messages.size_of(picture.pixels)
        return pb.DetectFacesResponse(face_details=[messages.face_detail(face, size) for face in answer.faces])

    async def compare_faces(self, request: pb.CompareFacesRequest, call: Call) -> pb.CompareFacesResponse:
        """The largest face of the source beside those of the target."""
        source = await self._picture(request.source_image, call)
        target = await self._picture(request.target_image, call)
        level = QualityFilter(request.quality_filter or "NONE")
        (face, *_) = await self._faces_that_pass(source, level, call)
        others = await self._faces_that_pass(target, level, call)
        mine = await self._analyzer.embed(source, [face.found], call.priority)
        theirs = await self._analyzer.embed(target, [other.found for other in others], call.priority, mine.model_id)
        call.answered_by(mine.model_id)
        model = self._model(mine.model_id)
        distances = ((theirs.vectors - mine.vectors[0]) ** 2).sum(axis=1) ** 0.5
        pairs = sorted(zip(distances.tolist(), others, strict=True), key=lambda pair: pair[0])
        least = request.similarity_threshold if request.HasField("similarity_threshold") else SIMILARITY
        source_size, target_size = messages.size_of(source.pixels), messages.size_of(target.pixels)
        response = pb.CompareFacesResponse()
        response.source_image_face.bounding_box.CopyFrom(
            messages.box_message(messages.ratio_box(face.box, source_size))
        )
        response.source_image_face.confidence = face.confidence
        for distance, other in pairs:
            compared, likeness = messages.compared_face(other, target_size), similarity(distance, model)
            if likeness >= least:
                response.face_matches.add(similarity=likeness, face=compared)
            else:
                response.unmatched_faces.append(compared)
        return response

    async def recognize_celebrities(
        self, request: pb.RecognizeCelebritiesRequest, call: Call
    ) -> pb.RecognizeCelebritiesResponse:
        """Which of the 64 largest faces are in the gallery that the operator has filled."""
        picture = await self._picture(request.image, call)
        size = messages.size_of(picture.pixels)
        faces = (await self._analyzed(picture, call)).faces[:MAX_CELEBRITIES]
        response = pb.RecognizeCelebritiesResponse()
        model_id = await self._gallery.model_id()
        if model_id is None or not faces:
            response.unrecognized_faces.extend(messages.compared_face(face, size) for face in faces)
            return response
        embeddings = await self._analyzer.embed(picture, [face.found for face in faces], call.priority, model_id)
        call.answered_by(model_id)
        model = self._model(model_id)
        for face, vector in zip(faces, embeddings.vectors, strict=True):
            match = await self._gallery.match(vector, distance_of(SIMILARITY, model))
            if match is None:
                response.unrecognized_faces.append(messages.compared_face(face, size))
            else:
                celebrity, distance = match
                confidence = similarity(distance, model)
                response.celebrity_faces.append(messages.celebrity_message(celebrity, face, confidence, size))
        return response

    async def get_celebrity_info(
        self, request: pb.GetCelebrityInfoRequest, call: Call
    ) -> pb.GetCelebrityInfoResponse:
        """Name and links of somebody of the gallery."""
        celebrity = await self._gallery.get(request.id)
        known = pb.KnownGender(type=celebrity.known_gender) if celebrity.known_gender else None
        return pb.GetCelebrityInfoResponse(name=celebrity.name, urls=celebrity.urls, known_gender=known)

    # -- collections

    async def create_collection(
        self, request: pb.CreateCollectionRequest, call: Call
    ) -> pb.CreateCollectionResponse:
        """Make an empty collection."""
        made = await self._collections.create_collection(call.account, request.collection_id, dict(request.tags))
        return pb.CreateCollectionResponse(
            status_code=200, collection_arn=made.arn, face_model_version=FACE_MODEL_VERSION
        )

    async def list_collections(self, request: pb.ListCollectionsRequest, call: Call) -> pb.ListCollectionsResponse:
        """The account's collections, in the order they were made."""
        page = await self._collections.list_collections(
            call.account, request.max_results or PAGE, request.next_token or None
        )
        return pb.ListCollectionsResponse(
            collection_ids=[each.name for each in page.collections],
            face_model_versions=[FACE_MODEL_VERSION] * len(page.collections),
            next_token=page.next_token,
        )

    async def describe_collection(
        self, request: pb.DescribeCollectionRequest, call: Call
    ) -> pb.DescribeCollectionResponse:
        """How many faces a collection has, and since when it exists."""
        found = await self._collections.describe_collection(call.account, request.collection_id)
        response = pb.DescribeCollectionResponse(
            face_count=found.face_count, face_model_version=FACE_MODEL_VERSION, collection_arn=found.arn, user_count=0
        )
        response.creation_timestamp.FromMilliseconds(round(found.created_at * 1000))
        return response

    async def delete_collection(
        self, request: pb.DeleteCollectionRequest, call: Call
    ) -> pb.DeleteCollectionResponse:
        """Delete a collection with its faces."""
        await self._collections.delete_collection(call.account, request.collection_id)
        return pb.DeleteCollectionResponse(status_code=200)

    async def index_faces(self, request: pb.IndexFacesRequest, call: Call) -> pb.IndexFacesResponse:
        """Put the faces of an image into a collection: all that are good enough, or the largest of them."""
        collection = await self._collections.describe_collection(call.account, request.collection_id)
        picture = await self._picture(request.image, call)
        size = messages.size_of(picture.pixels)
        answer = await self._analyzed(picture, call, _attributes(request.detection_attributes))
        level = QualityFilter(request.quality_filter or "AUTO")
        most = min(request.max_faces, MAX_FACES) if request.HasField("max_faces") else MAX_FACES
        response = pb.IndexFacesResponse(face_model_version=FACE_MODEL_VERSION)
        chosen: list[AnalyzedFace] = []
        for face in answer.faces:  # the largest first
            reasons = list(unindexed_reasons(face, level, size))
            if not reasons and len(chosen) == most:
                reasons = [EXCEEDS_MAX_FACES]
            if reasons:
                response.unindexed_faces.add(reasons=reasons, face_detail=messages.face_detail(face, size))
            else:
                chosen.append(face)
        if chosen:
            new = await self._new_faces(picture, chosen, collection, request.external_image_id or None, call)
            stored = await self._collections.add(call.account, request.collection_id, new)
            # Whoever searches next need not wait until the index has followed.
            await self._search.warm(call.account, request.collection_id)
            for face, record in zip(chosen, stored, strict=True):
                response.face_records.add(
                    face=messages.stored_face_message(record, FACE_MODEL_VERSION),
                    face_detail=messages.face_detail(face, size),
                )
        return response

    async def _new_faces(
        self, picture: Picture, faces: Sequence[AnalyzedFace], collection: Collection, external: str | None, call: Call
    ) -> list[NewFace]:
        """The faces of one image, as the collection's model sees them."""
        size = messages.size_of(picture.pixels)
        found = [face.found for face in faces]
        embeddings = await self._analyzer.embed(picture, found, call.priority, collection.model)
        call.answered_by(embeddings.model_id)
        image_id = str(uuid.uuid4())
        return [
            NewFace(
                image_id=image_id,
                external_image_id=external,
                box=messages.ratio_box(face.box, size),
                confidence=face.confidence / 100,
                vector=vector,
                model=embeddings.model_id,
            )
            for face, vector in zip(faces, embeddings.vectors, strict=True)
        ]

    async def list_faces(self, request: pb.ListFacesRequest, call: Call) -> pb.ListFacesResponse:
        """The faces of a collection, in the order they came in."""
        if request.HasField("user_id"):
            raise errors.Unimplemented("UserId is not available: users of collections are not built yet.")
        page = await self._collections.list(
            call.account,
            request.collection_id,
            list(request.face_ids) or None,
            request.max_results or PAGE,
            request.next_token or None,
        )
        return pb.ListFacesResponse(
            faces=[messages.stored_face_message(face, FACE_MODEL_VERSION) for face in page.faces],
            face_model_version=FACE_MODEL_VERSION,
            next_token=page.next_token,
        )

    async def delete_faces(self, request: pb.DeleteFacesRequest, call: Call) -> pb.DeleteFacesResponse:
        """Take faces out of a collection; those that are not there are told apart."""
        wanted = list(dict.fromkeys(request.face_ids))
        deleted = await self._collections.delete(call.account, request.collection_id, wanted)
        gone = set(deleted)
        return pb.DeleteFacesResponse(
            deleted_faces=deleted,
            unsuccessful_face_deletions=[
                pb.UnsuccessfulFaceDeletion(face_id=face_id, reasons=["FACE_NOT_FOUND"])
                for face_id in wanted
                if face_id not in gone
            ],
        )

    async def search_faces(self, request: pb.SearchFacesRequest, call: Call) -> pb.SearchFacesResponse:
        """Faces of a collection that are like one of its own."""
        face, vector = await self._collections.get(call.account, request.collection_id, request.face_id)
        model = self._model(face.model)
        least = request.face_match_threshold if request.HasField("face_match_threshold") else SIMILARITY
        found = await self._search.search(
            call.account,
            request.collection_id,
            vector,
            request.max_faces or MAX_MATCHES,
            distance_of(least, model),
            exclude=face.face_id,
            model=face.model,
        )
        call.answered_by(face.model)
        return pb.SearchFacesResponse(
            searched_face_id=face.face_id,
            face_matches=[
                messages.match_message(match, similarity(match.distance, model), FACE_MODEL_VERSION) for match in found
            ],
            face_model_version=FACE_MODEL_VERSION,
        )

    async def search_faces_by_image(
        self, request: pb.SearchFacesByImageRequest, call: Call
    ) -> pb.SearchFacesByImageResponse:
        """Faces of a collection that are like the largest one of an image."""
        collection = await self._collections.describe_collection(call.account, request.collection_id)
        picture = await self._picture(request.image, call)
        (face, *_) = await self._faces_that_pass(picture, QualityFilter(request.quality_filter or "NONE"), call)
        response = pb.SearchFacesByImageResponse(
            searched_face_bounding_box=messages.box_message(
                messages.ratio_box(face.box, messages.size_of(picture.pixels))
            ),
            searched_face_confidence=face.confidence,
            face_model_version=FACE_MODEL_VERSION,
        )
        if collection.model is None:
            return response
        embedding = await self._analyzer.embed(picture, [face.found], call.priority, collection.model)
        call.answered_by(embedding.model_id)
        model = self._model(embedding.model_id)
        least = request.face_match_threshold if request.HasField("face_match_threshold") else SIMILARITY
        found = await self._search.search(
            call.account,
            request.collection_id,
            embedding.vectors[0],
            request.max_faces or MAX_MATCHES,
            distance_of(least, model),
            model=embedding.model_id,
        )
        response.face_matches.extend(
            messages.match_message(match, similarity(match.distance, model), FACE_MODEL_VERSION) for match in found
        )
        return response

    # -- tags

    async def tag_resource(self, request: pb.TagResourceRequest, call: Call) -> pb.TagResourceResponse:
        """Give a collection tags."""
        await self._platform.resources.tag(call.account, request.resource_arn, dict(request.tags))
        return pb.TagResourceResponse()

    async def untag_resource(self, request: pb.UntagResourceRequest, call: Call) -> pb.UntagResourceResponse:
        """Take tags off a collection."""
        await self._platform.resources.untag(call.account, request.resource_arn, list(request.tag_keys))
        return pb.UntagResourceResponse()

    async def list_tags_for_resource(
        self, request: pb.ListTagsForResourceRequest, call: Call
    ) -> pb.ListTagsForResourceResponse:
        """The tags of a collection."""
        tags = await self._platform.resources.list_tags(call.account, request.resource_arn)
        return pb.ListTagsForResourceResponse(tags=tags)

    # -- common to all

    async def _picture(self, image: pb.Image, call: Call) -> Picture:
        return await read_picture(messages.source_of(image), call.account, self._platform.objects)

    async def _analyzed(
        self, picture: Picture, call: Call, attributes: frozenset[FaceAttribute] = frozenset()
    ) -> FaceAnswer:
        answer = await self._analyzer.detect(picture, attributes, call.priority)
        self._answered_by(call, answer.models)
        return answer

    async def _faces_that_pass(self, picture: Picture, level: QualityFilter, call: Call) -> Sequence[AnalyzedFace]:
        """The faces that are good enough, largest first. Raises ``InvalidArgument`` where there is none."""
        size = messages.size_of(picture.pixels)
        found = (await self._analyzed(picture, call)).faces
        passing = [face for face in found if not unindexed_reasons(face, level, size)]
        if not passing:
            raise errors.InvalidArgument(
                "There is no face in the image." if not found else "No face of the image passes the QualityFilter."
            )
        return passing

    def _model(self, model_id: str) -> CatalogEntry:
        entry = self._platform.catalog.get(model_id)
        if entry is None:
            raise errors.ModelNotInstalled(
                f"The faces were indexed with the model {model_id}, which this catalog does not have."
            )
        return entry

    @staticmethod
    def _answered_by(call: Call, models: Sequence[str]) -> None:
        for model in models:
            call.answered_by(model)


def _attributes(names: Sequence[str]) -> frozenset[FaceAttribute]:
    return frozenset(FaceAttribute(name) for name in names)
