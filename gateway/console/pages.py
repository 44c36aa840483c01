"""Routes below /_nonet/."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.contract.apis import all_apis
from shared.platform import Platform
from shared.rpc.host import ServiceHost

CONSOLE_PREFIX = "/_nonet/"


def console_app(platform: Platform, host: ServiceHost, draining: Mapping[str, bool]) -> Starlette:
    """The console's ASGI app. ``draining["now"]`` turns readiness off while the process shuts down."""

    async def live(request: Request) -> Response:
        return JSONResponse({"status": "live"})

    async def ready(request: Request) -> Response:
        if draining["now"]:
            return JSONResponse({"status": "draining"}, 503)
        return JSONResponse({"status": "ready"})

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    async def status(request: Request) -> Response:
        services = {
            api.package: "mounted" if host.mounted(api) else host.upstream(api) or "not built"
            for api in all_apis().values()
        }
        models = [
            {"model": model, "device": device, "leases": leases} for model, device, leases in platform.runtime.loaded()
        ]
        return JSONResponse({"services": services, "models": models})

    return Starlette(
        routes=[
            Route(f"{CONSOLE_PREFIX}live", live),
            Route(f"{CONSOLE_PREFIX}ready", ready),
            Route(f"{CONSOLE_PREFIX}metrics", metrics),
            Route(f"{CONSOLE_PREFIX}status", status),
        ]
    )
