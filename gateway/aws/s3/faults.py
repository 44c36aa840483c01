"""The S3 face of ``shared.errors``: S3 has codes and HTTP statuses of its own."""

from __future__ import annotations

from shared import errors

#: Statuses of S3's codes where they are not 400.
_STATUS = {
    "AccessDenied": 403,
    "BucketAlreadyExists": 409,
    "BucketAlreadyOwnedByYou": 409,
    "BucketNotEmpty": 409,
    "InternalError": 500,
    "InvalidAccessKeyId": 403,
    "InvalidRange": 416,
    "MissingContentLength": 411,
    "NoSuchBucket": 404,
    "NoSuchKey": 404,
    "NoSuchUpload": 404,
    "NotImplemented": 501,
    "NotModified": 304,
    "OperationAborted": 409,
    "PreconditionFailed": 412,
    "ServiceUnavailable": 503,
    "SignatureDoesNotMatch": 403,
    "SlowDown": 503,
}

#: S3's words for our classes; the first that fits, so the narrow ones come first. These win over codes that the
#: gateway's authentication names, because those are the JSON services' words.
_AUTHENTICATION = (
    (errors.InvalidSignature, "SignatureDoesNotMatch"),
    (errors.ExpiredToken, "AccessDenied"),
    (errors.Unauthenticated, "InvalidAccessKeyId"),
)
_CODES = (
    (errors.PermissionDenied, "AccessDenied"),
    (errors.Aborted, "OperationAborted"),
    (errors.LimitExceeded, "InvalidRequest"),
    (errors.ResourceExhausted, "SlowDown"),
    (errors.Unavailable, "ServiceUnavailable"),
    (errors.Unimplemented, "NotImplemented"),
    (errors.Cancelled, "RequestTimeout"),
    (errors.DeadlineExceeded, "RequestTimeout"),
    (errors.FailedPrecondition, "PreconditionFailed"),
    (errors.InvalidArgument, "InvalidArgument"),
    (errors.NotFound, "NoSuchKey"),
)


def code_and_status(error: errors.NonetError) -> tuple[str, int]:
    """S3's code and the HTTP status of an error."""
    if error.explicit_aws_code == "MissingAuthenticationTokenException":
        return "AccessDenied", _STATUS["AccessDenied"]
    code = _word(error, _AUTHENTICATION) or error.explicit_aws_code or _word(error, _CODES) or "InternalError"
    return code, _STATUS.get(code, 400)


def _word(error: errors.NonetError, table: tuple[tuple[type[errors.NonetError], str], ...]) -> str | None:
    return next((code for kind, code in table if isinstance(error, kind)), None)
