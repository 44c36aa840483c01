"""Encoders that are fine-tuned for a bot, by the runtime: a build lets one learn, a turn asks what it has learnt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from services.conversation.understanding.lessons import (
    FINE_TUNING,
    Chosen,
    FineTune,
    FineTuned,
    Labels,
    Learnt,
    Lesson,
    Matrix,
    Question,
    Slice,
    Tell,
)
from shared import errors
from shared.rpc.call import Priority
from shared.runtime.runtime import Runtime

#: Texts of a lesson, an utterance's variants among them: more would take days.
MOST_TEXTS = 50_000


def fine_tuning(
    runtime: Runtime, locale: str, build: str, report: Callable[[float], Awaitable[None]]
) -> FineTune | None:
    """What fine-tunes the best installed encoder for ``build``; None where there is none that knows the language.

    ``report``: is told the share that is done, 0..1; what it raises ends the lesson.
    """
    encoders = runtime.candidates(FINE_TUNING, locale.partition("_")[0])
    if not encoders:
        return None
    model = encoders[0].id

    async def fine_tune(texts: Sequence[str], labels: Labels, classes: int, aside: Chosen) -> FineTuned:
        if len(texts) > MOST_TEXTS:
            raise errors.InvalidArgument(
                f"{model} learns {MOST_TEXTS:,} utterances at most, and this locale has more, those with slots counted "
                "three times. Leave some out."
            )
        async with await runtime.lease_model(model) as lease:
            item: Lesson | Slice = Lesson(build, texts, labels, classes, aside)
            while True:
                (state,) = await lease.run([item], Priority.BATCH)
                if isinstance(state, Learnt):
                    return FineTuned(model, state)
                await report(state)
                item = Slice(build)

    return fine_tune


def telling(runtime: Runtime, build: str, weights: Callable[[], Awaitable[bytes]]) -> Tell:
    """What asks the encoder that was fine-tuned for ``build``; ``weights`` reads what it learnt, should it have to."""

    async def tell(model: str, text: str) -> Matrix:
        try:
            lease = await runtime.lease_model(model)
        except errors.FailedPrecondition as gone:
            raise errors.ModelNotInstalled(
                f"The locale was built with the model {model}, which cannot be loaded: build it again, or bring the "
                f"model back with: nonet models add {model} FOLDER --as transformers-encoder"
            ) from gone
        async with lease:
            (told,) = await lease.run([Question(build, text)])
            if told is None:
                (told,) = await lease.run([Question(build, text, await weights())])
        probabilities: Matrix = told
        return probabilities

    return tell
