"""Face collections through boto3: everything that the API says of them."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.answers import Recorder
from tests.contract.vision.test_faces import photo, scenery
from tests.running import client, nonet
from tests.vision_models import put_models


@pytest.fixture(scope="module")
def people(photographs: Path) -> Path:
    return photographs / "faces_ageitgey"


@pytest.fixture
def filled(rekognition: Recorder, collection: str, people: Path) -> dict[str, list[str]]:
    """Photograph -> ids of its faces in the collection."""
    ids = {}
    for name in ("obama.jpg", "obama2.jpg", "biden.jpg", "alex-lacamoire.png", "lin-manuel-miranda.png"):
        answer = rekognition.ask(
            "index_faces", CollectionId=collection, Image=photo(people / name), ExternalImageId=name, MaxFaces=1
        )
        ids[name] = [record["Face"]["FaceId"] for record in answer["FaceRecords"]]
        assert len(ids[name]) == 1
    return ids


def code_of(call: Any, **parameters: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return str(caught.value.response["Error"]["Code"])


def test_collections_come_and_go(rekognition: Recorder, people: Path) -> None:
    name = f"staff.{uuid.uuid4().hex[:8]}_A-1"
    made = rekognition.ask("create_collection", CollectionId=name, Tags={"team": "a"})
    assert made["StatusCode"] == 200 and made["CollectionArn"].endswith(f":collection/{name}")
    assert code_of(rekognition.client.create_collection, CollectionId=name) == "ResourceAlreadyExistsException"
    told = rekognition.ask("describe_collection", CollectionId=name)
    assert told["FaceCount"] == 0 and told["CollectionARN"] == made["CollectionArn"]
    rekognition.ask("index_faces", CollectionId=name, Image=photo(people / "two_people.jpg"))
    assert rekognition.ask("describe_collection", CollectionId=name)["FaceCount"] == 2
    assert name in rekognition.ask("list_collections")["CollectionIds"]
    assert rekognition.ask("list_tags_for_resource", ResourceArn=made["CollectionArn"])["Tags"] == {"team": "a"}
    rekognition.ask("tag_resource", ResourceArn=made["CollectionArn"], Tags={"floor": "2"})
    rekognition.ask("untag_resource", ResourceArn=made["CollectionArn"], TagKeys=["team"])
    assert rekognition.ask("list_tags_for_resource", ResourceArn=made["CollectionArn"])["Tags"] == {"floor": "2"}
    assert rekognition.ask("delete_collection", CollectionId=name)["StatusCode"] == 200
    for operation in ("describe_collection", "delete_collection", "list_faces"):
        assert code_of(getattr(rekognition.client, operation), CollectionId=name) == "ResourceNotFoundException"
    # A collection of the same name begins empty.
    rekognition.ask("create_collection", CollectionId=name)
    assert rekognition.ask("list_faces", CollectionId=name)["Faces"] == []
    rekognition.ask("delete_collection", CollectionId=name)


def test_pages_of_collections(rekognition: Recorder) -> None:
    made = [f"page-{uuid.uuid4().hex[:8]}" for _ in range(3)]
    for name in made:
        rekognition.ask("create_collection", CollectionId=name)
    seen: list[str] = []
    for page in rekognition.client.get_paginator("list_collections").paginate(PaginationConfig={"PageSize": 2}):
        assert len(page["CollectionIds"]) == len(page["FaceModelVersions"]) <= 2
        seen += page["CollectionIds"]
    assert [name for name in seen if name in made] == made
    assert code_of(rekognition.client.list_collections, NextToken="x") == "InvalidPaginationTokenException"
    for name in made:
        rekognition.ask("delete_collection", CollectionId=name)


def test_what_indexing_tells(rekognition: Recorder, collection: str, people: Path) -> None:
    answer = rekognition.ask(
        "index_faces",
        CollectionId=collection,
        Image=photo(people / "two_people.jpg"),
        ExternalImageId="meeting:1",
        MaxFaces=1,
        DetectionAttributes=["GENDER"],
    )
    (record,), (left,) = answer["FaceRecords"], answer["UnindexedFaces"]
    assert left["Reasons"] == ["EXCEEDS_MAX_FACES"]
    assert record["Face"]["ExternalImageId"] == "meeting:1"
    assert record["Face"]["BoundingBox"] == pytest.approx(record["FaceDetail"]["BoundingBox"])
    assert record["FaceDetail"]["Gender"]["Value"] == "Male"
    listed = rekognition.ask("list_faces", CollectionId=collection)["Faces"]
    assert [face["FaceId"] for face in listed] == [record["Face"]["FaceId"]]
    assert listed[0].keys() == record["Face"].keys() and listed[0]["ImageId"] == record["Face"]["ImageId"]
    assert listed[0]["BoundingBox"] == pytest.approx(record["Face"]["BoundingBox"])
    nothing = rekognition.ask("index_faces", CollectionId=collection, Image=scenery())
    assert nothing["FaceRecords"] == [] and nothing["UnindexedFaces"] == []


def test_the_collection_keeps_people_apart(
    rekognition: Recorder, collection: str, filled: dict[str, list[str]], people: Path
) -> None:
    obama, other = filled["obama.jpg"][0], filled["obama2.jpg"][0]
    found = rekognition.ask("search_faces", CollectionId=collection, FaceId=obama)
    assert found["SearchedFaceId"] == obama
    assert [match["Face"]["FaceId"] for match in found["FaceMatches"]] == [other]
    for name in ("biden.jpg", "alex-lacamoire.png", "lin-manuel-miranda.png"):
        answer = rekognition.ask("search_faces", CollectionId=collection, FaceId=filled[name][0])
        assert answer["FaceMatches"] == [], name
    by_image = rekognition.ask(
        "search_faces_by_image", CollectionId=collection, Image=photo(people / "obama3.jpg"), MaxFaces=5
    )
    assert {match["Face"]["FaceId"] for match in by_image["FaceMatches"]} == {obama, other}
    assert by_image["SearchedFaceConfidence"] > 50 and by_image["SearchedFaceBoundingBox"]["Width"] > 0
    likenesses = [match["Similarity"] for match in by_image["FaceMatches"]]
    assert likenesses == sorted(likenesses, reverse=True) and min(likenesses) >= 80
    one = rekognition.ask(
        "search_faces_by_image", CollectionId=collection, Image=photo(people / "obama3.jpg"), MaxFaces=1
    )
    assert len(one["FaceMatches"]) == 1
    everybody = rekognition.ask(
        "search_faces_by_image", CollectionId=collection, Image=photo(people / "obama3.jpg"), FaceMatchThreshold=0
    )
    assert len(everybody["FaceMatches"]) == 5


def test_deleted_faces_are_gone_at_once(rekognition: Recorder, collection: str, filled: dict[str, list[str]]) -> None:
    obama, other = filled["obama.jpg"][0], filled["obama2.jpg"][0]
    unknown = str(uuid.uuid4())
    answer = rekognition.ask("delete_faces", CollectionId=collection, FaceIds=[other, unknown])
    assert answer["DeletedFaces"] == [other]
    (left,) = answer["UnsuccessfulFaceDeletions"]
    assert left["FaceId"] == unknown and left["Reasons"] == ["FACE_NOT_FOUND"]
    assert rekognition.ask("search_faces", CollectionId=collection, FaceId=obama)["FaceMatches"] == []
    assert code_of(rekognition.client.search_faces, CollectionId=collection, FaceId=other) == "InvalidParameterException"
    assert rekognition.ask("describe_collection", CollectionId=collection)["FaceCount"] == 4


def test_pages_of_faces(rekognition: Recorder, collection: str, filled: dict[str, list[str]]) -> None:
    ids = [face_id for faces in filled.values() for face_id in faces]
    seen: list[str] = []
    for page in rekognition.client.get_paginator("list_faces").paginate(
        CollectionId=collection, PaginationConfig={"PageSize": 2}
    ):
        assert len(page["Faces"]) <= 2
        seen += [face["FaceId"] for face in page["Faces"]]
    assert seen == ids
    some = rekognition.ask("list_faces", CollectionId=collection, FaceIds=[ids[3], ids[0]])
    assert [face["FaceId"] for face in some["Faces"]] == [ids[0], ids[3]]


def test_nobody_in_the_picture(rekognition: Recorder, collection: str) -> None:
    code = code_of(rekognition.client.search_faces_by_image, CollectionId=collection, Image=scenery())
    assert code == "InvalidParameterException"


def test_an_empty_collection_has_no_matches(rekognition: Recorder, collection: str, people: Path) -> None:
    answer = rekognition.ask("search_faces_by_image", CollectionId=collection, Image=photo(people / "obama.jpg"))
    assert answer["FaceMatches"] == []


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("create_collection", {"CollectionId": "white space"}),
        ("create_collection", {"CollectionId": "x" * 256}),
        ("search_faces", {"CollectionId": "people", "FaceId": "not-an-id"}),
        ("delete_faces", {"CollectionId": "people", "FaceIds": ["not-an-id"]}),
        ("list_faces", {"CollectionId": "people", "MaxResults": 4097}),
    ],
)
def test_parameters_out_of_range(rekognition: Recorder, operation: str, parameters: dict[str, Any]) -> None:
    assert code_of(getattr(rekognition.client, operation), **parameters) == "InvalidParameterException"


def test_accounts_do_not_see_each_other(tmp_path: Path, people: Path) -> None:
    principals = tmp_path / "principals.toml"
    principals.write_text(
        "".join(
            f'[[principal]]\nname = "{name}"\naccount = "{digit * 12}"\naccess_key_id = "AKIA{name}"\n'
            f'secret_access_key = "secret-{name}"\n'
            for name, digit in (("ONE", "1"), ("TWO", "2"))
        )
    )
    put_models(tmp_path)
    with nonet(tmp_path, services="vision", principals_file=principals) as addresses:
        one, two = (
            client("rekognition", addresses, aws_access_key_id=f"AKIA{name}", aws_secret_access_key=f"secret-{name}")
            for name in ("ONE", "TWO")
        )
        one.create_collection(CollectionId="mine")
        one.index_faces(CollectionId="mine", Image=photo(people / "obama.jpg"))
        for operation, given in (
            ("describe_collection", {}),
            ("list_faces", {}),
            ("search_faces_by_image", {"Image": photo(people / "obama.jpg")}),
            ("index_faces", {"Image": photo(people / "obama.jpg")}),
            ("delete_collection", {}),
        ):
            assert code_of(getattr(two, operation), CollectionId="mine", **given) == "ResourceNotFoundException"
        assert two.list_collections()["CollectionIds"] == []
        two.create_collection(CollectionId="mine")
        assert two.describe_collection(CollectionId="mine")["FaceCount"] == 0
        assert one.describe_collection(CollectionId="mine")["FaceCount"] == 1
