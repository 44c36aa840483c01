"""Coverage-guided fuzzing of what parses bodies: ``python tests/fuzz/transcoder.py -max_total_time=60``."""

from __future__ import annotations

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["gateway", "shared.contract"]):
    from gateway.aws.protocols import build_response, parse_request
    from gateway.aws.router import CBOR, JSON, Router, Target
    from gateway.http import Request
    from shared import errors
    from shared.contract.apis import all_apis
    from shared.contract.validation import validate

OPERATIONS = sorted((op.path, op) for api in all_apis().values() for op in api.operations.values())
ROUTER = Router(all_apis().values())


def one_input(data: bytes) -> None:
    provider = atheris.FuzzedDataProvider(data)
    _, operation = OPERATIONS[provider.ConsumeIntInRange(0, len(OPERATIONS) - 1)]
    protocol = provider.PickValueInList([JSON, CBOR])
    path = "/" + provider.ConsumeUnicodeNoSurrogates(12)
    body = provider.ConsumeBytes(provider.remaining_bytes())
    scope = {"method": "POST", "path": path, "query_string": body[:20], "headers": [(b"x-amz-target", body[:30])]}
    request = Request(scope, None)  # type: ignore[arg-type]
    with contextlib.suppress(errors.NonetError):
        ROUTER.find(request.method, request.raw_path, request.headers, None)
    try:
        message = parse_request(Target(operation, protocol), request, body)
        validate(message)
    except errors.NonetError:
        return
    answer = operation.response_class.FromString(b"")
    build_response(Target(operation, protocol), answer)


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
