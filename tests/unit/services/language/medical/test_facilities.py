"""Named hospitals and clinics."""

from __future__ import annotations

import collections
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.quality import medical_rules
from services.language.medical.facilities import facilities
from services.language.medical.health_information import protected
from services.language.tasks import TextSpan


def test_forty_sentences() -> None:
    """``python -m bench.quality.medical`` lists the errors."""
    right, total = medical_rules.measure_facilities(collections.Counter())
    assert total == 40
    assert right >= 36


def test_a_facility_is_one_address_with_the_town_in_it() -> None:
    text = "Transferred from Dover Hospital."
    (found,) = protected(text, [TextSpan(17, 22, "ADDRESS", 0.65)])
    assert (found.type, text[found.begin : found.end]) == ("ADDRESS", "Dover Hospital")


def test_an_address_around_a_facility_stays_whole() -> None:
    text = "Dover Hospital, 12 Elm Street, Dover"
    (found,) = protected(text, [TextSpan(0, len(text), "ADDRESS", 0.9)])
    assert (found.begin, found.end) == (0, len(text))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Seen in Dover ER by Dr. Smith.", "Dover ER"),
        ("Transferred to the Mercy General ICU.", "Mercy General ICU"),
        ("Admitted at Mercy General.", "Mercy General"),
        ("From St. Luke Emergency Department.", "St. Luke Emergency Department"),
        ("Seen in Local ER.", None),
        ("Frequent ER visits, Patient ED stay.", None),
        ("Of General anesthesia.", None),
    ],
)
def test_an_emergency_room_is_named_where_somebody_is_or_goes(text: str, found: str | None) -> None:
    assert [text[begin:end] for begin, end in facilities(text)] == ([found] if found else [])


@given(st.text(max_size=300) | st.lists(st.sampled_from(["Dover ", "of ", "St. ", "Clinic", "General ", "office ", "'s "])).map("".join))
def test_any_text(text: str) -> None:
    found = facilities(text)
    assert all(0 <= begin < end <= len(text) for begin, end in found)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(found))
