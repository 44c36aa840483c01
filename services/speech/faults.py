"""Polly's own errors, by the codes that its operations document."""

from __future__ import annotations

from shared import errors


def invalid_ssml(message: str) -> errors.InvalidArgument:
    """SSML that is malformed, or asks for what no installed engine can do."""
    return errors.InvalidArgument(message, aws_code="InvalidSsmlException")


def invalid_lexicon(message: str) -> errors.InvalidArgument:
    """A lexicon that is no pronunciation lexicon."""
    return errors.InvalidArgument(message, aws_code="InvalidLexiconException")


def text_too_long(message: str) -> errors.TextSizeLimitExceeded:
    """More characters than one request may have."""
    return errors.TextSizeLimitExceeded(message, aws_code="TextLengthExceededException")
