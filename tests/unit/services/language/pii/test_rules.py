from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.language.pii.finder import combine
from services.language.tasks import TextSpan

FOUND = [
    ("write to jane.doe+x@mail.example.org today", "EMAIL", "jane.doe+x@mail.example.org"),
    ("see https://www.example.com/a?b=c.", "URL", "https://www.example.com/a?b=c"),
    ("blocked 58.74.121.78 again", "IP_ADDRESS", "58.74.121.78"),
    ("listens on 2001:db8::1, too", "IP_ADDRESS", "2001:db8::1"),
    ("from fe80::abcd:1.", "IP_ADDRESS", "fe80::abcd:1"),
    ("nic 00:1B:44:11:3A:B7 up", "MAC_ADDRESS", "00:1B:44:11:3A:B7"),
    ("my card 4111 1111 1111 1111 expires", "CREDIT_DEBIT_NUMBER", "4111 1111 1111 1111"),
    ("your credit card account 1111-0000-1111-0008 was", "CREDIT_DEBIT_NUMBER", "1111-0000-1111-0008"),
    ("the CVV is 123", "CREDIT_DEBIT_CVV", "123"),
    ("Expires 09/27", "CREDIT_DEBIT_EXPIRY", "09/27"),
    ("IBAN DE89 3704 0044 0532 0130 00 please", "INTERNATIONAL_BANK_ACCOUNT_NUMBER", "DE89 3704 0044 0532 0130 00"),
    ("SWIFT DEUTDEFF500", "SWIFT_CODE", "DEUTDEFF500"),
    ("routing number 021000021", "BANK_ROUTING", "021000021"),
    ("bank account number 12345678901", "BANK_ACCOUNT_NUMBER", "12345678901"),
    ("My account number is 000123456789.", "BANK_ACCOUNT_NUMBER", "000123456789"),
    ("Jane's account 000123456789 at First Bank", "BANK_ACCOUNT_NUMBER", "000123456789"),
    ("my number is 4155550132", "PHONE", "4155550132"),
    ("SSN: 531-21-7351", "SSN", "531-21-7351"),
    ("Jane Doe, 123-45-6789", "SSN", "123-45-6789"),
    ("my SSN is 987-65-4321", "SSN", "987-65-4321"),
    ("social security number 000000000", "SSN", "000000000"),
    ("ITIN 912-70-5678", "US_INDIVIDUAL_TAX_IDENTIFICATION_NUMBER", "912-70-5678"),
    ("SIN 130 692 544", "CA_SOCIAL_INSURANCE_NUMBER", "130 692 544"),
    ("NINO AB 12 34 56 C", "UK_NATIONAL_INSURANCE_NUMBER", "AB 12 34 56 C"),
    ("NHS number 943 476 5919", "UK_NATIONAL_HEALTH_SERVICE_NUMBER", "943 476 5919"),
    ("UTR 12345 67890", "UK_UNIQUE_TAXPAYER_REFERENCE_NUMBER", "12345 67890"),
    ("Aadhaar 2341 2341 2346", "IN_AADHAAR", "2341 2341 2346"),
    ("PAN ABCPE1234F", "IN_PERMANENT_ACCOUNT_NUMBER", "ABCPE1234F"),
    ("voter id ABC1234567", "IN_VOTER_NUMBER", "ABC1234567"),
    ("passport no. C01X00T47", "PASSPORT_NUMBER", "C01X00T47"),
    ("driver's license D1234567", "DRIVER_ID", "D1234567"),
    ("license plate ABC 1234", "LICENSE_PLATE", "ABC 1234"),
    ("VIN 1M8GDM9AXKP042788", "VEHICLE_IDENTIFICATION_NUMBER", "1M8GDM9AXKP042788"),
    ("key AKIAIOSFODNN7EXAMPLE", "AWS_ACCESS_KEY", "AKIAIOSFODNN7EXAMPLE"),
    ("my PIN is 4821", "PIN", "4821"),
    ("password: hunter2!x", "PASSWORD", "hunter2!x"),
    ("username: jdoe_42", "USERNAME", "jdoe_42"),
    ("a 50 year old man", "AGE", "50 year old"),
    ("born 12/27/1986.", "DATE_TIME", "12/27/1986"),
    ("on 29 March 2017 we", "DATE_TIME", "29 March 2017"),
    ("call (07) 5331 0577 now", "PHONE", "(07) 5331 0577"),
    ("call me at +1-944-435-4352x04732", "PHONE", "+1-944-435-4352x04732"),
    ("986.291.2294x751", "PHONE", "986.291.2294x751"),
]

