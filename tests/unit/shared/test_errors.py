"""Every error class through every face, and the tree against its drawing."""

from __future__ import annotations

import inspect
import pickle
import re

import grpc
import pytest

from shared import errors
from shared.rpc import status

CLASSES = list(errors.error_classes())


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda cls: cls.__name__)
def test_a_class_says_what_each_face_needs(error_class: type[errors.NonetError]) -> None:
    error = error_class("why")
    assert grpc.StatusCode[error.grpc_code] is not grpc.StatusCode.OK
    assert 400 <= error.http_status < 600
    assert (error.http_status >= 500) == (
        error.grpc_code in ("INTERNAL", "UNAVAILABLE", "UNIMPLEMENTED")
    ) or isinstance(error, errors.UnknownOperation)
    assert re.fullmatch(r"[A-Z][A-Za-z0-9]+", error.aws_code)


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda cls: cls.__name__)
def test_a_class_survives_grpc(error_class: type[errors.NonetError]) -> None:
    class Failure(grpc.RpcError):
        def code(self) -> grpc.StatusCode:
            return grpc.StatusCode[error_class.grpc_code]

        def details(self) -> str:
            return status.details(error_class("why"))

        def trailing_metadata(self) -> tuple[tuple[str, str], ...]:
            return status.trailers(error_class("why"), None)

    back = status.error_of(Failure())
    assert type(back) is error_class
    assert back.message == "why"


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda cls: cls.__name__)
def test_a_class_survives_a_pipe(error_class: type[errors.NonetError]) -> None:
    back = pickle.loads(pickle.dumps(error_class("why", aws_code="Special")))
    assert (type(back), back.message, back.explicit_aws_code) == (error_class, "why", "Special")


def test_the_drawing_shows_the_tree() -> None:
    drawn = re.findall(r"^[ |]*(?:\+- )?([A-Z]\w+)(?=\s{2,}|$)", inspect.getdoc(errors) or "", re.MULTILINE)
    assert drawn == [cls.__name__ for cls in CLASSES]


def test_the_documented_code_is_chosen() -> None:
    error = errors.TextSizeLimitExceeded("too long")
    assert (
        error.aws_code_for({"InvalidRequestException", "TextSizeLimitExceededException"})
        == "TextSizeLimitExceededException"
    )
    assert error.aws_code_for({"InvalidRequestException"}) == "InvalidRequestException"
    assert error.aws_code_for({"SomethingElse"}) == "TextSizeLimitExceededException"
    assert errors.InvalidArgument("x", aws_code="NoSuchKey").aws_code_for({"ValidationException"}) == "NoSuchKey"
