"""Which language is spoken: asked of an engine that hears it, never guessed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

from services.transcription.model_choice import REFUSED
from services.transcription.recognition import (
    RECOGNIZE_SPEECH,
    SAMPLE_RATE,
    LanguageScore,
    Options,
)
from services.transcription.segmentation import Stretch
from services.transcription.tasks import SpokenLanguages, SpokenSample
from shared import errors
from shared.models.catalog import CatalogEntry
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime

#: Seconds of speech that are listened to: more changes little.
_SECONDS = 60.0
#: The dialect that is meant where nobody named one.
_USUAL = {"ar": "ar-SA", "de": "de-DE", "en": "en-US", "es": "es-US", "fr": "fr-FR", "pt": "pt-BR", "zh": "zh-CN"}


def base(language: str) -> str:
    """ "en-US" is English: "en"."""
    return language.split("-")[0].lower()


class LanguageIdentifier:
    """Tells languages apart with the best installed model; dialects of a language it cannot."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def check(self, options: Options) -> None:
        """
        Raises:
            ModelNotInstalled: (BadRequestException) nothing here tells languages apart.
            InvalidArgument: (BadRequestException) two dialects of a language are to be told apart.
        """
        if options.identify == "none" or len(options.languages) == 1:
            return
        if self._model() is None:
            raise errors.ModelNotInstalled(
                "No installed engine identifies the language that is spoken: name it in LanguageCode, or install a "
                "Whisper model (nonet engines install faster-whisper; nonet models add).",
                aws_code=REFUSED,
            )
        bases = [base(language) for language in options.languages]
        if len(set(bases)) < len(bases):
            raise errors.InvalidArgument("LanguageOptions takes one dialect of a language.", aws_code=REFUSED)

    def _model(self) -> CatalogEntry | None:
        """The best installed engine that also identifies languages."""
        candidates = self._runtime.candidates(RECOGNIZE_SPEECH)
        return next((model for model in candidates if model.options.get("identifies")), None)

    async def of_sound(
        self, stretches: AsyncIterator[Stretch], candidates: Sequence[str], priority: Priority
    ) -> tuple[LanguageScore, ...]:
        """Over the first minute of speech, each stretch as long as it is; nothing if nobody speaks."""
        totals: dict[str, float] = defaultdict(float)
        heard = 0.0
        async for stretch in stretches:
            seconds = len(stretch.samples) / SAMPLE_RATE
            for score in await self.of_stretch(stretch, candidates, priority):
                totals[score.language] += score.score * seconds
            heard += seconds
            if heard >= _SECONDS:
                break
        found = [LanguageScore(language, total / heard) for language, total in totals.items()]
        return tuple(sorted(found, key=lambda score: -score.score))

    async def of_stretch(
        self, stretch: Stretch, candidates: Sequence[str], priority: Priority
    ) -> tuple[LanguageScore, ...]:
        """Probabilities of the candidates among themselves, most probable first."""
        model = self._model()
        if model is None:
            raise errors.ModelNotInstalled("No installed engine identifies languages.", aws_code=REFUSED)
        async with await self._runtime.lease_model(model.id) as lease:
            (found,) = await lease.run([SpokenSample(stretch.samples)], priority)
        return among(found, candidates)


def among(found: SpokenLanguages, candidates: Sequence[str]) -> tuple[LanguageScore, ...]:
    """An engine's probabilities ("en") shared out among the candidates ("en-US"), one dialect a language."""
    dialects: dict[str, str] = {}
    for candidate in candidates:
        code = base(candidate)
        if code not in dialects or _USUAL.get(code) == candidate:
            dialects[code] = candidate
    chances = {language: found.get(code, 0.0) for code, language in dialects.items()}
    whole = sum(chances.values())
    if whole <= 0.0:
        raise errors.FailedPrecondition("None of the languages asked for is spoken.", aws_code=REFUSED)
    scores = [LanguageScore(language, chance / whole) for language, chance in chances.items()]
    return tuple(sorted(scores, key=lambda score: -score.score))
