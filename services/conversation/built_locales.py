"""Built locales in memory: what the dialog follows and what understands, loaded once a build and process."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from services.conversation import built_ins
from services.conversation.builds import Build
from services.conversation.definitions import learnt_from, type_names
from services.conversation.dialog.definition import Definition
from services.conversation.fine_tuning import telling
from services.conversation.understanding.interpreter import Interpreter
from services.conversation.understanding.lessons import Tell
from services.conversation.understanding.model_file import encoder_weights_of
from shared.runtime.runtime import Runtime
from shared.storage.blobs import BlobStore

#: Builds that a process keeps; the one that was used longest ago goes first.
MOST_LOADED = 64
_UTTERANCES = {signature: intent.utterances for signature, intent in built_ins.INTENTS.items()}


@dataclass(frozen=True, slots=True)
class BuiltLocale:
    definition: Definition
    interpreter: Interpreter


class BuiltLocales:
    """Loads builds by the names of their blobs; a blob never changes, so neither does what was loaded."""

    def __init__(self, blobs: BlobStore, runtime: Runtime) -> None:
        self._blobs = blobs
        self._runtime = runtime
        self._loaded: OrderedDict[str, asyncio.Task[BuiltLocale]] = OrderedDict()

    async def get(self, name: str) -> BuiltLocale:
        """The build in the blob ``name``. Raises ``NotFound`` when it is gone."""
        loading = self._loaded.get(name)
        if loading is None:
            loading = self._loaded[name] = asyncio.create_task(self._load(name))
            while len(self._loaded) > MOST_LOADED:
                self._loaded.popitem(last=False)
        self._loaded.move_to_end(name)
        try:
            # Whoever asked first may go away; the others still want it.
            return await asyncio.shield(loading)
        except BaseException:
            if loading.done() and self._loaded.get(name) is loading:
                del self._loaded[name]
            raise

    async def _load(self, name: str) -> BuiltLocale:
        async def encoder_weights() -> bytes:
            return await asyncio.to_thread(encoder_weights_of, (await self._build(name)).model)

        tell = telling(self._runtime, name, encoder_weights)
        return await asyncio.to_thread(_loaded, await self._build(name), tell)

    async def _build(self, name: str) -> Build:
        data = b"".join([chunk async for chunk in self._blobs.read(name)])
        return await asyncio.to_thread(Build.from_bytes, data)


def _loaded(build: Build, tell: Tell) -> BuiltLocale:
    definition = Definition.read(build.definition, type_names(build.definition), _UTTERANCES)
    return BuiltLocale(definition, Interpreter.load(learnt_from(build.definition), build.model, tell))
