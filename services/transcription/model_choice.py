"""Which model serves a caller's wishes, and what is refused because none does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from services.transcription.recognition import Options
from shared import errors
from shared.models.catalog import CatalogEntry
from shared.runtime.runtime import Runtime

#: How every operation of the service documents that a request asks for what there is not.
REFUSED = "BadRequestException"


def languages_of(runtime: Runtime, task: str) -> frozenset[str]:
    """Languages that the installed models of a task know."""
    return runtime.languages(task)


def refuse_unless_known(runtime: Runtime, task: str, languages: Sequence[str]) -> None:
    """
    Raises:
        UnsupportedLanguage: no model of the catalog knows one of the languages.
        ModelNotInstalled: one does, and is not installed.
    """
    known = languages_of(runtime, task)
    for language in languages:
        if language not in known:
            _refuse_language(runtime, task, language)


def chosen_model(runtime: Runtime, task: str, options: Options) -> CatalogEntry:
    """The best installed model that honours the options; ``options`` name one language.

    Raises:
        UnsupportedLanguage, ModelNotInstalled: as ``refuse_unless_known``.
        InvalidArgument: the language is known, but not with a vocabulary, or not with so many alternatives.
    """
    (language,) = options.languages
    candidates = runtime.candidates(task, language)
    if not candidates:
        _refuse_language(runtime, task, language)
    fitting = [model for model in candidates if not options.vocabulary or model.options.get("vocabulary")]
    if not fitting:
        raise errors.InvalidArgument(
            f"No installed engine for {language} can take a custom vocabulary.", aws_code=REFUSED
        )
    enough = [model for model in fitting if _alternatives(model) >= options.max_alternatives]
    if not enough:
        most = max(_alternatives(model) for model in fitting)
        raise errors.InvalidArgument(
            f"The installed engines for {language} give at most {most} alternatives.", aws_code=REFUSED
        )
    return enough[0]


def _alternatives(model: CatalogEntry) -> int:
    most = model.options.get("alternatives", 1)
    return most if isinstance(most, int) else 1


def _refuse_language(runtime: Runtime, task: str, language: str) -> NoReturn:
    known, could = languages_of(runtime, task), runtime.remedy(task, language)
    here = f" Installed engines know {', '.join(sorted(known))}." if known else ""
    if could is None:
        raise errors.UnsupportedLanguage(f"No engine here recognises {language}.{here}", aws_code=REFUSED)
    raise errors.ModelNotInstalled(f"No installed engine recognises {language}.{here} Run: {could}", aws_code=REFUSED)
