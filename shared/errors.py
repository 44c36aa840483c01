"""Every error a caller can get, drawn as one tree.

    NonetError
     +- InvalidArgument                  a member is missing, malformed or out of range
     |   +- TextSizeLimitExceeded        text longer than the operation takes
     |   +- BatchSizeLimitExceeded       more documents in a batch than the operation takes
     |   +- UnsupportedLanguage          no installed model knows the language
     |   +- UnsupportedDisplayLanguage   display names asked for in a language we do not have
     |   +- DetectedLanguageLowConfidence
     |   +- InvalidImageFormat           image bytes that no decoder reads
     |   +- ImageTooLarge
     |   +- UnsupportedDocument          a document format we do not read
     |   +- BadDocument                  a document that is damaged or has no pages
     |   +- DocumentTooLarge
     |   +- InvalidObject                the S3 object of a request cannot be read
     |   +- InvalidJobId
     |   +- IdempotentParameterMismatch  a client token used again with other parameters
     |   +- InvalidPaginationToken
     |   +- MalformedRequest             the body is not what the protocol says
     +- Unauthenticated                  who is calling is not known
     |   +- InvalidSignature
     |   +- ExpiredToken
     +- PermissionDenied
     +- NotFound
     |   +- UnknownOperation             nobody has a method of that name
     +- AlreadyExists
     |   +- ResourceInUse
     +- Aborted                          somebody else changed the resource first
     +- FailedPrecondition               the request is fine, this installation is not ready for it
     |   +- ModelNotInstalled            names the command that pulls one
     |   +- EngineNotInstalled           names the command that installs one
     +- ResourceExhausted                refused at the door: a queue or a quota is full
     |   +- LimitExceeded                the account has as many of these as it may have
     +- Cancelled
     +- DeadlineExceeded
     +- Unimplemented                    the contract has it, this version does not
     +- Unavailable                      try again
     |   +- ShuttingDown
     +- Internal                         a defect of ours

Each class carries what the three faces need: ``grpc_code`` (the name of a gRPC status), ``aws_code`` and
``http_status``. A class that stands for a category (``InvalidArgument``, ``NotFound`` ...) also lists
``aws_aliases``: the names by which the AWS services know that category, because each service has a name of its
own. ``aws_code_for`` picks the one that an operation documents.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import ClassVar


class NonetError(Exception):
    """The root. ``message`` is shown to the caller: it says what to do next and never quotes request contents."""

    grpc_code: ClassVar[str] = "INTERNAL"
    aws_code: ClassVar[str] = "InternalServerException"
    aws_aliases: ClassVar[tuple[str, ...]] = ()
    http_status: ClassVar[int] = 500
    #: Whether a client may send the same request again.
    retryable: ClassVar[bool] = False

    def __init__(
        self, message: str, *, aws_code: str | None = None, members: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        #: An AWS code that only the raising service knows; it wins over the class's own.
        self.explicit_aws_code = aws_code
        #: What the AWS wire's error has beside its message, "DetectedLanguageCode".
        self.members = dict(members or {})

    def aws_code_for(self, documented: Collection[str]) -> str:
        """The AWS error code among ``documented`` (an operation's own list) that says this error best."""
        if self.explicit_aws_code is not None:
            return self.explicit_aws_code
        for candidate in (self.aws_code, *self.aws_aliases):
            if candidate in documented:
                return candidate
        # A refinement that the operation does not document is told as its category, if it documents that.
        for ancestor in type(self).__mro__[1:]:
            if ancestor is NonetError or not issubclass(ancestor, NonetError):
                break
            for candidate in (ancestor.aws_code, *ancestor.aws_aliases):
                if candidate in documented:
                    return candidate
        return self.aws_code


class InvalidArgument(NonetError):
    grpc_code = "INVALID_ARGUMENT"
    aws_code = "ValidationException"
    aws_aliases: ClassVar[tuple[str, ...]] = (
        "InvalidParameterException",
        "InvalidParameterValueException",
        "InvalidRequestException",
        "InvalidInputException",
        "BadRequestException",
    )
    http_status = 400


class TextSizeLimitExceeded(InvalidArgument):
    aws_code = "TextSizeLimitExceededException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("TextLengthExceededException", "LimitExceededException")


class BatchSizeLimitExceeded(InvalidArgument):
    aws_code = "BatchSizeLimitExceededException"


class UnsupportedLanguage(InvalidArgument):
    aws_code = "UnsupportedLanguageException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("UnsupportedLanguagePairException", "LanguageNotSupportedException")


class UnsupportedDisplayLanguage(InvalidArgument):
    aws_code = "UnsupportedDisplayLanguageCodeException"


class DetectedLanguageLowConfidence(InvalidArgument):
    aws_code = "DetectedLanguageLowConfidenceException"


class InvalidImageFormat(InvalidArgument):
    aws_code = "InvalidImageFormatException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("UnsupportedDocumentException",)


class ImageTooLarge(InvalidArgument):
    aws_code = "ImageTooLargeException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("DocumentTooLargeException",)


class UnsupportedDocument(InvalidArgument):
    aws_code = "UnsupportedDocumentException"


class BadDocument(InvalidArgument):
    aws_code = "BadDocumentException"


class DocumentTooLarge(InvalidArgument):
    aws_code = "DocumentTooLargeException"


class InvalidObject(InvalidArgument):
    aws_code = "InvalidS3ObjectException"


class InvalidJobId(InvalidArgument):
    aws_code = "InvalidJobIdException"


class IdempotentParameterMismatch(InvalidArgument):
    aws_code = "IdempotentParameterMismatchException"


class InvalidPaginationToken(InvalidArgument):
    aws_code = "InvalidPaginationTokenException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("InvalidNextTokenException", "InvalidToken")


class MalformedRequest(InvalidArgument):
    aws_code = "SerializationException"

    def aws_code_for(self, documented: Collection[str]) -> str:
        """The protocol's own code: no operation documents it, and none of theirs says the same."""
        return self.aws_code


class Unauthenticated(NonetError):
    grpc_code = "UNAUTHENTICATED"
    aws_code = "UnrecognizedClientException"
    http_status = 403


class InvalidSignature(Unauthenticated):
    aws_code = "InvalidSignatureException"


class ExpiredToken(Unauthenticated):
    aws_code = "ExpiredTokenException"


class PermissionDenied(NonetError):
    grpc_code = "PERMISSION_DENIED"
    aws_code = "AccessDeniedException"
    http_status = 403


class NotFound(NonetError):
    grpc_code = "NOT_FOUND"
    aws_code = "ResourceNotFoundException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("NotFoundException", "PreconditionFailedException")
    http_status = 400


class UnknownOperation(NotFound):
    grpc_code = "UNIMPLEMENTED"
    aws_code = "UnknownOperationException"
    http_status = 404


class AlreadyExists(NonetError):
    grpc_code = "ALREADY_EXISTS"
    aws_code = "ResourceAlreadyExistsException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("ConflictException", "ResourceInUseException")
    http_status = 400


class ResourceInUse(AlreadyExists):
    grpc_code = "FAILED_PRECONDITION"
    aws_code = "ResourceInUseException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("ConflictException", "PreconditionFailedException")


class Aborted(NonetError):
    grpc_code = "ABORTED"
    aws_code = "ConcurrentModificationException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("ConflictException",)
    http_status = 400
    retryable = True


class FailedPrecondition(NonetError):
    grpc_code = "FAILED_PRECONDITION"
    aws_code = "FailedPreconditionException"
    aws_aliases: ClassVar[tuple[str, ...]] = (
        "ResourceUnavailableException",
        "ResourceNotReadyException",
        "PreconditionFailedException",
    )
    http_status = 400


class ModelNotInstalled(FailedPrecondition):
    aws_code = "ModelNotInstalledException"


class EngineNotInstalled(FailedPrecondition):
    aws_code = "EngineNotInstalledException"


class ResourceExhausted(NonetError):
    grpc_code = "RESOURCE_EXHAUSTED"
    aws_code = "ThrottlingException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("TooManyRequestsException", "ProvisionedThroughputExceededException")
    http_status = 400
    retryable = True


class LimitExceeded(ResourceExhausted):
    aws_code = "LimitExceededException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("ServiceQuotaExceededException", "ResourceLimitExceededException")
    retryable = False


class Cancelled(NonetError):
    grpc_code = "CANCELLED"
    aws_code = "RequestCancelledException"
    http_status = 499


class DeadlineExceeded(NonetError):
    grpc_code = "DEADLINE_EXCEEDED"
    aws_code = "RequestTimeoutException"
    http_status = 408
    retryable = True


class Unimplemented(NonetError):
    grpc_code = "UNIMPLEMENTED"
    aws_code = "NotImplementedException"
    http_status = 501


class Unavailable(NonetError):
    grpc_code = "UNAVAILABLE"
    aws_code = "ServiceUnavailableException"
    aws_aliases: ClassVar[tuple[str, ...]] = ("ServiceUnavailable",)
    http_status = 503
    retryable = True


class ShuttingDown(Unavailable):
    pass


class Internal(NonetError):
    aws_code = "InternalServerException"
    aws_aliases: ClassVar[tuple[str, ...]] = (
        "InternalServerError",
        "InternalServiceException",
        "InternalFailureException",
        "InternalFailure",
        "ServiceFailureException",
        "InternalServiceError",
    )


def error_classes(root: type[NonetError] = NonetError) -> Iterator[type[NonetError]]:
    """Every class of the tree, the root first."""
    yield root
    for subclass in root.__subclasses__():
        yield from error_classes(subclass)
