"""Where the functions are that stand in the place of Lambda's: the setting ``functions``, by name, alias or ARN."""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(
    r"(?:(?:arn:[a-z0-9-]+:lambda:)?(?:[a-z0-9-]+:)?(?:[\w-]+:)?function:)?([\w-]{1,140})(?::([$\w-]{1,129}))?"
)
EMULATOR_PATH = "/2015-03-31/functions/function/invocations"


def split_function_name(name: str) -> tuple[str, str] | None:
    """Name and qualifier ("" without) of a function's name or ARN; None where it is malformed."""
    match = _NAME.fullmatch(name)
    return (match[1], match[2] or "") if match is not None else None


def function_url(functions: Mapping[str, str], name: str, qualifier: str) -> str | None:
    """The endpoint of a function in ``Settings.functions``; one of its qualifier goes before one of the bare name."""
    for form in ([f"{name}:{qualifier}"] if qualifier else []) + [name]:
        for known, url in functions.items():
            if known == form or known.endswith(f":function:{form}"):
                return url
    return None
