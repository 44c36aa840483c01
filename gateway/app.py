"""The HTTP face: every request passes ``Gateway.answer``, whose steps are one list from top to bottom."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.aws.authentication import Authenticator
from gateway.aws.endpoint import OperationEndpoint
from gateway.aws.live_transcription import PATH as LIVE_TRANSCRIPTION_PATH
from gateway.aws.live_transcription import LiveTranscription
from gateway.aws.protocols import build_error
from gateway.aws.router import Router
from gateway.aws.s3.app import s3_app
from gateway.aws.s3.callers import signed_callers
from gateway.aws.sts import StsEndpoint
from gateway.console.pages import CONSOLE_PREFIX
from gateway.http import Request, Response
from shared import errors
from shared.contract.apis import all_apis
from shared.platform import Platform
from shared.rpc.account_limits import AccountLimits
from shared.rpc.host import ServiceHost

#: nginx's word for a client that left before its answer.
CLIENT_CLOSED_REQUEST = 499
#: A call that takes longer than this is given up when its client leaves.
WATCH_AFTER_SECONDS = 1.0


class Gateway:
    """An ASGI app: the console, the operations of every API, STS, and S3 for the rest."""

    def __init__(self, platform: Platform, host: ServiceHost, console: ASGIApp, account_limits: AccountLimits) -> None:
        self._authenticator = Authenticator(platform.principals, platform.settings, platform.audit)
        self._router = Router(all_apis().values())
        self._operations = OperationEndpoint(host, self._authenticator, platform.settings.max_request_bytes)
        self._sts = StsEndpoint(self._authenticator)
        self._live_transcription = LiveTranscription(host, self._authenticator)
        self._console = console
        self._objects = s3_app(
            platform.objects,
            signed_callers(self._authenticator, platform.principals),
            max_object_bytes=platform.settings.max_object_bytes,
            audit=platform.audit,
            account_limits=account_limits,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            if scope["path"] == LIVE_TRANSCRIPTION_PATH:
                await self._live_transcription(scope, receive, send)
            else:
                await send({"type": "websocket.close"})
            return
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        # 1. pages, health, metrics: no bucket may begin with an underscore, so the prefix is nobody else's
        if request.raw_path.startswith(CONSOLE_PREFIX):
            await self._console(scope, receive, send)
            return
        try:
            # 2. the signature says for which service the request is meant; it is checked once the body is there
            credential = self._authenticator.read(request)
            signing_name = credential.service if credential is not None else None
            # 3. operations of the contract
            target = self._router.find(request.method, request.raw_path, request.headers, signing_name)
        except errors.NonetError as error:
            await build_error(None, error).send(send)
            return
        if target is not None:
            response = await self._while_connected(request, self._operations.answer(request, target, credential))
        # 4. who am I
        elif self._sts.claims(request, credential):
            response = await self._sts.answer(request, credential)
        # 5. everything else is S3
        else:
            await self._objects(scope, receive, send)
            return
        await response.send(send)

    async def _while_connected(self, request: Request, answer: Coroutine[None, None, Response]) -> Response:
        """The answer; given up when the client leaves. Short calls, nearly all, are spared the watch."""
        caller = asyncio.current_task()
        watch: asyncio.Task[None] | None = None
        left = False

        async def watch_for_leaving() -> None:
            nonlocal left
            await request.disconnected()
            left = True
            if caller is not None:
                caller.cancel()

        def begin_watch() -> None:
            nonlocal watch
            watch = asyncio.ensure_future(watch_for_leaving())

        timer = asyncio.get_running_loop().call_later(WATCH_AFTER_SECONDS, begin_watch)
        try:
            return await answer
        except asyncio.CancelledError:
            if not left or caller is None or caller.uncancel():
                raise
            return Response(CLIENT_CLOSED_REQUEST)
        finally:
            timer.cancel()
            if watch is not None:
                watch.cancel()
