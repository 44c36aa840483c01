"""Routes below /_nonet/: the console, health, metrics, and what runs where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared import errors
from shared.contract import options
from shared.contract.apis import Api, Operation, all_apis
from shared.platform import Platform
from shared.rpc.host import ServiceHost

CONSOLE_PREFIX = "/_nonet/"
FOLDER = Path(__file__).parent
#: Path below the prefix -> file and its type.
PAGES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "see": ("see.html", "text/html; charset=utf-8"),
    "voice": ("voice.html", "text/html; charset=utf-8"),
    "microphone.js": ("microphone.js", "text/javascript; charset=utf-8"),
}
#: The pages have no outside parts, and nobody may put them into a frame.
PAGE_HEADERS = {
    "content-security-policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src 'self' blob:; "
    "connect-src 'self' ws: wss:; frame-ancestors 'none'"
}


def console_app(platform: Platform, host: ServiceHost, draining: Mapping[str, bool]) -> Starlette:
    """The console's ASGI app. ``draining["now"]`` turns readiness off while the process shuts down."""

    async def page(request: Request) -> Response:
        name, media_type = PAGES[request.url.path.removeprefix(CONSOLE_PREFIX)]
        return Response((FOLDER / name).read_text(encoding="utf-8"), headers=PAGE_HEADERS, media_type=media_type)

    async def live(request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(request: Request) -> Response:
        if draining["now"]:
            return JSONResponse({"status": "draining"}, 503)
        return JSONResponse({"status": "ready"})

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def status(request: Request) -> Response:
        services = [await _service(host, api) for api in sorted(all_apis().values(), key=lambda api: api.client)]
        models = [
            {"model": model, "device": device, "leases": leases} for model, device, leases in platform.runtime.loaded()
        ]
        return JSONResponse({"services": services, "models": models})

    return Starlette(
        routes=[
            *(Route(f"{CONSOLE_PREFIX}{path}", page) for path in PAGES),
            Route(f"{CONSOLE_PREFIX}live", live),
            Route(f"{CONSOLE_PREFIX}ready", ready),
            Route(f"{CONSOLE_PREFIX}metrics", metrics),
            Route(f"{CONSOLE_PREFIX}status", status),
        ]
    )


async def _service(host: ServiceHost, api: Api) -> dict[str, Any]:
    """One row: where an API is answered, and which of its operations are built."""
    operations: list[dict[str, Any]] = []
    where = host.upstream(api) or ("here" if host.mounted(api) else "not built yet")
    if host.mounted(api):
        try:
            servicer = await host.servicer(api)
            operations = [_operation(op) for op in api.operations.values() if hasattr(servicer, op.method_name)]
        except errors.NonetError as error:
            where = error.message
    return {
        "client": api.client,
        "service": api.full_name,
        "target_prefix": api.target_prefix,
        "where": where,
        "operations": operations,
    }


def _operation(operation: Operation) -> dict[str, Any]:
    descriptor: Any = operation.request_class.DESCRIPTOR
    required = [field.json_name for field in descriptor.fields if options.constraint(field).required]
    return {"name": operation.name, "required": required}
