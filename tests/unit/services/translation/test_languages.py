from __future__ import annotations

import pytest

from services.translation.languages import _NAMES, DISPLAY, name
from shared import errors


def test_names() -> None:
    assert name("de", "en") == "German"
    assert name("de", "fr") == "Allemand"
    assert name("es", "zh-TW") == "西班牙文"
    assert name("xx", "en") == "xx"


def test_every_language_has_a_name_in_each() -> None:
    assert {len(names.split("|")) for names in _NAMES.values()} == {len(DISPLAY)}


def test_other_display_languages() -> None:
    with pytest.raises(errors.UnsupportedDisplayLanguage):
        name("de", "sv")
