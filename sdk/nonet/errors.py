"""The exceptions that calls raise: the one tree of ``shared.errors``, under the SDK's own name."""

from shared.errors import *  # noqa: F403
