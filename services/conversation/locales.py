"""The locales that bots may have: those that understanding, speech recognition and a voice are there for."""

from __future__ import annotations

from shared import errors

#: Locale id -> the name that DescribeBotLocale gives.
LOCALES = {
    "en_AU": "English (AU)",
    "en_GB": "English (GB)",
    "en_IN": "English (IN)",
    "en_US": "English (US)",
    "en_ZA": "English (ZA)",
}


def check_locale(locale_id: str) -> None:
    """Raises ``InvalidArgument`` for a locale that bots cannot have here."""
    if locale_id not in LOCALES:
        raise errors.InvalidArgument(
            f"Bots understand English alone: localeId is one of {', '.join(LOCALES)}. Sentence vectors and built-in "
            "slot types of other languages are not there yet."
        )