#: Numbers of everyday logs, prices and ids: none of them says anything about a person.
HARMLESS = """
GET /api/v1/items/12345678?page=2 200 512 0.003
Order #1234567890 total $1,299.00 (2 items)
version 10.2.3.4 build 20240513
commit 9fceb02d0ae598e95dc970b74767f19372d61af8
ISBN 978-3-16-148410-0
The price rose from 1,200 to 1,350.50 in 2023.
pid=48213 tid=140213 mem=1048576
std::vector<int> v; dead::beef(); started at 12:30:45, A::B
UUID 550e8400-e29b-41d4-a716-446655440000
lat 52.520008, lon 13.404954
Invoice 2024-000123, customer no. 1002003
0x7ffee4b2c8f0 segfault at 10
Room 101, extension 4, gate B12
Score 3-2, sets 6-4 6-3 7-5
1234567 rows in set (0.05 sec)
tracking 1Z999AA10123456784
timestamp 1700000000000 epoch 1700000000
Article 50, section 3.2.1
16:9 1920x1080 60Hz
SKU 4006381333931
We sold 4,500 units at 12.99 each, 58,455.00 in total
retry 3/5 in 250 ms, backoff 1.5
Model XR-2000 weighs 1250 g and costs 349.95 EUR
HTTP 404 after 12 redirects
The 1990s, page 123-145, chapter 7
chr7:140453136-140453136
The user is happy and the handle is broken
""".strip().splitlines()


@pytest.mark.parametrize(("text", "kind", "value"), FOUND, ids=[f"{k}-{n}" for n, (_, k, _) in enumerate(FOUND)])
def test_found(text: str, kind: str, value: str) -> None:
    assert (kind, value) in [(s.type, text[s.begin : s.end]) for s in combine(text, [])]


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_numbers_yield_nothing(text: str) -> None:
    assert [(s.type, text[s.begin : s.end]) for s in combine(text, [])] == []


def test_parts_of_an_address_are_joined() -> None:
    text = "12 High St\nApt. 4, Leeds"
    parts = [TextSpan(0, 10, "ADDRESS", 0.9), TextSpan(11, 17, "ADDRESS", 0.8), TextSpan(19, 24, "ADDRESS", 0.7)]
    (span,) = combine(text, parts)
    assert (span.begin, span.end) == (0, len(text))
    assert 0.7 < span.score < 0.9


def test_a_rule_wins_over_the_tagger() -> None:
    text = "mail anna@example.org"
    assert [s.type for s in combine(text, [TextSpan(5, 9, "NAME", 0.99)])] == ["EMAIL"]


def test_a_place_without_what_stands_before_its_preposition() -> None:
    text = "works for Siemens in Berlin"
    assert [text[s.begin : s.end] for s in combine(text, [TextSpan(10, 27, "ADDRESS", 0.9)])] == ["Berlin"]
    text = "12 High Street in Leeds"
    assert [text[s.begin : s.end] for s in combine(text, [TextSpan(0, 23, "ADDRESS", 0.9)])] == [
        "12 High Street",
        "Leeds",
    ]


@given(st.text(alphabet="0123456789 -./:+()xABCdefg@#", max_size=150))
def test_in_order_disjoint_and_scored(text: str) -> None:
    spans = combine(text, [])
    assert all(a.end <= b.begin for a, b in itertools.pairwise(spans))
    assert all(0 <= s.begin < s.end <= len(text) and 0 < s.score <= 1 for s in spans)


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "1 " * 50_000, "a@" * 50_000, "-1" * 50_000, "A1" * 50_000, "1." * 50_000]
)
def test_long_runs_finish(text: str) -> None:
    assert isinstance(combine(text, []), list)
