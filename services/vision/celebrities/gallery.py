"""A gallery of people, one for all accounts. Their faces are a collection of an account that nobody can have."""

from __future__ import annotations

import contextlib
import json
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.vision.collections.faces import NewFace, Vector
from services.vision.collections.search import FaceSearch
from services.vision.collections.store import FaceCollections
from shared import errors
from shared.storage.resources import Resource, ResourceKind, ResourceStore

#: Accounts of callers have twelve digits.
ACCOUNT = "nonet"
COLLECTION = "celebrities"
CELEBRITY = ResourceKind("rekognition.celebrity", service="rekognition", resource="celebrity/{name}")
#: What the API can say of somebody's gender.
GENDERS = ("Male", "Female", "Nonbinary", "Unlisted")
_ALPHABET = string.ascii_letters + string.digits
_ID_LENGTH = 10
#: Faces looked at for a match: more than one, as somebody may be taken out between two looks.
_CANDIDATES = 5
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Celebrity:
    """Somebody in the gallery. ``known_gender`` is one of GENDERS or None; ``face_ids``: one a photo."""

    id: str
    name: str
    urls: tuple[str, ...]
    known_gender: str | None
    face_ids: tuple[str, ...]

    @classmethod
    def of(cls, resource: Resource) -> Celebrity:
        fields = json.loads(resource.document)
        return cls(
            resource.name, fields["name"], tuple(fields["urls"]), fields["known_gender"], tuple(fields["face_ids"])
        )

    def to_bytes(self) -> bytes:
        """The resource's document."""
        fields = {
            "name": self.name,
            "urls": self.urls,
            "known_gender": self.known_gender,
            "face_ids": self.face_ids,
        }
        return json.dumps(fields).encode()


class CelebrityGallery:
    """Adds, removes, lists and recognizes. Every process on the database sees a change at once."""

    def __init__(self, collections: FaceCollections, search: FaceSearch, resources: ResourceStore) -> None:
        self._collections = collections
        self._search = search
        self._resources = resources

    async def model_id(self) -> str | None:
        """The model that the gallery's vectors are of; None while nobody is in it."""
        try:
            return (await self._collections.describe_collection(ACCOUNT, COLLECTION)).model
        except errors.NotFound:
            return None

    async def add(
        self, name: str, urls: Sequence[str], known_gender: str | None, faces: Sequence[NewFace]
    ) -> Celebrity:
        """Put somebody in, with at least one face.

        Raises ``InvalidArgument`` for no name, no faces or an unknown gender, ``FailedPrecondition`` for vectors of
        another model than the gallery's.
        """
        if not name.strip():
            raise errors.InvalidArgument("Somebody is known by a name: give one.")
        if not faces:
            raise errors.InvalidArgument("Somebody is known by at least one photo: give one.")
        if known_gender is not None and known_gender not in GENDERS:
            raise errors.InvalidArgument(f"A known gender is one of {', '.join(GENDERS)}.")
        celebrity_id = "".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH))
        face_ids = tuple(face.face_id for face in faces)
        celebrity = Celebrity(celebrity_id, name, tuple(urls), known_gender, face_ids)
        await self._open()
        # The entry before the faces: a face is never without one, and an entry without faces can be removed.
        await self._resources.create(ACCOUNT, CELEBRITY, celebrity_id, celebrity.to_bytes())
        try:
            await self._collections.add(
                ACCOUNT, COLLECTION, [replace(face, external_image_id=celebrity_id) for face in faces]
            )
        except errors.NonetError:
            await self._resources.delete(ACCOUNT, CELEBRITY, celebrity_id)
            raise
        return celebrity

    async def remove(self, celebrity_id: str) -> Celebrity:
        """Take somebody out. Raises ``NotFound``."""
        celebrity = await self.get(celebrity_id)
        await self._collections.delete(ACCOUNT, COLLECTION, celebrity.face_ids)
        await self._resources.delete(ACCOUNT, CELEBRITY, celebrity_id)
        return celebrity

    async def list(self) -> Sequence[Celebrity]:
        """Everybody, in the order they came in."""
        found: list[Celebrity] = []
        token: str | None = None
        while True:
            page = await self._resources.list(ACCOUNT, CELEBRITY, max_results=_PAGE, next_token=token)
            found += map(Celebrity.of, page.resources)
            token = page.next_token
            if token is None:
                return found

    async def get(self, celebrity_id: str) -> Celebrity:
        """Raises ``NotFound``."""
        try:
            return Celebrity.of(await self._resources.get(ACCOUNT, CELEBRITY, celebrity_id))
        except errors.NotFound:
            raise errors.NotFound("The gallery has nobody of that id.") from None

    async def match(self, vector: Vector, max_distance: float) -> tuple[Celebrity, float] | None:
        """Whose face is nearest to a vector of the gallery's model, and how far; None beyond ``max_distance``."""
        try:
            found = await self._search.search(ACCOUNT, COLLECTION, vector, _CANDIDATES, max_distance)
        except errors.NotFound:
            return None
        for face, distance in found:
            try:
                return await self.get(face.external_image_id or ""), distance
            except errors.NotFound:
                continue
        return None

    async def _open(self) -> None:
        try:
            await self._collections.describe_collection(ACCOUNT, COLLECTION)
        except errors.NotFound:
            with contextlib.suppress(errors.AlreadyExists):  # another process may be first
                await self._collections.create_collection(ACCOUNT, COLLECTION)
