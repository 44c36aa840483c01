"""Polly's voice ids, and which installed engine's voice speaks for each.

Polly's voices are recorded people; nobody else has them. An id here stands for its language and its gender, and the
nearest voice of an installed engine speaks; ``Speaker.name`` tells which.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.speech.faults import invalid_ssml
from shared.models.catalog import CatalogEntry

#: Polly's language codes and their names.
LANGUAGES = {
    "arb": "Arabic", "ar-AE": "Gulf Arabic", "ca-ES": "Catalan", "cmn-CN": "Chinese Mandarin", "cs-CZ": "Czech",
    "cy-GB": "Welsh", "da-DK": "Danish", "de-AT": "Austrian German", "de-CH": "Swiss German", "de-DE": "German",
    "en-AU": "Australian English", "en-GB": "British English", "en-GB-WLS": "Welsh English", "en-IE": "Irish English",
    "en-IN": "Indian English", "en-NZ": "New Zealand English", "en-SG": "Singaporean English", "en-US": "US English",
    "en-ZA": "South African English", "es-ES": "Castilian Spanish", "es-MX": "Mexican Spanish", "es-US": "US Spanish",
    "fi-FI": "Finnish", "fr-BE": "Belgian French", "fr-CA": "Canadian French", "fr-FR": "French", "hi-IN": "Hindi",
    "is-IS": "Icelandic", "it-IT": "Italian", "ja-JP": "Japanese", "ko-KR": "Korean", "nb-NO": "Norwegian",
    "nl-BE": "Belgian Dutch", "nl-NL": "Dutch", "pl-PL": "Polish", "pt-BR": "Brazilian Portuguese",
    "pt-PT": "Portuguese", "ro-RO": "Romanian", "ru-RU": "Russian", "sv-SE": "Swedish", "tr-TR": "Turkish",
    "yue-CN": "Cantonese",
}  # fmt: skip

#: Language code -> ids of Polly's female voices | ids of its male ones.
_IDS = {
    "arb": "Zeina |", "ar-AE": "Hala | Zayd", "ca-ES": "Arlet |", "cmn-CN": "Zhiyu |", "cs-CZ": "Jitka |",
    "cy-GB": "Gwyneth |", "da-DK": "Naja Sofie | Mads", "de-AT": "Hannah |", "de-CH": "Sabrina |",
    "de-DE": "Marlene Vicki | Hans Daniel Lennart", "en-AU": "Nicole Olivia | Russell",
    "en-GB": "Amy Emma | Brian Arthur",
    "en-GB-WLS": "| Geraint", "en-IE": "Niamh |", "en-IN": "Aditi Raveena Kajal |", "en-NZ": "Aria |",
    "en-SG": "Jasmine |", "en-US": "Joanna Salli Kimberly Kendra Ivy Ruth Danielle Tiffany "
    "| Matthew Joey Justin Kevin Stephen Gregory", "en-ZA": "Ayanda |", "es-ES": "Conchita Lucia | Enrique Sergio",
    "es-MX": "Mia | Andres", "es-US": "Lupe Penelope | Miguel Pedro", "fi-FI": "Suvi |", "fr-BE": "Isabelle |",
    "fr-CA": "Chantal Gabrielle | Liam", "fr-FR": "Celine Lea Ambre | Mathieu Remi Florian", "is-IS": "Dora | Karl",
    "it-IT": "Carla Bianca Beatrice | Giorgio Adriano Lorenzo", "ja-JP": "Mizuki Kazuha Tomoko | Takumi",
    "ko-KR": "Seoyeon Jihye |", "nb-NO": "Liv Ida |", "nl-BE": "Lisa |", "nl-NL": "Lotte Laura | Ruben",
    "pl-PL": "Ewa Maja Ola | Jacek Jan", "pt-BR": "Vitoria Camila | Ricardo Thiago", "pt-PT": "Ines | Cristiano",
    "ro-RO": "Carmen |", "ru-RU": "Tatyana | Maxim", "sv-SE": "Astrid Elin |", "tr-TR": "Filiz Burcu |",
    "yue-CN": "Hiujin |",
}  # fmt: skip
_BILINGUAL = {"Aditi": ("hi-IN",), "Kajal": ("hi-IN",)}


@dataclass(frozen=True, slots=True)
class Voice:
    """One of Polly's ids: its language, gender ("Female", "Male"), and its place among its like."""

    id: str
    language: str
    gender: str
    place: int

    @property
    def additional_languages(self) -> tuple[str, ...]:
        return _BILINGUAL.get(self.id, ())


def _voices() -> dict[str, Voice]:
    found = {}
    for language, ids in _IDS.items():
        for gender, names in zip(("Female", "Male"), ids.split("|"), strict=True):
            for place, name in enumerate(names.split()):
                found[name] = Voice(name, language, gender, place)
    return dict(sorted(found.items()))


VOICES = _voices()


@dataclass(frozen=True, slots=True)
class Speaker:
    """A voice as an installed model speaks it."""

    voice: Voice
    model: CatalogEntry

    @property
    def kind(self) -> str:
        """Polly's word for the engine: "standard", "neural"."""
        return kind(self.model)

    @property
    def sample_rate(self) -> int:
        """Hz of what the model gives."""
        return int(str(self.model.options["sample_rate"]))

    @property
    def name(self) -> str:
        """Whose voice is really heard."""
        name = str(self.model.options.get("name", self.model.id))
        return f"{name} {self.engine_voice(self.voice.language)}".rstrip()

    @property
    def lacks(self) -> frozenset[str]:
        """What the model's engine cannot do: "pitch", "pronunciations"."""
        return frozenset(_rows(self.model, "lacks"))

    def engine_voice(self, language: str, whispered: bool = False) -> str:
        """The engine's own name of the voice, in ``language`` (a code of Polly's, or a language like "fr").

        Raises:
            InvalidArgument: InvalidSsmlException; the engine does not speak ``language``, or cannot whisper.
        """
        options = self.model.options
        known = _engine_voices(self.model)
        base = language.split("-")[0].lower()
        own = next((voice for code, voice in known.items() if code.lower() == language.lower()), None)
        own = own or next((voice for code, voice in known.items() if code.split("-")[0].lower() == base), None)
        if own is None:
            raise invalid_ssml("The xml:lang of a <lang> is a language that the voice's engine does not speak.")
        gender = self.voice.gender.lower()
        if whispered:
            variant = options.get(f"whispered_{gender}")
            if variant is None:
                raise invalid_ssml("The voice's engine cannot whisper.")
        else:
            variants = _rows(self.model, gender) or [""]
            variant = variants[self.voice.place % len(variants)]
        return f"{own}+{variant}" if variant else own


def kind(model: CatalogEntry) -> str:
    """ "standard" or "neural"."""
    return str(model.options["kind"])


def speakers(models: Sequence[CatalogEntry]) -> list[Speaker]:
    """Every voice with every model that speaks its language, best model first, in order of ids."""
    return [
        Speaker(voice, model)
        for voice in VOICES.values()
        for model in models
        if voice.language in _engine_voices(model) and model.options.get("gender", voice.gender) == voice.gender
    ]


def _engine_voices(model: CatalogEntry) -> dict[str, str]:
    """Polly's language code -> the engine's own voice; a model of one voice has no name for it."""
    rows = _rows(model, "voices") or [f"{language} =" for language in model.languages]
    return {code.strip(): own.strip() for code, _, own in (row.partition("=") for row in rows)}


def _rows(model: CatalogEntry, option: str) -> list[str]:
    rows = model.options.get(option, [])
    assert isinstance(rows, list)
    return rows
