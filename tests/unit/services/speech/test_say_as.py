"""<say-as> in words."""

from __future__ import annotations

import pytest

from services.speech.say_as import spoken_form
from shared import errors


@pytest.mark.parametrize(
    ("text", "kind", "format_", "spoken"),
    [
        ("SQL", "characters", "", "S, Q, L"),
        ("a-1", "spell-out", "", "A, dash, 1"),
        ("12,345", "cardinal", "", "12345"),
        ("21", "ordinal", "", "21st"),
        ("113th", "ordinal", "", "113th"),
        ("1234", "digits", "", "1 2 3 4"),
        ("AB-12", "digits", "", "A B 1 2"),
        ("3/20", "fraction", "", "3 twentieths"),
        ("1/3", "fraction", "", "1 third"),
        ("3/2", "fraction", "", "3 halves"),
        ("3/17", "fraction", "", "3 over 17"),
        ("1/2", "fraction", "", "1 half"),
        ("2 3/4", "fraction", "", "2 and 3 quarters"),
        ("6ft", "unit", "", "6 feet"),
        ("1 kg", "unit", "", "1 kilogram"),
        ("60mph", "unit", "", "60 miles per hour"),
        ("1'21\"", "time", "", "1 minute 21 seconds"),
        ("10:05am", "time", "", "10 oh 5 A M"),
        ("5:00 pm", "time", "", "5 P M"),
        ("9/3/1984", "date", "mdy", "September 3rd, 19 84"),
        ("3-9-2024", "date", "dmy", "September 3rd, 2024"),
        ("20240903", "date", "", "September 3rd, 2024"),
        ("????0903", "date", "", "September 3rd"),
        ("12/24", "date", "md", "December 24th"),
        ("(206) 555-0100", "telephone", "", "2 0 6, 5 5 5, 0 1 0 0"),
        ("1-800-FLOWERS", "telephone", "", "1, 8 0 0, FLOWERS"),
        ("123 Main St., Apt 4", "address", "", "123 Main Street, Apartment 4"),
    ],
)
def test_readings(text: str, kind: str, format_: str, spoken: str) -> None:
    assert spoken_form(text, kind, format_, "en-US") == spoken


@pytest.mark.parametrize(
    ("text", "kind", "format_", "language"),
    [
        ("x", "nothing", "", "en-US"),
        ("13/13/2024", "date", "mdy", "en-US"),
        ("1/2", "date", "mdy", "en-US"),
        ("1/2/3", "date", "xyz", "en-US"),
        ("five", "cardinal", "", "en-US"),
        ("25:00", "time", "", "en-US"),
        ("5 parsecs", "unit", "", "en-US"),
        ("1", "ordinal", "", "de-DE"),
    ],
)
def test_what_is_refused(text: str, kind: str, format_: str, language: str) -> None:
    with pytest.raises(errors.InvalidArgument):
        spoken_form(text, kind, format_, language)
