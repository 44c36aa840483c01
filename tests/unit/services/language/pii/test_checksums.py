from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.pii import checksums

GOOD: list[tuple[Callable[[str], bool], str]] = [
    (checksums.luhn, "79927398713"),
    (checksums.payment_card, "4111111111111111"),
    (checksums.payment_card, "378282246310005"),
    (checksums.iban, "DE89370400440532013000"),
    (checksums.iban, "GB82WEST12345698765432"),
    (checksums.social_security, "531217351"),
    (checksums.individual_taxpayer, "912705678"),
    (checksums.routing_number, "021000021"),
    (checksums.social_insurance, "130692544"),
    (checksums.national_health_service, "9434765919"),
    (checksums.aadhaar, "234123412346"),
    (checksums.vehicle_identification, "1M8GDM9AXKP042788"),
    (checksums.swift_code, "DEUTDEFF"),
    (checksums.internet_address, "192.0.2.1"),
    (checksums.internet_address, "2001:db8::1"),
]
BAD: list[tuple[Callable[[str], bool], str]] = [
    (checksums.luhn, "79927398710"),
    (checksums.payment_card, "4111111111111112"),
    (checksums.payment_card, "9999999999999995"),
    (checksums.iban, "DE89370400440532013001"),
    (checksums.iban, "ZZ89370400440532013000"),
    (checksums.social_security, "000121234"),
    (checksums.social_security, "666121234"),
    (checksums.social_security, "912456789"),
    (checksums.individual_taxpayer, "912495678"),
    (checksums.routing_number, "021000022"),
    (checksums.social_insurance, "830692544"),
    (checksums.national_health_service, "9434765910"),
    (checksums.aadhaar, "234123412347"),
    (checksums.vehicle_identification, "1M8GDM9A1KP042788"),
    (checksums.swift_code, "DEUTXXFF"),
    (checksums.internet_address, "192.0.2.256"),
]


@pytest.mark.parametrize(("check", "value"), GOOD, ids=lambda x: getattr(x, "__name__", x))
def test_good_numbers_pass(check: Callable[[str], bool], value: str) -> None:
    assert check(value)


@pytest.mark.parametrize(("check", "value"), BAD, ids=lambda x: getattr(x, "__name__", x))
def test_bad_numbers_fail(check: Callable[[str], bool], value: str) -> None:
    assert not check(value)


@given(st.integers(10**14, 10**15 - 1), st.integers(0, 14), st.integers(1, 9))
def test_luhn_notices_any_wrong_digit(number: int, place: int, change: int) -> None:
    body = str(number)
    good = next(body + str(c) for c in range(10) if checksums.luhn(body + str(c)))
    wrong = good[:place] + str((int(good[place]) + change) % 10) + good[place + 1 :]
    assert not checksums.luhn(wrong)


@given(st.integers(2 * 10**10, 10**11 - 1), st.integers(0, 9))
def test_verhoeff_notices_swapped_neighbours(number: int, place: int) -> None:
    body = str(number)
    good = next(body + str(c) for c in range(10) if checksums.aadhaar(body + str(c)))
    swapped = good[:place] + good[place + 1] + good[place] + good[place + 2 :]
    if swapped != good and swapped[0] not in "01":
        assert not checksums.aadhaar(swapped)
